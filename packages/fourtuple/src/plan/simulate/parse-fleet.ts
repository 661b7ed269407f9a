import { natLossOf } from '../nat-search.ts';
import { portsOfHost } from '../nat-limits.ts';
import { natProfiles, type NatProfile } from '../nat-profiles.ts';
import { closings } from '../hold.ts';
import { policies } from '../source-policy.ts';
import type { RateCurve, Spike } from './curve.ts';
import { Fields, FleetSpecError } from './fields.ts';
import type { FleetNat, FleetService, FleetSpec, HostClass } from './fleet-spec.ts';

const MOST_HOSTS = 20_000_000;
const MOST_STEPS = 10_000_000;
/** Each takes some hundred bytes. */
const MOST_CELLS = 5_000_000;
/** That many are no limit. erlangB takes no more. */
const MOST_CONNECTIONS = 1e9;

/**
 * Checks the description of a fleet as it was read from YAML or JSON, and puts in what was left out.
 * @throws FleetSpecError that names the field.
 */
export function parseFleet(value: unknown): FleetSpec {
  const fields = new Fields(value, '');
  const spec: FleetSpec = {
    steps: fields.whole('steps', 1, MOST_STEPS, 1440),
    stepSeconds: fields.number('step', 1, 86_400, 60, 'seconds'),
    startHour: fields.number('start', 0, 86_400, 0, 'seconds') / 3600,
    seed: fields.whole('seed', 0, Number.MAX_SAFE_INTEGER, 1),
    hosts: fields.list('hosts').map((one, index) => hostClass(new Fields(one, `hosts[${index}]`))),
    services: fields.list('services').map((one, index) => service(new Fields(one, `services[${index}]`))),
    nats: fields.list('nats', []).map((one, index) => nat(new Fields(one, `nats[${index}]`))),
  };
  fields.done();
  if (spec.hosts.length === 0) throw new FleetSpecError('hosts has no class of hosts: there is nothing to simulate');
  if (spec.services.length === 0) throw new FleetSpecError('services is empty: there is nothing to simulate');
  for (const [kind, named] of Object.entries({ hosts: spec.hosts, services: spec.services, nats: spec.nats })) {
    named.forEach(({ name }, index) => {
      if (named.findIndex((other) => other.name === name) !== index) throw new FleetSpecError(`${kind}[${index}].name is "${name}", which is taken already`);
    });
  }
  spec.services.forEach(({ hosts }, index) => {
    if (!spec.hosts.some(({ name }) => name === hosts)) throw new FleetSpecError(`services[${index}].hosts is "${hosts}", but the classes of hosts are ${spec.hosts.map(({ name }) => name).join(', ')}`);
  });
  spec.hosts.forEach(({ nat: name }, index) => {
    if (name !== undefined && !spec.nats.some((one) => one.name === name)) throw new FleetSpecError(`hosts[${index}].nat is "${name}", but the NATs are ${spec.nats.map((one) => one.name).join(', ') || 'none'}`);
  });
  const hosts = spec.hosts.reduce((sum, { count }) => sum + count, 0);
  if (hosts > MOST_HOSTS) throw new FleetSpecError(`the fleet has ${hosts} hosts; ${MOST_HOSTS} are the most that can be simulated`);
  const cells = spec.steps * spec.services.reduce((sum, { hosts: name }) => sum + spec.hosts.find((one) => one.name === name)!.zones.length, 0);
  if (cells > MOST_CELLS) throw new FleetSpecError(`steps times services and zones are ${cells}; ${MOST_CELLS} are the most that can be simulated, so take a longer step`);
  return { ...spec, nats: spec.nats.map((one) => dealt(one, spec)) };
}

/** A NAT with the ports that each of its hosts gets, where they are dealt to hosts. */
function dealt(one: FleetNat, { hosts, services }: FleetSpec): FleetNat {
  const { profile, addresses, name } = one;
  const behind = hosts.filter(({ nat: through }) => through === name);
  if (profile.isForAllDestinations === true) {
    for (const { name: hostName } of behind) {
      const [first, ...others] = services.filter((service) => service.hosts === hostName);
      if (first !== undefined && (others.length > 0 || first.destinations.length > 1)) throw new FleetSpecError(`nats "${name}": ${profile.title} gives the ports of a host to all destinations together; a fleet plays one service with one destination behind it, not what "${hostName}" has`);
    }
  }
  const count = behind.reduce((sum, host) => sum + host.count, 0);
  if (profile.scope !== 'per-host' || count === 0) return one;
  const ports = portsOfHost(profile, addresses, count);
  if (ports < 1) throw new FleetSpecError(`nats "${name}": ${addresses} addresses have no port for each of ${count} hosts`);
  return { ...one, profile: { ...profile, ports } };
}

function hostClass(fields: Fields): HostClass {
  const parsed: HostClass = {
    name: fields.text('name'),
    count: fields.whole('count', 1, MOST_HOSTS),
    spread: fields.number('spread', 0, 3, 0),
    zones: fields.numbers('zones', -24, 24, [0]),
    nat: fields.has('nat') ? fields.text('nat') : undefined,
  };
  fields.value('nat');
  fields.done();
  if (parsed.zones.length === 0) throw new FleetSpecError(`${fields.at('zones')} is empty; [0] is one zone`);
  return parsed;
}

function service(fields: Fields): FleetService {
  const parsed: FleetService = {
    name: fields.text('name'),
    hosts: fields.text('hosts'),
    ratePerSecond: fields.number('rate', 0, 1e9),
    lifetimeSeconds: fields.number('lifetime', 0, 1e7, undefined, 'seconds'),
    closing: fields.oneOf('close', closings, 'we'),
    closingShare: fields.number('closeShare', 0, 1, 1, 'share'),
    destinations: destinations(fields),
    curve: curve(fields),
    peakedness: fields.number('peakedness', 1, 1e6, 1),
    ports: fields.whole('ports', 1, 65_536, 28_232),
    sourceAddresses: fields.whole('sources', 1, 65_536, 1),
    policy: fields.oneOf('policy', policies, 'retry'),
  };
  fields.done();
  return parsed;
}

/** A number of equal ones, or the weight of each. */
function destinations(fields: Fields): readonly number[] {
  if (!Array.isArray(fields.value('destinations'))) {
    const count = fields.whole('destinations', 1, 100_000, 1);
    return Array.from({ length: count }, () => 1 / count);
  }
  const weights = fields.numbers('destinations', 0, 1e12);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0)) throw new FleetSpecError(`${fields.at('destinations')} has no weight above 0`);
  return weights.filter((weight) => weight > 0).map((weight) => weight / sum);
}

function curve(fields: Fields): RateCurve {
  const daily = fields.value('daily');
  const wave = daily === undefined ? undefined : new Fields(daily, fields.at('daily'));
  const parsed: RateCurve = {
    ...(wave === undefined ? {} : { daily: { swing: wave.number('swing', 0, 1, undefined, 'share'), peakHour: wave.number('peakHour', 0, 24) } }),
    ...(fields.has('hourly') ? { hourly: fields.numbers('hourly', 0, 1e6) } : {}),
    spikes: fields.list('spikes', []).map((one, index) => spike(new Fields(one, `${fields.at('spikes')}[${index}]`))),
  };
  fields.value('hourly');
  wave?.done();
  return parsed;
}

function spike(fields: Fields): Spike {
  const parsed = { atSeconds: fields.number('at', 0, 1e9, undefined, 'seconds'), seconds: fields.number('for', 1, 1e9, undefined, 'seconds'), factor: fields.number('factor', 0, 1e6) };
  fields.done();
  return parsed;
}

function nat(fields: Fields): FleetNat {
  const name = fields.text('name');
  const profileName = fields.has('profile') ? fields.text('profile') : undefined;
  fields.value('profile');
  const known = profileName === undefined ? undefined : natProfiles.get(profileName);
  if (profileName !== undefined && known === undefined) throw new FleetSpecError(`${fields.at('profile')} is one of ${[...natProfiles.keys()].join(', ')}, not "${profileName}"`);
  const hold = fields.number('hold', 0, 1e6, known?.holdSeconds.fin, 'seconds');
  const hasHold = fields.has('hold');
  const connections = fields.number('connections', 1, MOST_CONNECTIONS, known?.mostConnections ?? MOST_CONNECTIONS);
  const profile: NatProfile = {
    ...(known ?? { title: name, idleSeconds: 0, source: 'user', checkedOn: 'unknown', notes: '', mostAddresses: 65_536 }),
    name: profileName ?? name,
    ports: fields.whole('ports', 1, 65_536, known?.ports),
    scope: fields.oneOf('scope', ['per-destination', 'per-host'] as const, known?.scope ?? 'per-destination'),
    holdSeconds: known === undefined || hasHold ? { fin: hold, reset: hold } : known.holdSeconds,
    ...(connections < MOST_CONNECTIONS ? { mostConnections: connections } : {}),
  };
  const addresses = fields.whole('addresses', 1, profile.mostAddresses, 1);
  fields.done();
  if (profile.hasBoundedSearch === true && natLossOf(profile.ports, 1) === undefined) throw new FleetSpecError(`${fields.at('ports')} of a NAT whose search is bounded is a number whose loss is known, such as 16384, 32768 or 64512, not ${profile.ports}`);
  return { name, profile, addresses };
}
