import type { Owner, OwnerIndex } from '../../model/owner.ts';
import { Protocol } from '../../model/protocol.ts';
import { SocketCursor, type SocketSink } from '../../model/socket-cursor.ts';
import { RECORDS, SocketRecords, stateOf, Word, type RecordSink } from '../../model/socket-records.ts';
import { TcpState } from '../../model/tcp-state.ts';
import { InodeTable } from '../inode-table.ts';
import type { ProcFs } from '../procfs/files.ts';
import { readOwner } from '../procfs/owners.ts';
import { DIAG_MESSAGE_BYTES, decodeSocket } from '../sock-diag/decode.ts';
import { takesRuns } from '../sock-diag/record-run.ts';
import { descriptorSocket, socketFlag } from './programs/descriptor-sockets.ts';

const RECORD_WORDS = descriptorSocket.bytes / 4;
const PID_WORD = descriptorSocket.pid / 4;
const FLAGS_WORD = descriptorSocket.flags / 4;

/** Takes the records of one walk: each socket once, whatever number of descriptors it has. */
export class DescriptorPass {
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
