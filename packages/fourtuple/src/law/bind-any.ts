import type { Ruling } from './clause.ts';
import { isMappedOnV6Only, isPassedOver, isPassedOverRelaxed, type BindOperation, type BindRules } from './bind.ts';
import { ruleEachWay } from './certainty.ts';
import type { LawHolder } from './holder.ts';
import { effectiveRange, mayMissOne, type SocketPortRange } from './range.ts';

/** bind(address, 0), or what chooses a port like it. */
export interface BindAnyOperation extends BindOperation {
  readonly ownRange?: SocketPortRange | undefined;
}

/**
 * What bind(address, 0) does, or listen() without a port, or a UDP connect() without one: the kernel looks for a port
 * that no holder takes from this address (`inet_csk_find_open_port`, `udp_lib_get_port`).
 * @param refusal EADDRINUSE from bind() and listen(), EAGAIN from a UDP connect().
 */
export function ruleBindAny<H extends LawHolder>(operation: BindAnyOperation, holdersOn: (port: number) => readonly H[], rules: BindRules, refusal: 'EADDRINUSE' | 'EAGAIN' = 'EADDRINUSE'): Ruling<H> {
  const isRefused = isMappedOnV6Only(operation);
  if (isRefused !== false) return { outcome: isRefused === true ? 'fails' : 'unknown', errno: 'EINVAL', clause: 'mapped-on-v6only', holders: [] };
  if (!operation.isLocalAddress) return { outcome: 'fails', errno: 'EADDRNOTAVAIL', clause: 'address-not-local', holders: [] };
  const { low, high } = effectiveRange(rules.localPortRange, operation.ownRange);
  const ports = Array.from({ length: high - low + 1 }, (_, index) => low + index);
  return ruleEachWay(operation, () => ports.flatMap((port) => holdersOn(port).map(({ uid }) => uid)), (one) => ruleSearch(one, holdersOn, rules, refusal));
}

function ruleSearch<H extends LawHolder>(operation: BindAnyOperation, holdersOn: (port: number) => readonly H[], rules: BindRules, refusal: 'EADDRINUSE' | 'EAGAIN'): Ruling<H> {
  const range = effectiveRange(rules.localPortRange, operation.ownRange);
  const isRelaxed = rules.autobindReuse && operation.protocol === 'tcp' && operation.reuseAddress !== false;
  let free = 0;
  let unknown = 0;
  let usable = 0;
  const deciding: H[] = [];
  for (let port = range.low; port <= range.high; port++) {
    if (rules.reservedPorts.has(port)) continue;
    usable++;
    const holders = holdersOn(port);
    const isPassed = isRelaxed ? isPassedOverRelaxed(operation, holders) : isPassedOver(operation, holders);
    if (isPassed === false) free++;
    else if (isPassed === undefined) unknown++;
    else deciding.push(...holders);
  }
  if (free === 1 && mayMissOne(range)) return { outcome: 'unknown', errno: refusal, clause: 'odd-range', holders: deciding };
  if (free > 0) return { outcome: 'succeeds', errno: undefined, clause: 'port-found', holders: [] };
  return { outcome: unknown > 0 ? 'unknown' : 'fails', errno: refusal, clause: usable === 0 ? 'range-reserved' : 'range-held', holders: deciding };
}
