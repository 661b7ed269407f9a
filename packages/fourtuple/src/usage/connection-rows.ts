import { isLittleEndian, PortSet, RECORDS, swapPort, swapWord, u16, u32, u8, Word, WordTable, type Column, type OwnerIndex, type SocketCursor, type SocketRecords } from '../model/index.ts';
import type { ReuseScope } from '../law/index.ts';
import { Ipv4Tuples } from './ipv4-tuples.ts';

const STATE_MASK = 0x0f;
const REUSABLE = 0x10;
const NO_PORT = 0x20;
/** The place of the inode has the number of the process. */
const OWNED = 0x40;
/** Counters a tuple: one for each state number; state 0 does not exist, and its counter serves {@link UNOCCUPIED}. */
const STATES = 16;
/** Connections that take nothing of the pool: on ports that are not usable, or reusable. */
const UNOCCUPIED = 0;

const NONE = -1;
const FIRST_TUPLES = 256;

/**
 * The connections of a namespace that may occupy an outgoing four-tuple: 7 bytes each (11 with inodes), and one entry
 * a (source, destination, destination port, device). Accepted connections of live listeners never get here.
 *
 * Whatever can be summed up while the rows come in is, so that the end of a large dump has nothing left to walk.
 */
export class ConnectionRows {
  readonly tuple: Column<Uint32Array> = u32();
  readonly port: Column<Uint16Array> = u16();
  readonly #bits = u8();
  /** Inode, or with {@link OWNED} the number of the process. */
  readonly #inode: Column<Uint32Array> | undefined;
  /** Per tuple and state: number of sockets that came one by one. */
  readonly #states: Column<Uint32Array> = u32();
  /** Per tuple: position in {@link sources}. */
  readonly sourceOf: Column<Uint32Array> = u32();
  /** Distinct local addresses, four words each. */
  readonly sources = new WordTable(4);
  readonly #portsOf: PortSet[] = [];
  /** Ports of connections with IP_BIND_ADDRESS_NO_PORT. */
  readonly noPort = new PortSet();
  readonly #usable: PortSet;
  reusableCount = 0;
  // A host without connections does not pay for these.
  #countOn: Uint32Array | undefined;
  #firstOn: Uint32Array | undefined;

  // IPv4 keys without a device are short, and most are such.
  readonly #ipv4 = new Ipv4Tuples((id) => this.#newIpv4Tuple(id));
  readonly #others = new WordTable(10);
  readonly #ids = new Int32Array(RECORDS);
  #tupleOfIpv4 = new Uint32Array(FIRST_TUPLES);
  #ipv4Count = 0;
  readonly #tupleOfOther = u32();
  /** Per tuple: twice the key's number, plus one for IPv6 and for those with a device. */
  readonly #keyOf = u32();

  /** Connections added, kept as rows or only counted. */
  count = 0;
  /** True when some socket is bound to a device. */
  hasDevices = false;
  #hasSingles = false;
  readonly #keptPorts: PortSet | undefined;

  /**
   * @param keptPorts when given, rows are kept for connections on these ports alone (and for reusable ones, unusable
   * ports and devices): enough where no other port can turn out to be held explicitly.
   */
  constructor(usable: PortSet, trackInodes: boolean, keptPorts?: PortSet) {
    this.#usable = usable;
    this.#keptPorts = keptPorts;
    this.#inode = trackInodes ? u32() : undefined;
  }

  get length(): number {
    return this.port.length;
  }

  get tupleCount(): number {
    return this.sourceOf.length;
  }

  /** Per source: usable ports on which it has a connection. */
  get portsOf(): readonly PortSet[] {
    this.#ipv4.notePorts();
    return this.#portsOf;
  }

  /** Number of a tuple's sockets in a state; of {@link UNOCCUPIED}: those that take nothing of the pool. */
  inState(tuple: number, state: number): number {
    const held = this.#keyOf.at(tuple);
    return this.#states.at(tuple * STATES + state) + ((held & 1) === 0 ? this.#ipv4.counted(held >>> 1, state) : 0);
  }

  /** Writes of each tuple the number of its sockets, and how many of them occupy a port of the pool: {@link inState} for all of them at once. */
  sumUp(total: Uint32Array, used: Uint32Array): void {
    for (let tuple = 0; tuple < total.length; tuple++) {
      const held = this.#keyOf.at(tuple);
      let sum = (held & 1) === 0 ? this.#ipv4.countedInAll(held >>> 1) : 0;
      // A tuple that came in runs alone has nothing else.
      if (this.#hasSingles) for (let state = 1; state < STATES; state++) sum += this.#states.at(tuple * STATES + state);
      total[tuple] = sum;
      used[tuple] = this.#hasSingles ? sum - this.#states.at(tuple * STATES + UNOCCUPIED) : sum;
    }
  }

  add(socket: SocketCursor, isReusable: boolean): void {
    this.#hasSingles = true;
    if (socket.interfaceIndex !== 0) this.hasDevices = true;
    const tuple = this.#tupleOf(socket);
    const port = socket.localPort;
    const isUsable = this.#usable.has(port);
    this.count++;
    this.#states.increment(tuple * STATES + (socket.state & STATE_MASK));
    if (isUsable) this.#portsOf[this.sourceOf.at(tuple)]!.add(port);
    if (!isUsable || isReusable) this.#states.increment(tuple * STATES + UNOCCUPIED);
    if (isReusable) this.reusableCount++;
    if (this.#keptPorts !== undefined && isUsable && !isReusable && socket.interfaceIndex === 0 && !this.#keptPorts.has(port)) return;
    this.#keep(tuple, port, socket.state | (isReusable ? REUSABLE : 0), socket.noPort === 1, socket.inode);
  }

  /**
   * As {@link add} for all of a run that is plain, see {@link Ipv4Tuples.count}.
   * @returns for each record a number, -1 when it was not plain and is still to be added; valid until the next call.
   */
  addRun(records: SocketRecords, plain: PortSet, reusable: ReuseScope): { readonly ids: Int32Array; readonly counted: number } {
    const ids = this.#ids;
    const counted = this.#ipv4.count(records, plain, reusable, ids);
    this.count += counted;
    // No plain port can turn out to be held explicitly where rows are kept of some ports alone.
    if (this.#keptPorts === undefined) this.#keepRun(records, ids);
    return { ids, counted };
  }

  /** Connections in a state that came in runs. */
  inRuns(state: number): number {
    return this.#ipv4.total(state);
  }

  /** {@link #keep} of many, written without a call for each: V8 compiles what it calls into it, and a busy host has 100,000 before it has done so. */
  #keepRun({ words, starts, noPort, owners, length }: SocketRecords, ids: Int32Array): void {
    const tupleOf = this.#tupleOfIpv4;
    const countOn = (this.#countOn ??= new Uint32Array(65536));
    const firstOn = (this.#firstOn ??= new Uint32Array(65536));
    for (let index = 0; index < length; ) {
      // The columns grow alike.
      const tuples = this.tuple.tail;
      const ports = this.port.tail;
      const allBits = this.#bits.tail;
      const inodes = this.#inode?.tail;
      const begin = this.tuple.end;
      const base = this.length - begin;
      const room = tuples.length;
      let row = begin;
      for (; index < length && row < room; index++) {
        const id = ids[index]!;
        if (id < 0) continue;
        const at = starts[index]!;
        const word = words[at + Word.ports]!;
        const port = isLittleEndian ? ((word & 0xff) << 8) | ((word >>> 8) & 0xff) : word >>> 16;
        let bits = (isLittleEndian ? words[at]! >>> 8 : words[at]! >>> 16) & 0xff;
        const owner = owners === undefined ? NONE : owners[index]!;
        if (owner >= 0) bits |= OWNED;
        if (noPort[index] === 1) {
          bits |= NO_PORT;
          this.noPort.add(port);
        }
        if (countOn[port]!++ === 0) firstOn[port] = base + row;
        tuples[row] = tupleOf[id]!;
        ports[row] = port;
        allBits[row] = bits;
        if (inodes !== undefined) inodes[row] = owner >= 0 ? owner : words[at + Word.inode]!;
        row++;
      }
      this.tuple.wrote(row - begin);
      this.port.wrote(row - begin);
      this.#bits.wrote(row - begin);
      this.#inode?.wrote(row - begin);
    }
  }

  #keep(tuple: number, port: number, bits: number, hasNoPort: boolean, inode: number): void {
    this.#countOn ??= new Uint32Array(65536);
    this.#firstOn ??= new Uint32Array(65536);
    if (this.#countOn[port]!++ === 0) this.#firstOn[port] = this.length;
    if (hasNoPort) this.noPort.add(port);
    this.tuple.push(tuple);
    this.port.push(port);
    this.#bits.push(hasNoPort ? bits | NO_PORT : bits);
    this.#inode?.push(inode);
  }

  /** False when rows keep nothing by which a process could be named. */
  get tellsOwners(): boolean {
    return this.#inode !== undefined;
  }

  /** Position of the process of a connection in the index, or -1. */
  ownerAt(row: number, owners: OwnerIndex): number {
    if (this.#inode === undefined) return NONE;
    const inode = this.#inode.at(row);
    return (this.#bits.at(row) & OWNED) === 0 ? owners.ownerOf(inode) : inode;
  }

  /** True for one that some process must have, TIME_WAIT and the like apart, and that none in the index has. */
  isOwnerless(row: number, owners: OwnerIndex): boolean {
    return this.#inode !== undefined && (this.#bits.at(row) & OWNED) === 0 && this.#inode.at(row) !== 0 && owners.ownerOf(this.#inode.at(row)) < 0;
  }

  stateAt(row: number): number {
    return this.#bits.at(row) & STATE_MASK;
  }

  isReusableAt(row: number): boolean {
    return (this.#bits.at(row) & REUSABLE) !== 0;
  }

  hasNoPortAt(row: number): boolean {
    return (this.#bits.at(row) & NO_PORT) !== 0;
  }

  /** Local ports of kept connections, ascending. */
  ports(): PortSet {
    const ports = new PortSet();
    // A small host has fewer connections than there are ports.
    if (this.length < 65536) for (let row = 0; row < this.length; row++) ports.add(this.port.at(row));
    else for (let port = 1; port < 65536; port++) if (this.#countOn![port]! > 0) ports.add(port);
    return ports;
  }

  /** Number of kept connections on a local port. */
  countOn(port: number): number {
    return this.#countOn?.[port] ?? 0;
  }

  /** Position of the first kept connection on a local port, or -1. */
  firstOn(port: number): number {
    return this.countOn(port) === 0 ? NONE : this.#firstOn![port]!;
  }

  /** The words of a tuple's key: 4 of the source, 4 of the destination, destination port, device. */
  describe(tuple: number): readonly number[] {
    const held = this.#keyOf.at(tuple);
    const id = held >>> 1;
    if ((held & 1) === 1) return Array.from({ length: 10 }, (_, index) => this.#others.word(id, index));
    const ipv4 = this.#ipv4;
    return [0, 0, 0xffff, swapWord(ipv4.word(id, 0)), 0, 0, 0xffff, swapWord(ipv4.word(id, 1)), swapPort(ipv4.word(id, 2)), 0];
  }

  clear(): void {
    for (const column of [this.tuple, this.port, this.#bits, this.#inode, this.#states, this.sourceOf, this.#tupleOfOther, this.#keyOf]) column?.clear();
    this.sources.clear();
    this.#portsOf.length = 0;
    this.noPort.clear();
    this.reusableCount = 0;
    this.count = 0;
    this.hasDevices = false;
    this.#hasSingles = false;
    this.#ipv4Count = 0;
    this.#countOn = undefined;
    this.#firstOn = undefined;
    this.#ipv4.clear();
    this.#others.clear();
  }

  #tupleOf(socket: SocketCursor): number {
    if (socket.local2 === 0xffff && socket.local0 === 0 && socket.local1 === 0 && socket.interfaceIndex === 0) {
      const id = this.#ipv4.intern(swapWord(socket.local3) | 0, swapWord(socket.remote3) | 0, swapPort(socket.remotePort));
      return this.#tupleOfIpv4[id]!;
    }
    const { key } = this.#others;
    key[0] = socket.local0;
    key[1] = socket.local1;
    key[2] = socket.local2;
    key[3] = socket.local3;
    key[4] = socket.remote0;
    key[5] = socket.remote1;
    key[6] = socket.remote2;
    key[7] = socket.remote3;
    key[8] = socket.remotePort;
    key[9] = socket.interfaceIndex;
    const id = this.#others.intern();
    if (id === this.#tupleOfOther.length) this.#tupleOfOther.push(this.#newTuple(id * 2 + 1, socket.local0, socket.local1, socket.local2, socket.local3));
    return this.#tupleOfOther.at(id);
  }

  #newIpv4Tuple(id: number): PortSet {
    const tuple = this.#newTuple(id * 2, 0, 0, 0xffff, swapWord(this.#ipv4.word(id, 0)));
    if (this.#ipv4Count === this.#tupleOfIpv4.length) {
      const larger = new Uint32Array(this.#ipv4Count * 2);
      larger.set(this.#tupleOfIpv4);
      this.#tupleOfIpv4 = larger;
    }
    this.#tupleOfIpv4[this.#ipv4Count++] = tuple;
    return this.#portsOf[this.sourceOf.at(tuple)]!;
  }

  #newTuple(held: number, local0: number, local1: number, local2: number, local3: number): number {
    const tuple = this.sourceOf.length;
    this.#keyOf.push(held);
    this.#states.pushZeros(STATES);
    const source = this.sources.internFour(local0, local1, local2, local3);
    if (source === this.#portsOf.length) this.#portsOf.push(new PortSet());
    this.sourceOf.push(source);
    return tuple;
  }
}
