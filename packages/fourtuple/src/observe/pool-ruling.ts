import type { PortSocket, Ruling } from '../law/index.ts';
import type { Settings } from '../model/index.ts';
import type { BindPoolUsage } from '../usage/index.ts';

/**
 * Whether the count of a pool is all that bind(address, 0) goes by. It counts every port that anybody takes from the
 * address; devices, IPV6_V6ONLY, ip_autobind_reuse and the flags of UDP let a socket find more than that.
 */
export function isPoolExact(socket: Pick<PortSocket, 'protocol' | 'address' | 'v6Only' | 'device' | 'reuseAddress' | 'reusePort'>, settings: Pick<Settings, 'autobindReuse'>, isProbed: boolean): boolean {
  const { protocol, address, v6Only, device, reuseAddress, reusePort } = socket;
  if (device !== 0 || (v6Only === true && address.isUnspecified)) return false;
  // Whether IPv6 sockets on addresses of their own are in the way of 0.0.0.0 is found out by trial.
  if (!isProbed && address.isIpv4 && address.isUnspecified) return false;
  return protocol === 'tcp' ? !(settings.autobindReuse && reuseAddress === true) : reuseAddress === false && reusePort === false;
}

/** What bind(address, 0) does, from how many ports its pool has free. */
export function ruleBindPool(pool: BindPoolUsage, { isExact, canMissOne }: { isExact: boolean; canMissOne: boolean }): Ruling<never> {
  if (pool.free === 1 && canMissOne) return { outcome: 'unknown', errno: 'EADDRINUSE', clause: 'odd-range', holders: [] };
  if (pool.free > 0) return { outcome: 'succeeds', errno: undefined, clause: 'port-found', holders: [] };
  if (pool.capacity === 0) return { outcome: 'fails', errno: 'EADDRINUSE', clause: 'range-reserved', holders: [] };
  return { outcome: isExact ? 'fails' : 'unknown', errno: 'EADDRINUSE', clause: 'range-held', holders: [] };
}
