import { ReuseScope } from '../law/index.ts';
import { firstByteOf, isLittleEndian, isMappedAt, TcpState, Word, type PortSet, type SocketRecords } from '../model/index.ts';

const EMPTY = 0;
const KEY = 4;
/** Counters a tuple: ESTABLISHED, TIME_WAIT. */
const COUNTS = 2;
const AF_INET = 2;
const LOOPBACK = 127;
/** Enough for most hosts: growing would throw the loop's compiled code away. */
const FIRST_SLOTS = 4096;

/**
 * The IPv4 tuples of a namespace, numbered in order of first sight, and the loop through which nearly every socket of a
 * busy host goes. Its arrays are flat and its code is small on purpose: a larger function takes V8 longer to compile
 * than 100,000 sockets take to count. Keys are in network order: local address, remote address, remote port, device.
 */
export class Ipv4Tuples {
  #slots = new Int32Array(FIRST_SLOTS);
  #keys = new Int32Array((FIRST_SLOTS / 2) * KEY);
  #counts = new Uint32Array((FIRST_SLOTS / 2) * COUNTS);
  /** Per tuple: the ports on which its source has a connection. */
  readonly #ports: PortSet[] = [];
  readonly #portsOfNew: (id: number) => PortSet;

  /** @param portsOfNew is told of each new tuple and gives the set of its source. */
  constructor(portsOfNew: (id: number) => PortSet) {
    this.#portsOfNew = portsOfNew;
  }

  get size(): number {
    return this.#ports.length;
  }

  /** Number of a tuple; a new one when it was not seen before. */
  intern(local: number, remote: number, remotePort: number, device: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    let slot = hash(local, remote, remotePort) & mask;
    for (; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const key = (slots[slot]! - 1) * KEY;
      if (keys[key] === local && keys[key + 1] === remote && keys[key + 2] === remotePort && keys[key + 3] === device) return slots[slot]! - 1;
    }
    return this.#add(slot, local, remote, remotePort, device);
  }

  /** Word of a tuple's key. */
  word(id: number, index: number): number {
    return this.#keys[id * KEY + index]!;
  }

  /** Connections that {@link count} counted in a state. */
  counted(id: number, state: number): number {
    if (state === TcpState.established) return this.#counts[id * COUNTS]!;
    return state === TcpState.timeWait ? this.#counts[id * COUNTS + 1]! : 0;
  }

  /** {@link counted}, whatever the state. */
  countedInAll(id: number): number {
    return this.#counts[id * COUNTS]! + this.#counts[id * COUNTS + 1]!;
  }

  /**
   * Counts the plain connections of a run: IPv4, ESTABLISHED or in a TIME_WAIT that cannot be reusable, without a
   * device, on a plain port.
   * @param plain 1 for the ports on which a connection is certainly outgoing and occupies a usable port.
   * @param ids gets the tuple of each record, -1 for those that were not counted.
   * @returns how many were counted.
   *
   * Written without the small functions that it repeats: until V8 has compiled it, which a small host never sees, each
   * call takes as long as ten of its steps.
   */
  count(records: SocketRecords, plain: Uint8Array, reusable: ReuseScope, ids: Int32Array): number {
    const { words, starts, length } = records;
    const portsOf = this.#ports;
    let slots = this.#slots;
    let keys = this.#keys;
    let counts = this.#counts;
    let mask = slots.length - 1;
    let counted = 0;
    for (let index = 0; index < length; index++) {
      const at = starts[index]!;
      const head = words[at]!;
      const ports = words[at + Word.ports]!;
      const port = isLittleEndian ? ((ports & 0xff) << 8) | ((ports >>> 8) & 0xff) : ports >>> 16;
      const state = (isLittleEndian ? head >>> 8 : head >>> 16) & 0xff;
      ids[index] = -1;
      if (plain[port] !== 1 || words[at + Word.interface] !== 0) continue;
      let address = at;
      if ((isLittleEndian ? head & 0xff : head >>> 24) !== AF_INET) {
        if (!isMappedAt(words, at + Word.local)) continue;
        address = at + 3;
      }
      const local = words[address + Word.local]!;
      const remote = words[address + Word.remote]!;
      if (state !== TcpState.established) {
        if (state !== TcpState.timeWait || reusable === ReuseScope.any) continue;
        if (reusable === ReuseScope.loopback && (firstByteOf(local) === LOOPBACK || firstByteOf(remote) === LOOPBACK)) continue;
      }
      const remotePort = isLittleEndian ? ports >>> 16 : ports & 0xffff;
      // As hash() has it.
      let mixed = Math.imul(local, 0x9e3779b1) ^ Math.imul(remote, 0x85ebca6b) ^ Math.imul(remotePort, 0xc2b2ae35);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
      let slot = (mixed ^ (mixed >>> 13)) - 1;
      let id: number;
      // Steps forward before each look, the first too: a path that was never taken is one that V8 compiles a trap for.
      do {
        slot = (slot + 1) & mask;
        id = slots[slot]! - 1;
      } while (id >= 0 && (keys[id * KEY] !== local || keys[id * KEY + 1] !== remote || keys[id * KEY + 2] !== remotePort || keys[id * KEY + 3] !== 0));
      if (id < 0) {
        id = this.#add(slot, local, remote, remotePort, 0);
        slots = this.#slots;
        keys = this.#keys;
        counts = this.#counts;
        mask = slots.length - 1;
      }
      ids[index] = id;
      counts[id * COUNTS + (state === TcpState.established ? 0 : 1)]!++;
      portsOf[id]!.add(port);
      counted++;
    }
    return counted;
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
    this.#counts.fill(0);
    this.#ports.length = 0;
  }

  /** One function, so that it is too large for V8 to make it part of {@link count}, which would take longer to compile. */
  #add(slot: number, local: number, remote: number, remotePort: number, device: number): number {
    const id = this.size;
    if ((id + 1) * KEY > this.#keys.length) {
      const keys = new Int32Array(this.#keys.length * 2);
      keys.set(this.#keys);
      this.#keys = keys;
      const counts = new Uint32Array(this.#counts.length * 2);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    const keys = this.#keys;
    const at = id * KEY;
    keys[at] = local;
    keys[at + 1] = remote;
    keys[at + 2] = remotePort;
    keys[at + 3] = device;
    this.#slots[slot] = id + 1;
    this.#ports.push(this.#portsOfNew(id));
    if (this.size * 2 <= this.#slots.length) return id;
    const slots = new Int32Array(this.#slots.length * 4);
    const mask = slots.length - 1;
    for (let other = 0; other <= id; other++) {
      let place = hash(keys[other * KEY]!, keys[other * KEY + 1]!, keys[other * KEY + 2]!) & mask;
      while (slots[place] !== EMPTY) place = (place + 1) & mask;
      slots[place] = other + 1;
    }
    this.#slots = slots;
    return id;
  }
}

/** Multiply, mix, and the finaliser's last steps of MurmurHash3 (public domain). */
function hash(local: number, remote: number, remotePort: number): number {
  let mixed = Math.imul(local, 0x9e3779b1) ^ Math.imul(remote, 0x85ebca6b) ^ Math.imul(remotePort, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
