import type { OwnerIndex } from '../../model/owner.ts';
import { Protocol } from '../../model/protocol.ts';
import type { SocketSink } from '../../model/socket-cursor.ts';
import { SocketTable } from '../../model/socket-table.ts';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, stateBit, TcpState } from '../../model/tcp-state.ts';
import { KernelError, UnsupportedError } from '../errors.ts';
import type { TcpCount } from '../procfs/counters.ts';
import type { DescriptorCount } from '../procfs/descriptors.ts';
import type { ProcFs } from '../procfs/files.ts';
import type { DiagRequest } from '../sock-diag/request.ts';
import type { SockDiagSource } from '../sock-diag/source.ts';
import type { SocketSource } from '../socket-source.ts';
import { TwoReaders } from '../two-readers.ts';
import { DescriptorPass } from './descriptor-pass.ts';
import { requireInitialProcesses } from './initial-processes.ts';
import { BpfIterator } from './iterator.ts';
import { descriptorSockets } from './programs/descriptor-sockets.ts';

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
  #index: OwnerIndex | undefined;

  /**
   * @param diag of the same namespace
   * @param namespace its inode number
   * @param countTcp how many TCP sockets the namespace has, by the kernel's own counts
   * @param descriptors of the host's processes, as far as they are known
   * @param byTwoFrom from how many on a second thread reads too
   * @throws UnsupportedError in the process namespace of a container
   */
  constructor(diag: SockDiagSource, proc: ProcFs, namespace: number, countTcp: () => TcpCount, { descriptors = [], byTwoFrom = Number.POSITIVE_INFINITY }: DescriptorOptions = {}) {
    requireInitialProcesses();
    this.#diag = diag;
    this.#proc = proc;
    this.#namespace = namespace;
    this.#countTcp = countTcp;
    this.#descriptors = descriptors;
    this.#expected = descriptors.reduce((sum, { count }) => sum + count, 0);
    this.#byTwoFrom = byTwoFrom;
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
      iterator = new BpfIterator('task_file', 'fourtuple_held', (types) => descriptorSockets(types, this.#namespace, states));
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
    if (this.#expected < this.#byTwoFrom || process.getBuiltinModule('node:os').availableParallelism() < 2) return undefined;
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
