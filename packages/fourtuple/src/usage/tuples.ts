import { Address, TcpState, type OwnerIndex, type PortSet } from '../model/index.ts';
import type { ConnectionRows } from './connection-rows.ts';
import type { PortKinds } from './port-kinds.ts';
import type { Holder, TupleTable, TupleUsage } from './types.ts';

/** Linux's default range begins here: a peer's port from here on is most likely a client's. */
const EPHEMERAL = 32768;

export interface CountedTuples {
  readonly table: TupleTable;
  /** Tuples that are rather the client side of connections accepted here, and not listed. */
  readonly accepted: ReadonlySet<number>;
}

/** Connections that are looked at between two pauses: half a millisecond while V8 interprets, a tenth of it later. */
const ROWS_A_PAUSE = 1024;

/**
 * Sums the connections up by tuple, pausing now and then.
 * @param capacity usable ports that no explicit holder takes from connect().
 * @param orphans rows that were accepted by a listener which is gone.
 */
export function* buildTuples(rows: ConnectionRows, kinds: PortKinds, capacity: number, owners: OwnerIndex, orphans: ReadonlySet<number>): Generator<void, CountedTuples> {
  const tuples = rows.tupleCount;
  const counts = new TupleCounts(rows, kinds);
  const { used, reusable, explicit, total } = counts;
  if (rows.reusableCount > 0 || hasConnections(rows, kinds.explicit)) yield* inParts(rows.length, counts);
  addUnboundConnections(rows, kinds, used);
  const hidden = acceptedTuples(rows, explicit, total, orphans);
  yield;
  const holders = yield* holdersByTuple(rows, kinds, owners);
  const order = shownTuples(tuples, hidden);
  order.sort((left, right) => used[right]! - used[left]! || total[right]! - total[left]! || left - right);
  const at = (rank: number): TupleUsage => {
    const tuple = order[rank]!;
    const words = rows.describe(tuple);
    const state = (number: number): number => rows.inState(tuple, number);
    return {
      protocol: 'tcp',
      source: new Address(words[0]!, words[1]!, words[2]!, words[3]!),
      destination: new Address(words[4]!, words[5]!, words[6]!, words[7]!),
      destinationPort: words[8]!,
      device: words[9]!,
      capacity,
      used: used[tuple]!,
      free: capacity - used[tuple]!,
      ratio: capacity === 0 ? 1 : used[tuple]! / capacity,
      timeWait: state(TcpState.timeWait),
      reusableTimeWait: reusable[tuple]!,
      connections: total[tuple]!,
      explicit: explicit[tuple]!,
      established: state(TcpState.established),
      holders: holders.get(tuple)?.toSorted((left, right) => right.ports - left.ports) ?? [],
    };
  };
  const table: TupleTable = { length: order.length, at, top: (count = order.length) => Array.from({ length: Math.min(count, order.length) }, (_, rank) => at(rank)) };
  return { table, accepted: hidden };
}

/** Work on rows that can be done in parts. A class, not a closure: V8 keeps its compiled code from one count to the next. */
interface WorkOnRows {
  take(from: number, to: number): void;
}

function* inParts(length: number, work: WorkOnRows): Generator<void> {
  for (let from = 0; from < length; from += ROWS_A_PAUSE) {
    work.take(from, Math.min(from + ROWS_A_PAUSE, length));
    yield;
  }
}

/** Per tuple: its sockets, the ports of the pool that they take, and what rows alone tell: those that are reusable, or on explicitly held ports. */
class TupleCounts implements WorkOnRows {
  readonly total: Uint32Array;
  readonly used: Uint32Array;
  readonly reusable: Uint32Array;
  readonly explicit: Uint32Array;
  readonly #rows: ConnectionRows;
  readonly #explicitPorts: PortSet;

  constructor(rows: ConnectionRows, kinds: PortKinds) {
    this.#rows = rows;
    this.#explicitPorts = kinds.explicit;
    this.total = new Uint32Array(rows.tupleCount);
    this.used = new Uint32Array(rows.tupleCount);
    this.reusable = new Uint32Array(rows.tupleCount);
    this.explicit = new Uint32Array(rows.tupleCount);
    rows.sumUp(this.total, this.used);
  }

  take(from: number, to: number): void {
    const rows = this.#rows;
    for (let row = from; row < to; row++) {
      const tuple = rows.tuple.at(row);
      const isReusable = rows.isReusableAt(row);
      if (this.#explicitPorts.has(rows.port.at(row))) {
        this.explicit[tuple]!++;
        if (!isReusable) this.used[tuple]!--;
      } else if (isReusable) {
        this.reusable[tuple]!++;
      }
    }
  }
}

function shownTuples(tuples: number, hidden: ReadonlySet<number>): Uint32Array {
  const shown = new Uint32Array(tuples);
  let length = 0;
  for (let tuple = 0; tuple < tuples; tuple++) if (hidden.size === 0 || !hidden.has(tuple)) shown[length++] = tuple;
  return shown.subarray(0, length);
}

/** True when a connection sits on one of the ports. */
function hasConnections(rows: ConnectionRows, ports: PortSet): boolean {
  for (const port of ports) if (rows.countOn(port) > 0) return true;
  return false;
}

/**
 * A socket bound to a device meets the four-tuples of that device and of sockets without one (`inet_match`); a socket
 * without a device does not meet those of devices. So a device's tuple also loses the ports of its unbound twin.
 */
function addUnboundConnections(rows: ConnectionRows, kinds: PortKinds, used: Uint32Array): void {
  if (!rows.hasDevices) return;
  const twins = new Map<string, number[]>();
  for (let tuple = 0; tuple < rows.tupleCount; tuple++) {
    const key = rows.describe(tuple).slice(0, 9).join();
    twins.set(key, [...(twins.get(key) ?? []), tuple]);
  }
  const ports = new Map<number, Set<number>>();
  for (let row = 0; row < rows.length; row++) {
    const port = rows.port.at(row);
    if (kinds.explicit.has(port) || !kinds.usable.has(port) || rows.isReusableAt(row)) continue;
    const tuple = rows.tuple.at(row);
    const set = ports.get(tuple) ?? new Set();
    set.add(port);
    ports.set(tuple, set);
  }
  for (const group of twins.values()) {
    const unbound = group.find((tuple) => rows.describe(tuple)[9] === 0);
    if (unbound === undefined) continue;
    for (const tuple of group) {
      if (tuple !== unbound) used[tuple] = new Set([...(ports.get(tuple) ?? []), ...(ports.get(unbound) ?? [])]).size;
    }
  }
}

/** Tuples that are rather the client side of a connection once accepted here: one connection, explicit, from a high port. */
function acceptedTuples(rows: ConnectionRows, explicit: Uint32Array, total: Uint32Array, orphans: ReadonlySet<number>): Set<number> {
  const hidden = new Set<number>();
  for (let tuple = 0; tuple < rows.tupleCount; tuple++) {
    if (total[tuple] === 1 && explicit[tuple] === 1 && rows.describe(tuple)[8]! >= EPHEMERAL) hidden.add(tuple);
  }
  for (const row of orphans) {
    const tuple = rows.tuple.at(row);
    if (total[tuple] === 1) hidden.add(tuple);
  }
  return hidden;
}

/** Pairs of tuples and processes for which there is a place each: 4 MB. */
const DENSE = 1 << 20;

function* holdersByTuple(rows: ConnectionRows, kinds: PortKinds, owners: OwnerIndex): Generator<void, Map<number, Holder[]>> {
  if (!rows.tellsOwners || owners.owners.length === 0) return new Map();
  const counts = new HolderCounts(rows, kinds, owners);
  yield* inParts(rows.length, counts);
  return counts.byTuple();
}

/** Connections of each pair of a tuple and a process. */
class HolderCounts implements WorkOnRows {
  readonly #rows: ConnectionRows;
  readonly #explicitPorts: PortSet;
  readonly #owners: OwnerIndex;
  readonly #width: number;
  // Pairs get numbers as they come; where there are few of either, by place.
  readonly #numbers: Map<number, number> | undefined;
  readonly #places: Int32Array | undefined;
  readonly #keys: number[] = [];
  readonly #ports: number[] = [];
  readonly #explicit: number[] = [];

  constructor(rows: ConnectionRows, kinds: PortKinds, owners: OwnerIndex) {
    this.#rows = rows;
    this.#explicitPorts = kinds.explicit;
    this.#owners = owners;
    this.#width = owners.owners.length;
    const pairs = rows.tupleCount * this.#width;
    if (pairs <= DENSE) this.#places = new Int32Array(pairs).fill(-1);
    else this.#numbers = new Map();
  }

  take(from: number, to: number): void {
    const rows = this.#rows;
    const owners = this.#owners;
    const places = this.#places;
    for (let row = from; row < to; row++) {
      const owner = rows.ownerAt(row, owners);
      if (owner < 0) continue;
      const key = rows.tuple.at(row) * this.#width + owner;
      let number = places === undefined ? (this.#numbers!.get(key) ?? -1) : places[key]!;
      if (number < 0) number = this.#add(key);
      this.#ports[number]! += owners.weights[owner]!;
      if (this.#explicitPorts.has(rows.port.at(row))) this.#explicit[number]! += owners.weights[owner]!;
    }
  }

  #add(key: number): number {
    const number = this.#keys.push(key) - 1;
    this.#ports.push(0);
    this.#explicit.push(0);
    if (this.#places === undefined) this.#numbers!.set(key, number);
    else this.#places[key] = number;
    return number;
  }

  byTuple(): Map<number, Holder[]> {
    const byTuple = new Map<number, Holder[]>();
    const { owners, weights } = this.#owners;
    for (const [number, key] of this.#keys.entries()) {
      const tuple = Math.floor(key / this.#width);
      const owner = key % this.#width;
      const holder = { owner: owners[owner]!, ports: Math.round(this.#ports[number]!), explicit: Math.round(this.#explicit[number]!), isEstimate: weights[owner]! > 1 };
      const list = byTuple.get(tuple);
      if (list === undefined) byTuple.set(tuple, [holder]);
      else list.push(holder);
    }
    return byTuple;
  }
}
