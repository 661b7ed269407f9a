import { PortSet, u16, u32, u8, WordTable, type Column, type SocketCursor } from '../model/index.ts';

const STATE_MASK = 0x0f;
const REUSABLE = 0x10;
const NO_PORT = 0x20;
/** Counters a tuple: one for each state number; state 0 does not exist, and its counter serves {@link OCCUPIED}. */
export const STATES = 16;
/** Connections on usable ports that are not reusable. */
export const OCCUPIED = 0;

const NONE = -1;

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
  readonly inode: Column<Uint32Array> | undefined;
  /** Per tuple and state: number of sockets. */
  readonly states: Column<Uint32Array> = u32();
  /** Per tuple: position in {@link sources}. */
  readonly sourceOf: Column<Uint32Array> = u32();
  /** Distinct local addresses, four words each. */
  readonly sources = new WordTable(4);
  /** Per source: usable ports on which it has a connection. */
  readonly portsOf: PortSet[] = [];
  /** Ports of connections with IP_BIND_ADDRESS_NO_PORT. */
  readonly noPort = new PortSet();
  readonly #usable: PortSet;
  reusableCount = 0;
  // A host without connections does not pay for these.
  #countOn: Uint32Array | undefined;
  #firstOn: Int32Array | undefined;

  // IPv4 keys are short, and most keys are IPv4.
  readonly #ipv4 = new WordTable(4);
  readonly #ipv6 = new WordTable(10);
  readonly #tupleOfIpv4 = u32();
  readonly #tupleOfIpv6 = u32();
  /** Per tuple: twice the key's number, plus one for IPv6. */
  readonly #keyOf = u32();

  /** Connections added, kept as rows or only counted. */
  count = 0;
  readonly #keptPorts: PortSet | undefined;

  /**
   * @param keptPorts when given, rows are kept for connections on these ports alone (and for reusable ones, unusable
   * ports and devices): enough where no other port can turn out to be held explicitly.
   */
  constructor(usable: PortSet, trackInodes: boolean, keptPorts?: PortSet) {
    this.#usable = usable;
    this.#keptPorts = keptPorts;
    this.inode = trackInodes ? u32() : undefined;
  }

  get length(): number {
    return this.port.length;
  }

  get tupleCount(): number {
    return this.sourceOf.length;
  }

  add(socket: SocketCursor, isReusable: boolean): void {
    const tuple = this.#tupleOf(socket);
    const port = socket.localPort;
    const isUsable = this.#usable.has(port);
    const counters = tuple * STATES;
    this.count++;
    this.states.set(counters + (socket.state & STATE_MASK), this.states.at(counters + (socket.state & STATE_MASK)) + 1);
    this.#countOn ??= new Uint32Array(65536);
    this.#countOn[port]!++;
    if (isUsable) {
      this.portsOf[this.sourceOf.at(tuple)]!.add(port);
      if (!isReusable) this.states.set(counters + OCCUPIED, this.states.at(counters + OCCUPIED) + 1);
    }
    if (this.#keptPorts !== undefined && isUsable && !isReusable && socket.interfaceIndex === 0 && !this.#keptPorts.has(port)) return;
    this.#keep(socket, tuple, isReusable);
  }

  #keep(socket: SocketCursor, tuple: number, isReusable: boolean): void {
    const port = socket.localPort;
    this.#firstOn ??= new Int32Array(65536).fill(NONE);
    if (this.#firstOn[port] === NONE) this.#firstOn[port] = this.length;
    if (socket.noPort === 1) this.noPort.add(port);
    if (isReusable) this.reusableCount++;
    this.tuple.push(tuple);
    this.port.push(port);
    this.#bits.push(socket.state | (isReusable ? REUSABLE : 0) | (socket.noPort === 1 ? NO_PORT : 0));
    this.inode?.push(socket.inode);
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

  /** Number of connections on a local port, kept or not. */
  countOn(port: number): number {
    return this.#countOn?.[port] ?? 0;
  }

  /** Position of the first kept connection on a local port, or -1. */
  firstOn(port: number): number {
    return this.#firstOn?.[port] ?? NONE;
  }

  /** The words of a tuple's key: 4 of the source, 4 of the destination, destination port, device. */
  describe(tuple: number): readonly number[] {
    const held = this.#keyOf.at(tuple);
    const id = held >>> 1;
    if ((held & 1) === 1) return Array.from({ length: 10 }, (_, index) => this.#ipv6.word(id, index));
    const word = (index: number): number => this.#ipv4.word(id, index);
    return [0, 0, 0xffff, word(0), 0, 0, 0xffff, word(1), word(2), word(3)];
  }

  clear(): void {
    for (const column of [this.tuple, this.port, this.#bits, this.inode, this.states, this.sourceOf, this.#tupleOfIpv4, this.#tupleOfIpv6, this.#keyOf]) column?.clear();
    this.sources.clear();
    this.portsOf.length = 0;
    this.noPort.clear();
    this.reusableCount = 0;
    this.count = 0;
    this.#countOn = undefined;
    this.#firstOn = undefined;
    this.#ipv4.clear();
    this.#ipv6.clear();
  }

  #tupleOf(socket: SocketCursor): number {
    if (socket.local2 === 0xffff && socket.local0 === 0 && socket.local1 === 0) {
      const id = this.#ipv4.internFour(socket.local3, socket.remote3, socket.remotePort, socket.interfaceIndex);
      if (id < this.#tupleOfIpv4.length) return this.#tupleOfIpv4.at(id);
      return this.#newTuple(socket, this.#tupleOfIpv4, id * 2);
    }
    const { key } = this.#ipv6;
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
    const id = this.#ipv6.intern();
    if (id < this.#tupleOfIpv6.length) return this.#tupleOfIpv6.at(id);
    return this.#newTuple(socket, this.#tupleOfIpv6, id * 2 + 1);
  }

  #newTuple(socket: SocketCursor, numbers: Column<Uint32Array>, held: number): number {
    const tuple = this.sourceOf.length;
    numbers.push(tuple);
    this.#keyOf.push(held);
    for (let state = 0; state < STATES; state++) this.states.push(0);
    const { key } = this.sources;
    key[0] = socket.local0;
    key[1] = socket.local1;
    key[2] = socket.local2;
    key[3] = socket.local3;
    const source = this.sources.intern();
    if (source === this.portsOf.length) this.portsOf.push(new PortSet());
    this.sourceOf.push(source);
    return tuple;
  }
}
