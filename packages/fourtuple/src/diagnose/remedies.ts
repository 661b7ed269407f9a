import { endpointText, grouped, PortSet, rangeSize, type Settings } from '../model/index.ts';
import type { NamespaceUsage, TupleUsage } from '../usage/index.ts';
import { knownServices } from '../knobs/services/known-services.ts';
import type { Remedy } from './finding.ts';

const WIDEST = { low: 1024, high: 65535 } as const;

/**
 * Widening the range, with every port that listens or is a well-known service's in the new part reserved, appended to
 * what is reserved already: a write to ip_local_reserved_ports replaces the whole list.
 */
export function widenRange(settings: Settings, usage: NamespaceUsage): Remedy | undefined {
  const { localPortRange } = settings;
  const start = Math.min(localPortRange.low, Math.max(WIDEST.low, settings.unprivilegedPortStart ?? WIDEST.low));
  const gained = WIDEST.high - start + 1 - rangeSize(localPortRange);
  if (gained <= 0) return undefined;
  const reserved = settings.reservedPorts.clone().addAll(PortSet.of([...knownServices.keys()].filter((port) => port < localPortRange.low || port > localPortRange.high)));
  for (const { port } of usage.listeners) if (port >= start) reserved.add(port);
  return {
    title: `Widen the range: up to ${grouped(gained)} more ports for every destination, at once, existing connections untouched`,
    command: `sysctl -w net.ipv4.ip_local_reserved_ports="${reserved.toString()}" net.ipv4.ip_local_port_range="${start} ${WIDEST.high}"`,
    risk: 'Services on ports in the new part that are not in the reserved list can find their port taken when they restart; firewalls may expect the old range. Not inherited by containers; gone at the next boot unless it is also written to /etc/sysctl.d.',
  };
}

/** Reusing TIME_WAIT, where that would free something. */
export function reuseTimeWait(settings: Settings, tuple: TupleUsage): Remedy | undefined {
  if (settings.tcpTwReuse === 1 || !settings.tcpTimestamps || tuple.timeWait - tuple.reusableTimeWait < tuple.used / 10) return undefined;
  return {
    title: `Let outgoing connections reuse TIME_WAIT after ${grouped(settings.tcpTwReuseDelayMs)} ms: ${grouped(tuple.timeWait - tuple.reusableTimeWait)} of the ${grouped(tuple.used)} used ports are in it`,
    command: 'sysctl -w net.ipv4.tcp_tw_reuse=1',
    risk: 'Both ends need TCP timestamps. Helps only connections that this side opened and closed first.',
  };
}

/** The remedies that need no privilege, best first. */
export function lessConnections(tuple: TupleUsage): Remedy[] {
  const where = endpointText(tuple.destination, tuple.destinationPort);
  return [
    {
      title: `Reuse connections to ${where} (a pool, keep-alive) instead of opening one for each request`,
      risk: 'None for the host; the program must bound its pool.',
    },
    {
      title: `Use one more source or destination address: each brings another ${grouped(tuple.capacity)} ports`,
      risk: 'Programs that set a source address must use IP_BIND_ADDRESS_NO_PORT, or each of their connections costs a port for all destinations.',
    },
  ];
}

/** A remedy with its command, if there is one that can be pasted. */
export function remedyOf(title: string, command: string | undefined, risk: string): Remedy {
  return command === undefined ? { title, risk } : { title, command, risk };
}

export function present<T>(...items: readonly (T | undefined)[]): T[] {
  return items.filter((item) => item !== undefined);
}
