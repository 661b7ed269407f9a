import type { Ruling } from './clause.ts';
import { isPassedOver, isPassedOverRelaxed, type BindOperation, type BindRules } from './bind.ts';
import type { LawHolder } from './holder.ts';
import { effectiveRange, mayMissOne, type SocketPortRange } from './range.ts';

/**
 * What bind(address, 0) does, or listen() without a port, or a UDP connect() without one: the kernel looks for a port
 * that no holder takes from this address (`inet_csk_find_open_port`, `udp_lib_get_port`).
 * @param refusal EADDRINUSE from bind() and listen(), EAGAIN from a UDP connect().
 */
export function ruleBindAny<H extends LawHolder>(
  operation: BindOperation & { readonly ownRange?: SocketPortRange | undefined },
  holdersOn: (port: number) => readonly H[],
  rules: BindRules,
  refusal: 'EADDRINUSE' | 'EAGAIN' = 'EADDRINUSE',
): Ruling<H> {
  if (operation.isIpv6Socket && operation.v6Only === true && operation.address.isIpv4) return { outcome: 'fails', errno: 'EINVAL', clause: 'mapped-on-v6only', holders: [] };
  if (!operation.isLocalAddress) return { outcome: 'fails', errno: 'EADDRNOTAVAIL', clause: 'address-not-local', holders: [] };
  const range = effectiveRange(rules.localPortRange, operation.ownRange);
  let free = 0;
  let unknown = 0;
  let usable = 0;
  const deciding: H[] = [];
  for (let port = range.low; port <= range.high; port++) {
    if (rules.reservedPorts.has(port)) continue;
    usable++;
    const holders = holdersOn(port);
    const isPassed = rules.autobindReuse && operation.protocol === 'tcp' && operation.reuseAddress !== false ? isPassedOverRelaxed(operation, holders) : isPassedOver(operation, holders);
    if (isPassed === false) free++;
    else if (isPassed === undefined) unknown++;
    else deciding.push(...holders);
  }
  if (free === 1 && mayMissOne(range)) return { outcome: 'unknown', errno: refusal, clause: 'odd-range', holders: deciding };
  if (free > 0) return { outcome: 'succeeds', errno: undefined, clause: 'port-found', holders: [] };
  return { outcome: unknown > 0 ? 'unknown' : 'fails', errno: refusal, clause: usable === 0 ? 'range-reserved' : 'range-held', holders: deciding };
}
