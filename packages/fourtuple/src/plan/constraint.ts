import { mappingHold, portsInUse, type HostSupply, type ServiceDemand } from './demand.ts';
import type { NatProfile } from './nat-profile.ts';
import { ciliumLossOf, natLossOf, NEGLIGIBLE_LOSS, worstNatLoss } from './nat-search.ts';
import { hayward } from './queues.ts';
import { zeroOf } from './search.ts';
import { lossOver } from './sources.ts';

export type ConstraintId = 'source-ports' | 'bind-pool' | 'descriptors' | 'conntrack' | 'nat-ports' | 'nat-connections';

/** One limit, and what a load does to it. */
export interface Constraint {
  readonly id: ConstraintId;
  /** `source ports to one destination`. */
  readonly title: string;
  /** Services that share it. */
  readonly services: readonly string[];
  /** What it has, in its own unit: ports, connections, descriptors. */
  readonly capacity: number;
  readonly unit: 'ports' | 'connections' | 'descriptors';
  /** What would be in use on average, were there no limit. */
  readonly offered: number;
  /** Load that it carries with at most the loss that was asked for. */
  readonly safeOffered: number;
  /** offered over safeOffered: above 1 it loses more than was asked for. */
  readonly ratio: number;
  /** Share of the connections that fail for it. */
  readonly loss: number;
}

const CONNTRACK_HOLD = { fin: 120, reset: 10 } as const;

/** Every limit that a service meets alone: its tuples, and its NAT. */
export function constraintsOf(service: ServiceDemand, host: HostSupply, loss: number): Constraint[] {
  const perDestination = portsInUse(service, host) / service.destinations;
  const z = peakednessOfShare(service);
  const services = [service.name];
  const found: Constraint[] = [];
  if (!service.bindsFirst) {
    const lossAt = (offered: number): number => lossOver(host.policy, host.sources, host.usablePorts, offered, z);
    found.push(judged({ id: 'source-ports', title: 'source ports to one destination', services, capacity: host.sources * host.usablePorts, unit: 'ports', offered: perDestination }, lossAt, loss));
  }
  const { nat } = service;
  if (nat !== undefined) {
    const { profile, addresses, hosts } = nat;
    const held = service.ratePerSecond * mappingHold(service, profile.holdSeconds);
    // Of a port that serves one destination only, all destinations take.
    const shared = profile.isForAllDestinations === true ? 1 : service.destinations;
    const whose = profile.isForAllDestinations === true ? 'to all destinations' : 'to one destination';
    const spread = profile.isForAllDestinations === true ? service.peakedness : z;
    // What a NAT shares between hosts is smoother by no more than it is spread: the bursts of one host stay its own.
    if (profile.scope === 'per-host') {
      const lossAt = (offered: number): number => hayward(profile.ports, offered, spread);
      found.push(judged({ id: 'nat-ports', title: `ports of a host in ${profile.title}, ${whose}`, services, capacity: profile.ports, unit: 'ports', offered: held / shared }, lossAt, loss));
    } else {
      const offered = (held * hosts) / shared;
      const lossAt = (load: number): number => natLoss(profile, addresses, load, spread);
      found.push(judged({ id: 'nat-ports', title: `ports of ${profile.title} ${whose}`, services, capacity: profile.ports * addresses, unit: 'ports', offered }, lossAt, loss));
    }
    if (profile.mostConnections !== undefined) {
      const most = profile.mostConnections;
      found.push(judged({ id: 'nat-connections', title: `connections of ${profile.title}`, services, capacity: most, unit: 'connections', offered: held * hosts }, (load) => hayward(most, load, service.peakedness), loss));
    }
  }
  return found;
}

/** The limits that all services of a host share. */
export function sharedConstraints(services: readonly ServiceDemand[], host: HostSupply, loss: number): Constraint[] {
  const found: Constraint[] = [];
  const shared = (of: readonly ServiceDemand[], in1: (service: ServiceDemand) => number): { offered: number; z: number; services: string[] } => {
    const offered = of.reduce((sum, service) => sum + in1(service), 0);
    // Independent streams: their variances add up.
    const variance = of.reduce((sum, service) => sum + in1(service) * service.peakedness, 0);
    return { offered, z: offered === 0 ? 1 : variance / offered, services: of.map(({ name }) => name) };
  };
  const binding = services.filter((service) => service.bindsFirst);
  if (binding.length > 0) {
    const { offered, z, services: names } = shared(binding, (service) => portsInUse(service, host));
    found.push(judged({ id: 'bind-pool', title: 'ports for bind(source, 0), over all destinations', services: names, capacity: host.sources * host.usablePorts, unit: 'ports', offered }, (load) => lossOver(host.policy, host.sources, host.usablePorts, load, z), loss));
  }
  const { descriptors, conntrackMax } = host;
  if (descriptors !== undefined) {
    const { offered, z, services: names } = shared(services, (service) => service.ratePerSecond * service.lifetimeSeconds);
    found.push(judged({ id: 'descriptors', title: 'file descriptors of the process', services: names, capacity: descriptors, unit: 'descriptors', offered }, (load) => hayward(descriptors, load, z), loss));
  }
  if (conntrackMax !== undefined) {
    const { offered, z, services: names } = shared(services, (service) => service.ratePerSecond * mappingHold(service, CONNTRACK_HOLD));
    found.push(judged({ id: 'conntrack', title: "entries of this host's connection tracking", services: names, capacity: conntrackMax, unit: 'connections', offered }, (load) => hayward(conntrackMax, load, z), loss));
  }
  return found;
}

/** Of one destination among several: what is spread at random loses its burstiness. */
function peakednessOfShare({ peakedness, destinations }: ServiceDemand): number {
  return 1 + (peakedness - 1) / destinations;
}

/** Loss of a NAT whose addresses are chosen by a hash (bounded search), or whose ports are one pool. */
function natLoss({ ports, hasBoundedSearch, searchTries }: NatProfile, addresses: number, offered: number, peakedness: number): number {
  if (hasBoundedSearch !== true) return hayward(ports * addresses, offered, peakedness);
  const each = offered / addresses;
  const plain = hayward(ports, each, 1 + (peakedness - 1) / addresses);
  // A size that is in no table is judged by its neighbours' worst: too high rather than too low.
  const searched = searchTries === undefined ? (natLossOf(ports, each) ?? worstNatLoss(each / ports)) : ciliumLossOf(each / ports);
  return Math.max(plain, searched <= NEGLIGIBLE_LOSS ? 0 : searched);
}

function judged(what: Omit<Constraint, 'safeOffered' | 'ratio' | 'loss'>, lossAt: (offered: number) => number, loss: number): Constraint {
  const safeOffered = what.capacity === 0 ? 0 : safeLoad(lossAt, what.capacity, loss);
  return { ...what, safeOffered, ratio: safeOffered === 0 ? (what.offered === 0 ? 0 : Number.POSITIVE_INFINITY) : what.offered / safeOffered, loss: what.capacity === 0 ? (what.offered === 0 ? 0 : 1) : lossAt(what.offered) };
}

/** Largest load with at most this loss: every loss here grows with the load. */
function safeLoad(lossAt: (offered: number) => number, capacity: number, loss: number): number {
  // One that loses nothing below its capacity is bounded by what it has: B >= 1 - c/a.
  const high = capacity / (1 - loss);
  if (lossAt(high) <= loss) return high;
  const found = zeroOf((offered) => lossAt(offered) - loss, 0, high);
  return lossAt(found) <= loss ? found : found * (1 - 2 ** -50);
}

