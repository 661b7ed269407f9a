import { availableParallelism } from 'node:os';
import type { Owner, OwnerIndex } from '../../model/owner.ts';
import { Protocol } from '../../model/protocol.ts';
import { SocketCursor, type SocketSink } from '../../model/socket-cursor.ts';
import { RECORDS, SocketRecords, stateOf, Word, type RecordSink } from '../../model/socket-records.ts';
import { SocketTable } from '../../model/socket-table.ts';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, stateBit, TcpState } from '../../model/tcp-state.ts';
import { KernelError, UnsupportedError } from '../errors.ts';
import { InodeTable } from '../inode-table.ts';
import type { TcpCount } from '../procfs/counters.ts';
import type { DescriptorCount } from '../procfs/descriptors.ts';
import type { ProcFs } from '../procfs/files.ts';
import { readOwner } from '../procfs/owners.ts';
import { DIAG_MESSAGE_BYTES, decodeSocket } from '../sock-diag/decode.ts';
import type { DiagRequest } from '../sock-diag/request.ts';
import { takesRuns } from '../sock-diag/record-run.ts';
import type { SockDiagSource } from '../sock-diag/source.ts';
import type { SocketSource } from '../socket-source.ts';
import { TwoReaders } from '../two-readers.ts';
import { requireInitialProcesses } from './initial-processes.ts';
import { BpfIterator } from './iterator.ts';
import { descriptorSocket, descriptorSockets, socketFlag } from './programs/descriptor-sockets.ts';

const RECORD_WORDS = descriptorSocket.bytes / 4;
const PID_WORD = descriptorSocket.pid / 4;
const FLAGS_WORD = descriptorSocket.flags / 4;
const CLOSE_BIT = stateBit(TcpState.close);
/** Of these sock_diag tells in no time: listeners are few, and TIME_WAIT has no descriptor. */
const CHEAP = stateBit(TcpState.listen) | stateBit(TcpState.timeWait);
const LISTEN = stateBit(TcpState.listen);
/** States of sockets in the kernel's hash tables, but for listeners and TIME_WAIT. */
const HASHED = ALL_HASHED_STATES & ~CHEAP & ~CLOSE_BIT;
/** What a bucket of TIME_WAIT is in: itself, or FIN_WAIT2. */
const BUCKETS = stateBit(TcpState.timeWait) | stateBit(TcpState.finWait2);

/** So many processes are walked each by itself: beginning a walk takes as long as walking 40 descriptors. */
const MOST_PROCESSES = 4000;

export interface DescriptorOptions {
  readonly descriptors?: readonly DescriptorCount[];
  readonly byTwoFrom?: number | undefined;
  readonly withUid?: boolean;
}

/**
 * TCP sockets by the descriptors that hold them, with the processes: one BPF walk over the descriptors of all processes (task_file) tells both. What
 * has no descriptor (TIME_WAIT, accept queues, orphans) comes from sock_diag, where the kernel's own counts say that
 * there is such a thing; so do UDP and listeners.
 */
export class DescriptorSource implements SocketSource {
  readonly name = 'bpf';
  readonly limits: readonly string[];
  readonly seesBoundInactive = true;
  readonly #diag: SockDiagSource;
  readonly #proc: ProcFs;
  readonly #namespace: number;
  readonly #descriptors: readonly DescriptorCount[];
  readonly #expected: number;
  readonly #countTcp: () => TcpCount;
  readonly #byTwoFrom: number;
  readonly #withUid: boolean;
  #index: OwnerIndex | undefined;

  /**
   * @param diag of the same namespace
   * @param namespace its inode number
   * @param countTcp how many TCP sockets the namespace has, by the kernel's own counts
   * @param descriptors of the host's processes, as far as they are known
   * @param byTwoFrom from how many on a second thread reads too
   * @param withUid whether the users are wanted, which takes longer
   * @throws UnsupportedError in the process namespace of a container
   */
  constructor(diag: SockDiagSource, proc: ProcFs, namespace: number, countTcp: () => TcpCount, { descriptors = [], byTwoFrom = Number.POSITIVE_INFINITY, withUid = true }: DescriptorOptions = {}) {
    requireInitialProcesses();
    this.#diag = diag;
    this.#proc = proc;
    this.#namespace = namespace;
    this.#countTcp = countTcp;
    this.#descriptors = descriptors;
    this.#expected = descriptors.reduce((sum, { count }) => sum + count, 0);
    this.#byTwoFrom = byTwoFrom;
    this.#withUid = withUid;
    this.limits = diag.limits;
  }

  /** The processes of the TCP sockets that were read last; undefined where BPF was refused. */
  get owners(): OwnerIndex | undefined {
    return this.#index;
  }

  *read(request: DiagRequest, sink: SocketSink): Generator<void> {
    if (request.protocol !== Protocol.tcp || request.bytecode !== undefined || (request.states & ~CHEAP) === 0) return yield* this.#diag.read(request, sink);
    // Listeners are always among them: for their processes, and to count by.
    const states = (request.states & ~BOUND_INACTIVE_BIT & ~CLOSE_BIT) | LISTEN | ((request.states & BOUND_INACTIVE_BIT) === 0 ? 0 : CLOSE_BIT);
    const readers = this.#startReaders();
    let iterator: BpfIterator;
    try {
      iterator = new BpfIterator('task_file', 'fourtuple_held', (types) => descriptorSockets(types, this.#namespace, states, this.#withUid));
    } catch (error) {
      readers?.close();
      if (!(error instanceof UnsupportedError) && !(error instanceof KernelError)) throw error;
      this.#index = undefined;
      return yield* this.#diag.read(request, sink);
    }
    const pass = new DescriptorPass(this.#proc, sink, (request.states & LISTEN) !== 0, this.#expected);
    try {
      const take = (bytes: Uint8Array, length: number): void => pass.take(bytes, length);
      if (readers?.isReady() === true) {
        const processes = iterator.canConfine() ? this.#processes() : undefined;
        yield* iterator.walkByTwo(readers, processes, take);
        // Those that have begun meanwhile.
        if (processes !== undefined) yield* iterator.walkEach(this.#newcomers(processes), take);
      } else {
        yield* iterator.walk(iterator.begin(), take);
      }
    } finally {
      readers?.close();
      iterator.close();
    }
    this.#index = pass.index();
    yield* this.#readRest(request, pass, sink);
  }

  /** Their thread starts while the program is made. */
  #startReaders(): TwoReaders | undefined {
    if (this.#expected < this.#byTwoFrom || availableParallelism() < 2) return undefined;
    try {
      return new TwoReaders();
    } catch {
      // `node --permission` without --allow-worker.
      return undefined;
    }
  }

  /**
   * All of them, the largest first, so that both threads end together; undefined where they are too many, or hidden. One
   * without descriptors may have threads that have some.
   */
  #processes(): number[] | undefined {
    if (this.#descriptors.length > MOST_PROCESSES || this.#proc.hidesProcesses()) return undefined;
    return [...this.#descriptors].sort((left, right) => right.count - left.count).map(({ pid }) => pid);
  }

  #newcomers(walked: readonly number[]): number[] {
    const known = new Set(walked);
    return this.#proc.processIds().filter((pid) => !known.has(pid));
  }

  /** What no process has a descriptor of. */
  *#readRest(request: DiagRequest, pass: DescriptorPass, sink: SocketSink): Generator<void> {
    const { hashed, buckets } = this.#countTcp();
    // Only of all states together it is known whether some are missing.
    const isComplete = hashed <= pass.hashed && (request.states & HASHED) === HASHED;
    const states = isComplete ? (buckets === 0 ? 0 : request.states & BUCKETS) : request.states & ~BOUND_INACTIVE_BIT;
    if (states === 0) return;
    // A dump that begins anew must not make the sink forget what the descriptors told.
    const rest = new SocketTable();
    yield* this.#diag.read({ ...request, states }, { accept: (socket) => void (pass.has(socket.inode) || rest.accept(socket)), reset: () => rest.reset() });
    rest.forEach((socket) => sink.accept(socket));
  }

  close(): void {
    this.#diag.close();
  }
}

/** Takes the records of one walk: each socket once, whatever number of descriptors it has. */
class DescriptorPass {
  readonly #proc: ProcFs;
  readonly #sink: SocketSink;
  readonly #runs: RecordSink | undefined;
  readonly #seen: InodeTable;
  readonly #owners: Owner[] = [];
  readonly #known = new Map<number, number>();
  readonly #cursor = new SocketCursor();
  /** Where those lie that are handed on one by one. */
  readonly #special: number[] = [];
  /** Process of each record. */
  readonly #ofRecords = new Int32Array(RECORDS);
  #records: SocketRecords | undefined;
  #view: DataView | undefined;
  #pid = -1;
  #owner = -1;
  /** Sockets in the kernel's hash tables. */
  hashed = 0;

  readonly #hasListeners: boolean;

  /** @param hasListeners whether the sink gets listeners */
  constructor(proc: ProcFs, sink: SocketSink, hasListeners: boolean, expected: number) {
    this.#proc = proc;
    this.#hasListeners = hasListeners;
    this.#sink = sink;
    this.#runs = takesRuns(sink, Protocol.tcp) ? sink : undefined;
    this.#seen = new InodeTable(expected);
  }

  has(inode: number): boolean {
    return this.#seen.find(inode) >= 0;
  }

  index(): OwnerIndex {
    const seen = this.#seen;
    return { owners: this.#owners, weights: this.#owners.map(() => 1), coverage: 'all', ownerOf: (inode) => seen.find(inode) };
  }

  take(bytes: Uint8Array, length: number): void {
    if (this.#records?.words.buffer !== bytes.buffer) {
      this.#records = new SocketRecords(new Int32Array(bytes.buffer));
      this.#records.owners = this.#ofRecords;
      this.#view = new DataView(bytes.buffer);
    }
    this.#collect(this.#records, length >> 2);
    for (const at of this.#special) this.#accept(at);
    this.#special.length = 0;
    if (this.#records.length > 0) this.#runs!.take(this.#records);
  }

  /**
   * Notes where the new ones lie: one read gives some 400. Apart from what is done with them: V8 would compile the one
   * into the other, which takes it longer than 100,000 sockets take.
   */
  #collect(records: SocketRecords, end: number): void {
    const { words, starts, noPort } = records;
    const ofRecords = this.#ofRecords;
    const seen = this.#seen;
    const allSpecial = this.#runs === undefined;
    let count = 0;
    let hashed = 0;
    for (let at = 0; at + RECORD_WORDS <= end; at += RECORD_WORDS) {
      const pid = words[at + PID_WORD]!;
      if (pid !== this.#pid) this.#turnTo(pid);
      const owner = this.#owner;
      if (!seen.add(words[at + Word.inode]! >>> 0, owner)) {
        this.#noteShared(words[at + Word.inode]! >>> 0, owner);
        continue;
      }
      const state = stateOf(words[at]!);
      if (state !== TcpState.close) hashed++;
      if (allSpecial || state === TcpState.close || state === TcpState.listen) {
        if (state !== TcpState.listen || this.#hasListeners) this.#special.push(at);
        continue;
      }
      starts[count] = at;
      // Of one that others have too the first of them is only known in the end: by its inode.
      ofRecords[count] = (words[at + FLAGS_WORD]! & socketFlag.isShared) === 0 ? owner : -1;
      noPort[count] = words[at + FLAGS_WORD]! & socketFlag.noPort;
      count++;
    }
    this.hashed += hashed;
    records.length = count;
  }

  /** Of those that share a socket the first process made it, whichever was walked first. */
  #noteShared(inode: number, owner: number): void {
    if (this.#owners[owner]!.pid < this.#owners[this.#seen.find(inode)]!.pid) this.#seen.set(inode, owner);
  }

  #accept(at: number): void {
    decodeSocket(this.#view!, at * 4, DIAG_MESSAGE_BYTES, this.#cursor);
    const flags = this.#view!.getUint32(at * 4 + descriptorSocket.flags, true);
    this.#cursor.noPort = flags & socketFlag.noPort;
    this.#cursor.v6Only = this.#cursor.family === 10 ? (flags & socketFlag.v6Only) >> 1 : -1;
    this.#sink.accept(this.#cursor);
  }

  /** A process's descriptors come one after the other. */
  #turnTo(pid: number): void {
    this.#pid = pid;
    const known = this.#known.get(pid);
    this.#owner = known ?? this.#owners.length;
    if (known !== undefined) return;
    this.#known.set(pid, this.#owner);
    this.#owners.push(readOwner(this.#proc, pid));
  }
}
