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

/**
 * Sums the connections up by tuple.
 * @param capacity usable ports that no explicit holder takes from connect().
 * @param orphans rows that were accepted by a listener which is gone.
 */
export function buildTuples(rows: ConnectionRows, kinds: PortKinds, capacity: number, owners: OwnerIndex, orphans: ReadonlySet<number>): CountedTuples {
  const tuples = rows.tupleCount;
  const used = new Uint32Array(tuples);
  const reusable = new Uint32Array(tuples);
  const explicit = new Uint32Array(tuples);
  const total = new Uint32Array(tuples);
  rows.sumUp(total, used);
  if (rows.reusableCount > 0 || hasConnections(rows, kinds.explicit)) {
    for (let row = 0; row < rows.length; row++) {
      const tuple = rows.tuple.at(row);
      const port = rows.port.at(row);
      const isReusable = rows.isReusableAt(row);
      if (kinds.explicit.has(port)) {
        explicit[tuple]!++;
        if (!isReusable) used[tuple]!--;
      } else if (isReusable) {
        reusable[tuple]!++;
      }
    }
  }
  addUnboundConnections(rows, kinds, used);
  const hidden = acceptedTuples(rows, explicit, total, orphans);
  const holders = holdersByTuple(rows, kinds, owners);
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

function holdersByTuple(rows: ConnectionRows, kinds: PortKinds, owners: OwnerIndex): Map<number, Holder[]> {
  const byTuple = new Map<number, Holder[]>();
  if (!rows.tellsOwners || owners.owners.length === 0) return byTuple;
  const width = owners.owners.length;
  // Pairs of a tuple and a process get numbers as they come; where there are few of either, by place.
  const numbers = rows.tupleCount * width <= DENSE ? undefined : new Map<number, number>();
  const places = numbers === undefined ? new Int32Array(rows.tupleCount * width).fill(-1) : undefined;
  const keys: number[] = [];
  const ports: number[] = [];
  const explicit: number[] = [];
  for (let row = 0; row < rows.length; row++) {
    const owner = rows.ownerAt(row, owners);
    if (owner < 0) continue;
    const key = rows.tuple.at(row) * width + owner;
    let number = places === undefined ? (numbers!.get(key) ?? -1) : places[key]!;
    if (number < 0) {
      number = keys.push(key) - 1;
      ports.push(0);
      explicit.push(0);
      if (places === undefined) numbers!.set(key, number);
      else places[key] = number;
    }
    ports[number]! += owners.weights[owner]!;
    if (kinds.explicit.has(rows.port.at(row))) explicit[number]! += owners.weights[owner]!;
  }
  for (const [number, key] of keys.entries()) {
    const tuple = Math.floor(key / width);
    const owner = key % width;
    const holder = { owner: owners.owners[owner]!, ports: Math.round(ports[number]!), explicit: Math.round(explicit[number]!), isEstimate: owners.weights[owner]! > 1 };
    const list = byTuple.get(tuple);
    if (list === undefined) byTuple.set(tuple, [holder]);
    else list.push(holder);
  }
  return byTuple;
}
