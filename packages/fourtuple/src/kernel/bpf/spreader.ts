import { closeSync, constants as fileConstants, openSync, statSync } from 'node:fs';
import type { Address } from '../../model/address.ts';
import { KernelError, UnsupportedError } from '../errors.ts';
import { checked, loadLibc } from '../libc.ts';
import { attachedToCgroups } from './attached.ts';
import { BpfMap, openMap } from './map.ts';
import { attachToCgroup, loadProgram } from './program.ts';
import { spreadAddress, spreadDestination, spreadInfo, spreadProgram, type SpreadRules } from './programs/spread.ts';
import { decodeAddress, decodeCount } from './tuple-key.ts';

/** One source address, and what became of the connections that were to come from it. */
export interface SpreadAddressCounts {
  readonly address: Address;
  /** Calls of connect() that got it, whatever became of them. */
  readonly chosen: number;
  /** The kernel refused it: it is not on this host, or was taken away. */
  readonly refused: number;
}

/** Calls of connect() to one destination. */
export interface SpreadDestinationCounts {
  readonly destination: Address;
  readonly port: number;
  readonly connects: number;
}

/** What a spread has done since it began. */
export interface SpreadCounts {
  readonly addresses: readonly SpreadAddressCounts[];
  /** Busiest first; of very many the ones that were used last. */
  readonly destinations: readonly SpreadDestinationCounts[];
  /** Connections that were left alone, by reason. */
  readonly leftAlone: { readonly alreadyBound: number; readonly loopback: number; readonly notSelected: number; readonly otherProtocol: number; readonly noAddress: number };
  /** Connections that no address could be bound for: they went on from the host's own. */
  readonly keptDefault: number;
}

/** A spread that some process of this host attached. */
export interface FoundSpread extends SpreadCounts, SpreadIdentity {}

export interface SpreadIdentity {
  /** Process that began it; it may be gone. */
  readonly pid: number;
  readonly cgroupId: number;
  readonly startedAtMs: number;
}

export interface SpreadTarget {
  readonly addresses: readonly Address[];
  readonly rules: Pick<SpreadRules, 'destinations' | 'ports' | 'includesLoopback'>;
  /** Directory of a cgroup v2. */
  readonly cgroup: string;
  readonly now: number;
}

const NAMES = { info: 'fourtuple_sprd', addresses: 'fourtuple_addr', destinations: 'fourtuple_dest' } as const;
const PROGRAM_NAMES = { 4: 'fourtuple_sprd4', 6: 'fourtuple_sprd6' } as const;
const MAX_DESTINATIONS = 16_384;
const VERSION = 1;
const ONLY = new Uint8Array(4);
const F_DUPFD = 0;
/** Descriptors below are what programs count on: 3 for a job server, and the like. */
const FIRST_INHERITED = 100;

/** Gives the outgoing connections of a cgroup's processes source addresses in turn. It ends when its descriptors are closed, in whatever process. */
export class Spreader {
  readonly #maps: SpreadMapsInUse;
  readonly #links: readonly number[];
  #isOpen = true;

  /** @throws UnsupportedError without CAP_BPF and CAP_NET_ADMIN, or before Linux 5.12 @throws VerifierError @throws KernelError */
  constructor({ addresses, rules, cgroup, now }: SpreadTarget) {
    const ordered = [...addresses.filter(({ isIpv4 }) => isIpv4), ...addresses.filter(({ isIpv4 }) => !isIpv4)];
    const ipv4 = addresses.filter(({ isIpv4 }) => isIpv4).length;
    this.#maps = new SpreadMapsInUse(ordered.length);
    const links: number[] = [];
    this.#links = links;
    let folder: number | undefined;
    try {
      folder = openSync(cgroup, fileConstants.O_RDONLY | fileConstants.O_DIRECTORY);
      this.#maps.write(ordered, ipv4, statSync(cgroup).ino, now);
      for (const family of [4, 6] as const) links.push(attach(family, { ...rules, ipv4, ipv6: ordered.length - ipv4 }, this.#maps, folder));
    } catch (error) {
      this.close();
      throw error;
    } finally {
      if (folder !== undefined) closeSync(folder);
    }
  }

  /**
   * Copies of what keeps the spread alive, which a child inherits: with them it lasts as long as any process of the
   * child's. @returns what closes them here, once the child is there
   */
  shareWithChild(): () => void {
    const libc = loadLibc();
    const copies: number[] = [];
    const close = (): void => copies.splice(0).forEach((fd) => libc.close(fd));
    try {
      for (const link of this.#links) copies.push(checked('fcntl(F_DUPFD)', libc.fcntl(link, F_DUPFD, FIRST_INHERITED)));
    } catch (error) {
      close();
      throw error;
    }
    return close;
  }

  read(): SpreadCounts {
    return this.#maps.read();
  }

  get identity(): SpreadIdentity {
    return this.#maps.identity();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const link of this.#links) loadLibc().close(link);
    this.#maps.close();
  }
}

function attach(family: 4 | 6, rules: SpreadRules, maps: SpreadMapsInUse, cgroup: number): number {
  const where = family === 4 ? 'cgroupConnect4' : 'cgroupConnect6';
  const code = spreadProgram(family, rules, { addresses: maps.addresses.fd, destinations: maps.destinations.fd, info: maps.info.fd });
  const program = loadProgram({ name: PROGRAM_NAMES[family], type: 'cgroupSocketAddress', attach: where, code });
  try {
    return attachToCgroup(program, cgroup, where);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'EINVAL') throw new UnsupportedError('attaching BPF to a cgroup', 'Linux 5.7', error);
    if (error instanceof KernelError && error.code === 'EPERM') throw new UnsupportedError('attaching BPF to a cgroup', 'CAP_NET_ADMIN, and nobody who has it to themselves in a cgroup above', error);
    throw error;
  } finally {
    loadLibc().close(program);
  }
}

/** Every spread of this host, whoever began it, also when that process is gone. @throws UnsupportedError without CAP_SYS_ADMIN */
export function findSpreads(): FoundSpread[] {
  // One of the two programs of each.
  return attachedToCgroups((name) => name === PROGRAM_NAMES[4]).flatMap(({ mapIds }) => {
    const maps = SpreadMapsInUse.of(mapIds);
    if (maps === undefined) return [];
    try {
      return [{ ...maps.identity(), ...maps.read() }];
    } finally {
      maps.close();
    }
  });
}

class SpreadMapsInUse {
  readonly info: BpfMap;
  readonly addresses: BpfMap;
  readonly destinations: BpfMap;

  constructor(count: number, found?: { readonly info: BpfMap; readonly addresses: BpfMap; readonly destinations: BpfMap }) {
    if (found !== undefined) {
      ({ info: this.info, addresses: this.addresses, destinations: this.destinations } = found);
      return;
    }
    const made: BpfMap[] = [];
    const make = (...spec: ConstructorParameters<typeof BpfMap>): BpfMap => {
      const map = new BpfMap(...spec);
      made.push(map);
      return map;
    };
    try {
      this.info = make({ name: NAMES.info, type: 'array', keyBytes: 4, valueBytes: spreadInfo.bytes, maxEntries: 1 });
      this.addresses = make({ name: NAMES.addresses, type: 'array', keyBytes: 4, valueBytes: spreadAddress.bytes, maxEntries: count });
      this.destinations = make({ name: NAMES.destinations, type: 'lruHash', keyBytes: spreadDestination.bytes, valueBytes: 8, maxEntries: MAX_DESTINATIONS });
    } catch (error) {
      for (const map of made) map.close();
      throw error instanceof KernelError && error.code === 'EPERM' ? new UnsupportedError('BPF', 'CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN', error) : error;
    }
  }

  /** @returns undefined when it ends just now, or is another release's */
  static of(mapIds: readonly number[]): SpreadMapsInUse | undefined {
    const opened = mapIds.flatMap((id) => openMap(id) ?? []);
    const named = (name: string): BpfMap | undefined => opened.find(({ spec }) => spec.name === name);
    const [info, addresses, destinations] = [named(NAMES.info), named(NAMES.addresses), named(NAMES.destinations)];
    if (info?.spec.valueBytes === spreadInfo.bytes && addresses !== undefined && destinations !== undefined) {
      const maps = new SpreadMapsInUse(0, { info, addresses, destinations });
      if (maps.#info().getUint32(spreadInfo.version, true) === VERSION) return maps;
    }
    for (const map of opened) map.close();
    return undefined;
  }

  write(addresses: readonly Address[], ipv4: number, cgroupId: number, now: number): void {
    addresses.forEach((address, index) => {
      const value = new Uint8Array(spreadAddress.bytes);
      const view = viewOf(value);
      (address.isIpv4 ? [address.w3] : [address.w0, address.w1, address.w2, address.w3]).forEach((word, place) => view.setUint32(place * 4, word));
      this.addresses.set(keyOf(index), value);
    });
    const value = new Uint8Array(spreadInfo.bytes);
    const view = viewOf(value);
    const words = { version: VERSION, pid: process.pid, ipv4, ipv6: addresses.length - ipv4 } as const;
    for (const name of Object.keys(words) as (keyof typeof words)[]) view.setUint32(spreadInfo[name], words[name], true);
    view.setBigUint64(spreadInfo.cgroupId, BigInt(cgroupId), true);
    view.setBigUint64(spreadInfo.startedAtMs, BigInt(Math.round(now)), true);
    this.info.set(ONLY, value);
  }

  identity(): SpreadIdentity {
    const view = this.#info();
    return { pid: view.getUint32(spreadInfo.pid, true), cgroupId: Number(view.getBigUint64(spreadInfo.cgroupId, true)), startedAtMs: Number(view.getBigUint64(spreadInfo.startedAtMs, true)) };
  }

  #info(): DataView {
    return viewOf(this.info.get(ONLY)!);
  }

  read(): SpreadCounts {
    const view = this.#info();
    const counter = (name: 'alreadyBound' | 'loopback' | 'notSelected' | 'otherProtocol' | 'noAddress' | 'keptDefault'): number => Number(view.getBigUint64(spreadInfo[name], true));
    const ipv4 = view.getUint32(spreadInfo.ipv4, true);
    const addresses = Array.from({ length: ipv4 + view.getUint32(spreadInfo.ipv6, true) }, (_, index): SpreadAddressCounts => {
      const value = this.addresses.get(keyOf(index))!;
      return { address: decodeAddress(viewOf(value), spreadAddress.address, index < ipv4), chosen: decodeCount(value, spreadAddress.chosen), refused: decodeCount(value, spreadAddress.refused) };
    });
    const destinations = this.destinations.entries().map(([key, value]): SpreadDestinationCounts => {
      const place = viewOf(key);
      return { destination: decodeAddress(place, spreadDestination.address, place.getUint16(spreadDestination.family, true) === 2), port: place.getUint16(spreadDestination.port), connects: decodeCount(value) };
    });
    return {
      addresses,
      destinations: destinations.sort((left, right) => right.connects - left.connects || left.destination.compare(right.destination) || left.port - right.port),
      leftAlone: { alreadyBound: counter('alreadyBound'), loopback: counter('loopback'), notSelected: counter('notSelected'), otherProtocol: counter('otherProtocol'), noAddress: counter('noAddress') },
      keptDefault: counter('keptDefault'),
    };
  }

  close(): void {
    this.info.close();
    this.addresses.close();
    this.destinations.close();
  }
}

function keyOf(index: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(index).buffer);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Loads both programs, attaches neither. @throws UnsupportedError with what is missing */
export function tryToSpread(): void {
  const maps = new SpreadMapsInUse(2);
  try {
    for (const family of [4, 6] as const) {
      const code = spreadProgram(family, { ipv4: 1, ipv6: 1, destinations: [], ports: [], includesLoopback: false }, { addresses: maps.addresses.fd, destinations: maps.destinations.fd, info: maps.info.fd });
      loadLibc().close(loadProgram({ name: PROGRAM_NAMES[family], type: 'cgroupSocketAddress', attach: family === 4 ? 'cgroupConnect4' : 'cgroupConnect6', code }));
    }
  } finally {
    maps.close();
  }
}
