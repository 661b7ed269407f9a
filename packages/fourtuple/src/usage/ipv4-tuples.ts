import { ReuseScope } from '../law/index.ts';
import { familyOf, firstByteOf, isLittleEndian, isMappedAt, remotePortOnWire, stateOf, TcpState, Word, type PortSet, type SocketRecords } from '../model/index.ts';

const EMPTY = 0;
const KEY = 3;
const AF_INET = 2;
const LOOPBACK = 127;
/** Enough for most hosts: growing would throw the loop's compiled code away. */
const FIRST_SLOTS = 4096;
/** Factors of well-known mixers of 32 bits, those three with the fewest steps in networks of 8 to 16 bits. */
const MIX_LOCAL = 0x2c1b3c6d;
const MIX_REMOTE = 0x85ebca6b | 0;
const MIX_PORT = 0x7feb352d;
/** By no whole byte: networks that number two bytes alike (10.7.0.7) would cancel them out. */
const FOLD = 11;

/**
 * The IPv4 tuples of a namespace without devices, numbered in order of first sight, and the loop through which nearly every
 * socket of a busy host goes. Its arrays are flat and its code is small on purpose: a larger function takes V8 longer to
 * compile than 100,000 sockets take to count. Keys are in network order: local address, remote address, remote port.
 */
export class Ipv4Tuples {
  #slots = new Int32Array(FIRST_SLOTS);
  #keys = new Int32Array((FIRST_SLOTS / 2) * KEY);
  #established = new Int32Array(FIRST_SLOTS / 2);
  #timeWait = new Int32Array(FIRST_SLOTS / 2);
  /** Per tuple: the ports on which its source has a connection, and the bitmap of that set. */
  readonly #ports: PortSet[] = [];
  readonly #bitmaps: Int32Array[] = [];
  /** Per tuple: ports that its source has only since the last {@link notePorts}; and the bounds of all of these. */
  #fresh = new Int32Array(FIRST_SLOTS / 2);
  #lowest = 65536;
  #highest = -1;
  /** Connections counted in all. */
  #counted = 0;
  readonly #portsOfNew: (id: number) => PortSet;

  /** @param portsOfNew is told of each new tuple and gives the set of its source. */
  constructor(portsOfNew: (id: number) => PortSet) {
    this.#portsOfNew = portsOfNew;
  }

  get size(): number {
    return this.#ports.length;
  }

  /** Number of a tuple; a new one when it was not seen before. */
  intern(local: number, remote: number, remotePort: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    let slot = hashTuple(local, remote, remotePort) & mask;
    for (; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const key = (slots[slot]! - 1) * KEY;
      if (keys[key] === local && keys[key + 1] === remote && keys[key + 2] === remotePort) return slots[slot]! - 1;
    }
    return this.#add(slot, local, remote, remotePort);
  }

  /** Word of a tuple's key. */
  word(id: number, index: number): number {
    return this.#keys[id * KEY + index]!;
  }

  /** Connections that {@link count} counted in a state. */
  counted(id: number, state: number): number {
    if (state === TcpState.established) return this.#established[id]!;
    return state === TcpState.timeWait ? this.#timeWait[id]! : 0;
  }

  /** {@link counted}, whatever the state. */
  countedInAll(id: number): number {
    return this.#established[id]! + this.#timeWait[id]!;
  }

  /**
   * Counts the plain connections of a run: IPv4, ESTABLISHED or in a TIME_WAIT that cannot be reusable, without a
   * device, on a plain port. The sets of ports know of them after {@link notePorts}.
   * @param plain the ports on which a connection is certainly outgoing and occupies a usable port.
   * @param ids gets the tuple of each record, -1 for those that were not counted.
   * @returns how many were counted.
   */
  count(records: SocketRecords, plain: PortSet, reusable: ReuseScope, ids: Int32Array): number {
    ids.fill(-1, 0, records.length);
    const before = this.#counted;
    let from = this.#countKnown(records, 0, plain.bitmap, reusable, ids);
    while (from < records.length) {
      this.#meet(records, from);
      from = this.#countKnown(records, from, plain.bitmap, reusable, ids);
    }
    return this.#counted - before;
  }

  /**
   * The loop itself.
   * @returns the first record whose tuple is new, or their number.
   *
   * Until V8 has compiled it, each step is interpreted: a call takes as long as ten, and what belongs to another module
   * two where a number or a local name takes one. V8 begins to compile when it has run some 500,000 bytes of code, later
   * for longer functions; at 1,000 sockets that would be for nothing. Whatever it calls V8 makes part of it, and compiles it
   * anew when that has met something else: so it calls next to nothing.
   */
  #countKnown({ words, starts, length }: SocketRecords, from: number, plain: Int32Array, reusable: ReuseScope, ids: Int32Array): number {
    const { imul } = Math;
    const isLittle = isLittleEndian;
    const { ports: portsAt, local: localAt, remote: remoteAt, interface: interfaceAt } = Word;
    // Family and state, as the record's first word has them.
    const kindShift = isLittle ? 16 : 0;
    const plainest = isLittle ? 0x0102 : 0x0201;
    const slots = this.#slots;
    const keys = this.#keys;
    const established = this.#established;
    const bitmaps = this.#bitmaps;
    const fresh = this.#fresh;
    const mask = slots.length - 1;
    let lowest = this.#lowest;
    let highest = this.#highest;
    let counted = 0;
    let index = from;
    for (; index < length; index++) {
      const at = starts[index]!;
      const ports = words[at + portsAt]!;
      const port = isLittle ? ((ports & 0xff) << 8) | ((ports >>> 8) & 0xff) : ports >>> 16;
      // A shift looks at five bits of its distance alone.
      if (((plain[port >>> 5]! >>> port) & 1) === 0 || words[at + interfaceAt] !== 0) continue;
      let address = at;
      let counters = established;
      if ((words[at]! << kindShift) >>> 16 !== plainest) {
        const head = words[at]!;
        if (familyOf(head) !== AF_INET) {
          if (!isMappedAt(words, at + localAt)) continue;
          address = at + 3;
        }
        if (stateOf(head) !== TcpState.established) {
          if (stateOf(head) !== TcpState.timeWait || reusable === ReuseScope.any) continue;
          if (reusable === ReuseScope.loopback && (firstByteOf(words[address + localAt]!) === LOOPBACK || firstByteOf(words[address + remoteAt]!) === LOOPBACK)) continue;
          counters = this.#timeWait;
        }
      }
      const local = words[address + localAt]!;
      const remote = words[address + remoteAt]!;
      const remotePort = isLittle ? ports >>> 16 : ports & 0xffff;
      // As hashTuple() has it: if they differed, the caller would meet the same tuple for ever.
      const mixed = imul(local ^ (local >>> FOLD), MIX_LOCAL) ^ imul(remote ^ (remote >>> FOLD), MIX_REMOTE) ^ imul(remotePort, MIX_PORT);
      let slot = ((mixed ^ (mixed >>> 13)) & mask) - 1;
      let id: number;
      let key: number;
      // Steps forward before each look, the first too: a path that was never taken is one that V8 compiles a trap for.
      do {
        slot = (slot + 1) & mask;
        id = slots[slot]! - 1;
        key = id * KEY;
      } while (id >= 0 && (keys[key] !== local || keys[key + 1] !== remote || keys[key + 2] !== remotePort));
      if (id < 0) break;
      ids[index] = id;
      counters[id]!++;
      const bitmap = bitmaps[id]!;
      const held = bitmap[port >>> 5]!;
      if (((held >>> port) & 1) === 0) {
        bitmap[port >>> 5] = held | (1 << port);
        fresh[id]!++;
        if (port < lowest) lowest = port;
        if (port > highest) highest = port;
      }
      counted++;
    }
    this.#lowest = lowest;
    this.#highest = highest;
    this.#counted += counted;
    return index;
  }

  /** Tells the sets of ports what {@link count} wrote to their bitmaps. */
  notePorts(): void {
    for (let id = 0; id < this.size; id++) {
      if (this.#fresh[id] === 0) continue;
      this.#ports[id]!.noteWritten(this.#fresh[id]!, this.#lowest, this.#highest);
      this.#fresh[id] = 0;
    }
    this.#lowest = 65536;
    this.#highest = -1;
  }

  /** Gives the tuple of a plain record its number. */
  #meet({ words, starts }: SocketRecords, index: number): void {
    const at = starts[index]!;
    const address = familyOf(words[at]!) === AF_INET ? at : at + 3;
    this.intern(words[address + Word.local]!, words[address + Word.remote]!, remotePortOnWire(words[at + Word.ports]!));
  }

  /** Sum of {@link counted} over all tuples. */
  total(state: number): number {
    if (state !== TcpState.established && state !== TcpState.timeWait) return 0;
    let sum = 0;
    for (let id = 0; id < this.size; id++) sum += this.counted(id, state);
    return sum;
  }

  clear(): void {
    this.#slots.fill(EMPTY);
    this.#established.fill(0);
    this.#timeWait.fill(0);
    this.#ports.length = 0;
    this.#bitmaps.length = 0;
    this.#fresh.fill(0);
    this.#lowest = 65536;
    this.#highest = -1;
    this.#counted = 0;
  }

  #add(slot: number, local: number, remote: number, remotePort: number): number {
    const id = this.size;
    if (id === this.#established.length) {
      this.#keys = doubled(this.#keys);
      this.#established = doubled(this.#established);
      this.#timeWait = doubled(this.#timeWait);
      this.#fresh = doubled(this.#fresh);
    }
    const keys = this.#keys;
    const at = id * KEY;
    keys[at] = local;
    keys[at + 1] = remote;
    keys[at + 2] = remotePort;
    this.#slots[slot] = id + 1;
    const ports = this.#portsOfNew(id);
    this.#ports.push(ports);
    this.#bitmaps.push(ports.bitmap);
    if (this.size * 2 <= this.#slots.length) return id;
    const slots = new Int32Array(this.#slots.length * 4);
    const mask = slots.length - 1;
    for (let other = 0; other <= id; other++) {
      let place = hashTuple(keys[other * KEY]!, keys[other * KEY + 1]!, keys[other * KEY + 2]!) & mask;
      while (slots[place] !== EMPTY) place = (place + 1) & mask;
      slots[place] = other + 1;
    }
    this.#slots = slots;
    return id;
  }
}

function doubled(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

/**
 * Each word folded and multiplied. An address of a small network varies in its last byte, which is the highest of the word
 * on a little-endian host: unfolded, the products of two such addresses would have 256 values in all.
 */
export function hashTuple(local: number, remote: number, remotePort: number): number {
  const mixed = Math.imul(local ^ (local >>> FOLD), MIX_LOCAL) ^ Math.imul(remote ^ (remote >>> FOLD), MIX_REMOTE) ^ Math.imul(remotePort, MIX_PORT);
  return mixed ^ (mixed >>> 13);
}
