import { endpointText, newestKernel, type Address, type PortRange, type PortSet, type Settings } from '../model/index.ts';
import type { Ruling } from './clause.ts';
import { and, not, or, type LawHolder, type Truth } from './holder.ts';
import { effectiveRange, mayMissOne, type SocketPortRange } from './range.ts';
import { isReusableAge } from './time-wait.ts';

export interface ConnectRules extends Pick<Settings, 'tcpTwReuse' | 'tcpTwReuseDelayMs'> {
  readonly localPortRange: PortRange;
  readonly reservedPorts: PortSet;
  /** {@link newestKernel} where it is not said. */
  readonly kernel?: Settings['kernel'];
}

/** connect() of a TCP socket whose port the kernel chooses: unbound, or bound with IP_BIND_ADDRESS_NO_PORT. */
export interface ConnectOperation {
  /** As the route, or bind(), gives it. */
  readonly source: Address;
  readonly destination: Address;
  readonly destinationPort: number;
  /** Interface of SO_BINDTODEVICE, 0 for none. */
  readonly device: number;
  readonly ownRange?: SocketPortRange | undefined;
}

/** What connect() meets on one port of the range. */
export type PortVerdict = 'free' | 'reserved' | 'explicit' | 'taken' | 'time-wait' | 'unknown';

/** How many ports of the range are in which way. */
export type PortCounts = Readonly<Record<PortVerdict, number>>;

/** True where the two are one connection's ends (`inet_match`): a holder with a device meets its device's sockets alone. */
export function isSameFourTuple(operation: ConnectOperation, holder: LawHolder): boolean {
  return (
    holder.protocol === 'tcp' &&
    holder.remotePort === operation.destinationPort &&
    holder.remote.equals(operation.destination) &&
    holder.address.equals(operation.source) &&
    (holder.device === 0 || holder.device === operation.device)
  );
}

/**
 * One port, as `__inet_hash_connect` looks at it: lost when anybody holds it explicitly, on any address and of either
 * family; else only the exact four-tuple matters. Before Linux 6.18 (and 6.17.8) a port that had an explicit holder
 * once stays lost until nobody holds it, and those who do may not have seen that one.
 */
export function judgePort(operation: ConnectOperation, holders: readonly LawHolder[], rules: ConnectRules): PortVerdict {
  const tcp = holders.filter((holder) => holder.protocol === 'tcp');
  const isExplicit = or(...tcp.map((holder) => (holder.isAccepted === true ? undefined : not(holder.isConnectChosen))));
  if (isExplicit === true) return 'explicit';
  const same = tcp.filter((holder) => isSameFourTuple(operation, holder));
  const blocking = new Set(same.map((holder) => not(isTakenOver(holder, rules))));
  // Two devices may have one four-tuple twice: the kernel goes by the one that it meets first, mostly the youngest.
  if (blocking.has(true) && blocking.size > 1) return 'unknown';
  if (blocking.has(true)) return same.some((holder) => !holder.isBucket) ? 'taken' : 'time-wait';
  const mayBeLost = tcp.length > 0 && rules.kernel?.portsRecover === false;
  return isExplicit === undefined || mayBeLost || blocking.has(undefined) ? 'unknown' : 'free';
}

function isTakenOver(holder: LawHolder, rules: ConnectRules): Truth {
  if (!holder.isBucket) return false;
  return and(isReusableAge(holder, rules), holder.hadTimestamps);
}

/** @param holdersOn of a port; called for the ports of the range that are not reserved. */
export function ruleConnect<H extends LawHolder>(operation: ConnectOperation, holdersOn: (port: number) => readonly H[], rules: ConnectRules): Ruling<H> {
  const range = effectiveRange(rules.localPortRange, operation.ownRange);
  const counts: Record<PortVerdict, number> = { free: 0, reserved: 0, explicit: 0, taken: 0, 'time-wait': 0, unknown: 0 };
  const deciding: H[] = [];
  for (let port = range.low; port <= range.high; port++) {
    const holders = rules.reservedPorts.has(port) ? [] : holdersOn(port);
    const verdict = rules.reservedPorts.has(port) ? 'reserved' : judgePort(operation, holders, rules);
    counts[verdict]++;
    if (verdict !== 'free' && verdict !== 'reserved') deciding.push(...holders.filter((holder) => verdict === 'explicit' ? holder.isConnectChosen === false : isSameFourTuple(operation, holder)));
  }
  return { ...rulePool(counts, connectMayMissOne(range, operation.ownRange, rules.kernel)), holders: deciding };
}

/** True where connect() may leave one port of the range untried; with a range of its own it tries all, since Linux 6.8. */
export function connectMayMissOne(range: PortRange, ownRange: SocketPortRange | undefined, kernel: Settings['kernel'] = newestKernel): boolean {
  return mayMissOne(range) && (ownRange === undefined || !kernel.rangeOptionTriesAll);
}

/** What connect() does, from how the ports of its range are. */
export function rulePool(counts: PortCounts, canMissOne: boolean): Omit<Ruling, 'holders'> {
  if (counts.free === 1 && canMissOne) return { outcome: 'unknown', errno: 'EADDRNOTAVAIL', clause: 'odd-range' };
  if (counts.free > 0) return { outcome: 'succeeds', errno: undefined, clause: 'port-shared' };
  const taken = counts.taken + counts['time-wait'];
  // An unknown port, if it is not free, is one or the other.
  const clause = counts.unknown > 0 ? 'ports-explicit-or-taken' : taken + counts.explicit === 0 ? 'range-reserved' : counts.explicit === 0 ? 'four-tuples-taken' : taken === 0 ? 'ports-explicit' : 'ports-explicit-or-taken';
  return { outcome: counts.unknown > 0 ? 'unknown' : 'fails', errno: 'EADDRNOTAVAIL', clause };
}

/**
 * connect() of a socket that has its port already, by bind(address, port) or bind(address, 0): only the exact four-tuple
 * can be in the way, and a TIME_WAIT or FIN_WAIT2 bucket that used timestamps is taken over whatever tcp_tw_reuse says
 * (`__inet_check_established` without a port to choose).
 * @param holders of the local port, the socket itself left out.
 */
export function ruleConnectBound<H extends LawHolder>(operation: ConnectOperation, holders: readonly H[]): Ruling<H> {
  const same = holders.filter((holder) => isSameFourTuple(operation, holder));
  const live = same.filter((holder) => !holder.isBucket);
  const mayTakeOver = same.some((holder) => holder.isBucket && holder.hadTimestamps !== false);
  if (live.length > 0) return { outcome: mayTakeOver ? 'unknown' : 'fails', errno: 'EADDRNOTAVAIL', clause: 'four-tuple-taken', holders: live };
  const stuck = same.filter((holder) => holder.hadTimestamps !== true);
  if (stuck.length > 0) return { outcome: mayTakeOver ? 'unknown' : 'fails', errno: 'EADDRNOTAVAIL', clause: 'time-wait-not-reusable', holders: stuck };
  return { outcome: 'succeeds', errno: undefined, clause: same.length > 0 ? 'time-wait-taken-over' : 'four-tuple-free', holders: same };
}

/** `10.0.0.1:40000 → 10.0.0.9:443`, for sentences about one holder. */
export function fourTupleText(holder: Pick<LawHolder, 'address' | 'port' | 'remote' | 'remotePort'>): string {
  return holder.remotePort === 0 ? endpointText(holder.address, holder.port) : `${endpointText(holder.address, holder.port)} → ${endpointText(holder.remote, holder.remotePort)}`;
}
