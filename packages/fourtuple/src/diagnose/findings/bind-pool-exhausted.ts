import { grouped, percent, plural } from '../../model/index.ts';
import type { BindPoolUsage, NamespaceUsage } from '../../usage/index.ts';
import type { Finding, Inspected, Rule, Severity } from '../finding.ts';
import { present, widenRange } from '../remedies.ts';

export const bindPoolExhausted: Rule = {
  id: 'bind-pool-exhausted',
  summary: 'bind(source, 0) finds no port: EADDRINUSE, which Node reports as "connect EADDRINUSE".',
  severity: 'critical when programs bind this way from that address, or for UDP; info otherwise',
  advice: 'Set IP_BIND_ADDRESS_NO_PORT in programs that choose a source address; for UDP reuse sockets; widen the range.',
  evidence: 'used, capacity',
  inspect: (inspected) => relevantPools(inspected, (pool) => pool.free <= 0).map((pool) => describePool(inspected, pool, 'critical', 'is exhausted')),
};

/** Pools that satisfy a condition; of those that are full for the same reason only the most specific is told. */
export function relevantPools({ usage }: Inspected, condition: (pool: BindPoolUsage) => boolean): BindPoolUsage[] {
  const full = usage.bindPools.filter(condition);
  // The wildcards are at least as full as any address; for TCP they are told only when no address is.
  const specific = full.filter((pool) => !pool.source.isUnspecified);
  const tcp = specific.filter((pool) => pool.protocol === 'tcp');
  const udp = full.filter((pool) => pool.protocol === 'udp' && (pool.source.isIpv4 || !full.some((other) => other.protocol === 'udp' && other.source.isIpv4)) && pool.source.isUnspecified);
  return [...(tcp.length > 0 ? tcp : full.filter((pool) => pool.protocol === 'tcp').slice(0, 1)), ...udp].sort((left, right) => right.ratio - left.ratio).slice(0, 5);
}

/** Whether anybody binds source addresses here: only those meet an exhausted bind pool. */
function programsBind(usage: NamespaceUsage): boolean {
  return usage.poisoned.some((group) => group.kind === 'bound-connected' || group.kind === 'bound-idle');
}

export function describePool(inspected: Inspected, pool: BindPoolUsage, severity: Severity, verb: string): Omit<Finding, 'id' | 'namespace' | 'reference'> {
  const { usage, settings } = inspected;
  const address = pool.source.toString();
  const matters = pool.protocol === 'udp' || programsBind(usage);
  const why =
    pool.protocol === 'udp'
      ? 'Every UDP socket owns its port on its address, whatever its destination: when none is left, connect() and sendto() fail with EAGAIN and bind() with EADDRINUSE. IP_BIND_ADDRESS_NO_PORT does not help UDP.'
      : `bind(${address}, 0) refuses every port that any socket holds on an overlapping address, connections to any destination included. Programs that bind a source address this way (Node's localAddress does), or listen on port 0, get EADDRINUSE; Node reports it as "connect EADDRINUSE". Plain connect() is not affected.${matters ? '' : ' No program was seen to bind so now.'}`;
  return {
    severity: matters ? severity : 'info',
    title: `The ${pool.protocol.toUpperCase()} bind pool of ${address} ${verb}: ${grouped(pool.used)} of ${grouped(pool.capacity)} ports held (${percent(pool.ratio)}), ${plural(Math.max(0, pool.free), 'port')} left`,
    why,
    evidence: [
      { name: 'used', value: pool.used, unit: 'ports' },
      { name: 'capacity', value: pool.capacity, unit: 'ports' },
    ],
    remedies: [
      pool.protocol === 'udp'
        ? { title: 'Reuse UDP sockets, or close idle ones (a resolver cache saves DNS sockets)', risk: 'None for the host.' }
        : { title: 'In the program: set IP_BIND_ADDRESS_NO_PORT before bind(address, 0), so that connect() chooses the port for its destination', risk: 'None.' },
      ...present(widenRange(settings, usage)),
    ],
  };
}
