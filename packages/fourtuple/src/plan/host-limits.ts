import { mappingHold, portsInUse, type HostSupply, type ServiceDemand } from './demand.ts';
import { mix, type Limit, type Part } from './limit.ts';
import { hayward } from './queues.ts';
import { lossOver } from './sources.ts';

const CONNTRACK_HOLD = { fin: 120, reset: 10 } as const;

/** What a host has: ports for connect(), ports for bind(source, 0), descriptors, entries of connection tracking. */
export function hostLimits(services: readonly ServiceDemand[], host: HostSupply): Limit[] {
  const usable = Math.max(0, host.usablePorts - portsLostToBinders(services, host));
  const connecting = services.filter((service) => !service.bindsFirst);
  return [
    ...connecting.map((service): Limit => {
      const { contributions, peakedness } = mix([{ name: service.name, load: portsInUse(service, host) / service.destinations, peakedness: peakednessOfShare(service) }]);
      return { id: 'source-ports', title: 'source ports to one destination', capacity: host.sources * usable, unit: 'ports', contributions, background: 0, lossAt: (offered) => lossOver(host.policy, host.sources, usable, offered, peakedness) };
    }),
    ...bindPools(services, host),
    ...(host.descriptors === undefined ? [] : [shared('descriptors', 'file descriptors of the process', 'descriptors', host.descriptors, services.map((service) => ({ name: service.name, load: service.ratePerSecond * service.lifetimeSeconds, peakedness: service.peakedness })))]),
    ...(host.conntrackMax === undefined ? [] : [shared('conntrack', "entries of this host's connection tracking", 'connections', host.conntrackMax, services.map((service) => ({ name: service.name, load: service.ratePerSecond * mappingHold(service, CONNTRACK_HOLD), peakedness: service.peakedness })))]),
  ];
}

function shared(id: Limit['id'], title: string, unit: Limit['unit'], capacity: number, parts: readonly Part[]): Limit {
  const { contributions, peakedness } = mix(parts);
  return { id, title, capacity, unit, contributions, background: 0, lossAt: (offered) => hayward(capacity, offered, peakedness) };
}

/** A port that bind(source, 0) took on any address is lost to every connect(): the distinct ones over all addresses. */
function portsLostToBinders(services: readonly ServiceDemand[], host: HostSupply): number {
  const { usablePorts, sources } = host;
  if (usablePorts === 0) return 0;
  const bySource = new Map<string, number>();
  for (const service of services) if (service.bindsFirst) bySource.set(service.source ?? '', (bySource.get(service.source ?? '') ?? 0) + portsInUse(service, host));
  let kept = 1;
  for (const [source, ports] of bySource) {
    // Services without a named source spread over all of them.
    const spread = source === '' ? sources : 1;
    kept *= (1 - Math.min(1, ports / spread / usablePorts)) ** spread;
  }
  return usablePorts * (1 - kept);
}

/** bind(source, 0) refuses every port that anybody has on this source, whatever the destination. */
function bindPools(services: readonly ServiceDemand[], host: HostSupply): Limit[] {
  const found: Limit[] = [];
  const sources = new Set(services.filter(({ bindsFirst }) => bindsFirst).map(({ source }) => source));
  for (const source of sources) {
    const binders = services.filter((service) => service.bindsFirst && service.source === source);
    const spread = source === undefined ? host.sources : 1;
    const { contributions, peakedness } = mix(binders.map((service) => ({ name: service.name, load: portsInUse(service, host), peakedness: service.peakedness })));
    // connect()s share ports between destinations: of those that they have, the distinct ones.
    let free = 1;
    for (const service of services) {
      if (service.bindsFirst || (source !== undefined && service.source !== undefined && service.source !== source)) continue;
      free *= (1 - Math.min(1, portsInUse(service, host) / service.destinations / spread / Math.max(1, host.usablePorts))) ** service.destinations;
    }
    const background = spread * host.usablePorts * (1 - free);
    found.push({ id: 'bind-pool', title: `ports for bind(${source ?? 'source'}, 0), over all destinations`, capacity: spread * host.usablePorts, unit: 'ports', contributions, background, lossAt: (offered) => lossOver(host.policy, spread, host.usablePorts, offered, peakedness) });
  }
  return found;
}

/** Of one destination among several: what is spread at random loses its burstiness. */
export function peakednessOfShare({ peakedness, destinations }: Pick<ServiceDemand, 'peakedness' | 'destinations'>): number {
  return 1 + (peakedness - 1) / destinations;
}
