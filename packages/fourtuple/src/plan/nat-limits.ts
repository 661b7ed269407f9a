import { mappingHold, type NatDemand, type ServiceDemand } from './demand.ts';
import { peakednessOfShare } from './host-limits.ts';
import { mix, type Limit } from './limit.ts';
import type { NatProfile } from './nat-profile.ts';
import { azureDefaultSnatPorts, azureManualSnatPorts } from './nat-profiles.ts';
import { ciliumLossOf, natLossOf, NEGLIGIBLE_LOSS, worstNatLoss } from './nat-search.ts';
import { hayward } from './queues.ts';

interface Natted extends ServiceDemand {
  readonly nat: NatDemand;
}

/** What the NATs on the way have. Services behind one profile share its gateway; their destinations are their own. */
export function natLimits(services: readonly ServiceDemand[]): Limit[] {
  const natted = services.filter((service): service is Natted => service.nat !== undefined);
  const gateways = new Map<string, Natted[]>();
  for (const service of natted) gateways.set(service.nat.profile.name, [...(gateways.get(service.nat.profile.name) ?? []), service]);
  return [...gateways.values()].flatMap(gatewayLimits);
}

function gatewayLimits(services: readonly Natted[]): Limit[] {
  const { profile } = services[0]!.nat;
  const addresses = Math.max(...services.map(({ nat }) => nat.addresses));
  const hosts = Math.max(...services.map(({ nat }) => nat.hosts));
  const held = (service: Natted): number => service.ratePerSecond * mappingHold(service, profile.holdSeconds) * (profile.scope === 'per-host' ? 1 : service.nat.hosts);
  const portsOf = (whose: readonly Natted[], isShared: boolean): Limit => {
    const { contributions, peakedness } = mix(whose.map((service) => ({ name: service.name, load: isShared ? held(service) : held(service) / service.destinations, peakedness: isShared ? service.peakedness : peakednessOfShare(service) })));
    const where = isShared ? 'to all destinations' : 'to one destination';
    if (profile.scope === 'per-host') {
      const capacity = portsOfHost(profile, addresses, hosts);
      return { id: 'nat-ports', title: `ports of a host in ${profile.title}, ${where}`, capacity, unit: 'ports', contributions, background: 0, lossAt: (offered) => hayward(capacity, offered, peakedness) };
    }
    return { id: 'nat-ports', title: `ports of ${profile.title} ${where}`, capacity: profile.ports * addresses, unit: 'ports', contributions, background: 0, lossAt: (offered) => natLoss(profile, addresses, offered, peakedness) };
  };
  const limits = profile.isForAllDestinations === true ? [portsOf(services, true)] : services.map((service) => portsOf([service], false));
  const { mostConnections } = profile;
  if (mostConnections !== undefined) {
    const { contributions, peakedness } = mix(services.map((service) => ({ name: service.name, load: held(service), peakedness: service.peakedness })));
    limits.push({ id: 'nat-connections', title: `connections of ${profile.title}`, capacity: mostConnections, unit: 'connections', contributions, background: 0, lossAt: (offered) => hayward(mostConnections, offered, peakedness) });
  }
  return limits;
}

/** Ports of each of so many hosts: what the profile gives, and no more than its addresses have for all. */
export function portsOfHost(profile: NatProfile, addresses: number, hosts: number): number {
  if (profile.name === 'azure-lb-default-snat') return azureDefaultSnatPorts(hosts, addresses);
  if (profile.name === 'azure-lb-manual') return Math.min(profile.ports, azureManualSnatPorts(hosts, addresses));
  return profile.portsPerAddress === undefined ? profile.ports : Math.min(profile.ports, Math.floor((profile.portsPerAddress * addresses) / hosts));
}

/** Loss of a NAT whose addresses are chosen by a hash (bounded search), or whose ports are one pool. */
function natLoss({ ports, hasBoundedSearch, searchTries }: NatProfile, addresses: number, offered: number, peakedness: number): number {
  if (hasBoundedSearch !== true) return hayward(ports * addresses, offered, peakedness);
  const each = offered / addresses;
  const plain = hayward(ports, each, 1 + (peakedness - 1) / addresses);
  // A size that is in no table is judged by the worst of those that are: too high rather than too low.
  const searched = searchTries === undefined ? (natLossOf(ports, each) ?? worstNatLoss(each / ports)) : ciliumLossOf(each / ports);
  return Math.max(plain, searched <= NEGLIGIBLE_LOSS ? 0 : searched);
}
