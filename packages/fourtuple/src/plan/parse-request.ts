import { PortSet, parsePortRange, type PortRange } from '../model/index.ts';
import { defaultDemand, defaultSupply, type HostSupply, type NatDemand, type ServiceDemand } from './demand.ts';
import { closings, defaultTimers, timeWaitSeconds, type Closing } from './hold.ts';
import { natProfiles, parseNatProfile, type NatProfile } from './nat-profiles.ts';
import { PlanFileError, QuantityError } from './errors.ts';
import { quantity } from './quantity.ts';
import { policies, type SourcePolicy } from './source-policy.ts';
import type { PlanRequest } from './planner.ts';

const DEFAULT_LOSS = 1e-6;

/** A plan as people write it, in YAML or JSON: `services`, and optionally `host`, `loss`, `growth`, `profiles`. @throws PlanFileError */
export function parsePlanRequest(value: unknown): PlanRequest {
  const root = fieldsOf(value, 'the plan', ['services', 'host', 'loss', 'growth', 'profiles']);
  const profiles = new Map(natProfiles);
  for (const one of listOf(root.get('profiles') ?? [], 'profiles')) {
    const profile = named(() => parseNatProfile(one), 'profiles');
    profiles.set(profile.name, profile);
  }
  const services = listOf(root.get('services'), 'services');
  if (services.length === 0) throw new PlanFileError('"services" is a list of at least one service');
  const parsed = services.map((service, index) => parseService(service, index, profiles));
  const twice = parsed.find(({ name }, index) => parsed.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new PlanFileError(`two services are called "${twice.name}"`);
  return {
    services: parsed,
    host: parseHost(root.get('host') ?? {}),
    loss: amount(root, 'loss', 'share', DEFAULT_LOSS, 1e-12, 0.5),
    growthPerMonth: amount(root, 'growth', 'share', 0, -0.99, 100),
  };
}

function parseService(value: unknown, index: number, profiles: ReadonlyMap<string, NatProfile>): ServiceDemand {
  const where = `services[${index}]`;
  const fields = fieldsOf(value, where, ['name', 'rate', 'lifetime', 'close', 'closeShare', 'destinations', 'peakedness', 'bindsFirst', 'nat']);
  const name = fields.get('name') ?? `service ${index + 1}`;
  if (typeof name !== 'string' || name === '') throw new PlanFileError(`"name" of ${where} is a text`);
  if (fields.get('rate') === undefined) throw new PlanFileError(`"rate" of ${where} is missing: its new connections a second`);
  return {
    name,
    ratePerSecond: amount(fields, 'rate', 'number', 0, 0, 1e9, where),
    lifetimeSeconds: amount(fields, 'lifetime', 'seconds', defaultDemand.lifetimeSeconds, 0, 1e9, where),
    closing: oneOf(fields, 'close', closings, defaultDemand.closing, where),
    closingShare: amount(fields, 'closeShare', 'share', 1, 0, 1, where),
    destinations: whole(fields, 'destinations', 1, 1, 1e6, where),
    peakedness: amount(fields, 'peakedness', 'number', 1, 1, 1e6, where),
    bindsFirst: truth(fields, 'bindsFirst', where),
    nat: fields.get('nat') === undefined ? undefined : parseNat(fields.get('nat'), where, profiles),
  };
}

function parseNat(value: unknown, where: string, profiles: ReadonlyMap<string, NatProfile>): NatDemand {
  const fields = fieldsOf(typeof value === 'string' ? { profile: value } : value, `nat of ${where}`, ['profile', 'addresses', 'hosts', 'ports']);
  const profile = profileNamed(String(fields.get('profile')), profiles);
  const ports = fields.get('ports') === undefined ? profile.ports : whole(fields, 'ports', profile.ports, 1, 65_536, where);
  return { profile: { ...profile, ports }, addresses: whole(fields, 'addresses', 1, 1, 1e6, where), hosts: whole(fields, 'hosts', 1, 1, 1e9, where) };
}

/** @throws PlanFileError with the names that there are. */
export function profileNamed(name: string, profiles: ReadonlyMap<string, NatProfile> = natProfiles): NatProfile {
  const profile = profiles.get(name);
  if (profile === undefined) throw new PlanFileError(`no NAT profile "${name}": there are ${[...profiles.keys()].join(', ')}`);
  return profile;
}

function parseHost(value: unknown): HostSupply {
  const fields = fieldsOf(value, 'host', ['range', 'reserved', 'held', 'sources', 'policy', 'hz', 'finTimeout', 'reuseDelay', 'conntrackMax', 'descriptors', 'timeWaitBuckets']);
  const limit = (name: string): number | undefined => (fields.get(name) === undefined ? undefined : whole(fields, name, 0, 1, 1e12, 'host'));
  const hz = whole(fields, 'hz', defaultTimers.hz, 1, 1e6, 'host');
  named(() => timeWaitSeconds(hz), 'host');
  return {
    ...portsOf(textOf(fields.get('range'), 'range'), textOf(fields.get('reserved'), 'reserved'), whole(fields, 'held', 0, 0, 65_535, 'host')),
    sources: whole(fields, 'sources', 1, 1, 1e6, 'host'),
    policy: oneOf(fields, 'policy', policies, defaultSupply.policy, 'host'),
    timers: { hz, finTimeoutSeconds: amount(fields, 'finTimeout', 'seconds', 60, 0, 1e6, 'host'), reuseDelaySeconds: amount(fields, 'reuseDelay', 'seconds', 1, 0, 60, 'host') },
    conntrackMax: limit('conntrackMax'),
    descriptors: limit('descriptors'),
    timeWaitBuckets: limit('timeWaitBuckets'),
  };
}

/** Usable ports of a range, and those that the widest would have. @param held ports that others hold explicitly. @throws PlanFileError */
export function portsOf(range: string | undefined, reserved: string | undefined, held = 0): Pick<HostSupply, 'usablePorts' | 'widestPorts'> {
  const parsed: PortRange | undefined = range === undefined ? { low: 32_768, high: 60_999 } : parsePortRange(range.replace('-', ' '));
  if (parsed === undefined) throw new PlanFileError(`a range is such as 32768-60999, not "${range}"`);
  const without = PortSet.parseList(reserved ?? '');
  if (without === undefined) throw new PlanFileError(`reserved ports are such as 3306,8000-8010, not "${reserved}"`);
  const count = (low: number, high: number): number => {
    const ports = new PortSet();
    ports.addRange(low, high);
    return Math.max(0, ports.deleteAll(without).size - held);
  };
  return { usablePorts: count(parsed.low, parsed.high), widestPorts: count(Math.min(1024, parsed.low), 65_535) };
}

type Fields = ReadonlyMap<string, unknown>;

function fieldsOf(value: unknown, where: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PlanFileError(`${where} has fields: ${known.join(', ')}`);
  const fields = new Map(Object.entries(value).filter(([, field]) => field !== null));
  for (const name of fields.keys()) if (!known.includes(name)) throw new PlanFileError(`${where} has no field "${name}", but ${known.join(', ')}`);
  return fields;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new PlanFileError(`"${name}" is a list`);
  return value;
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') throw new PlanFileError(`"${name}" of host is a text`);
  return String(value);
}

function amount(fields: Fields, name: string, unit: 'number' | 'seconds' | 'share', fallback: number, low: number, high: number, where = 'the plan'): number {
  const value = fields.get(name);
  if (value === undefined) return fallback;
  return named(() => quantity(value, unit, { name: `"${name}" of ${where}`, low, high }), '');
}

function whole(fields: Fields, name: string, fallback: number, low: number, high: number, where: string): number {
  const value = amount(fields, name, 'number', fallback, low, high, where);
  if (!Number.isInteger(value)) throw new PlanFileError(`"${name}" of ${where} is a whole number, not ${value}`);
  return value;
}

function truth(fields: Fields, name: string, where: string): boolean {
  const value = fields.get(name) ?? false;
  if (typeof value !== 'boolean') throw new PlanFileError(`"${name}" of ${where} is true or false`);
  return value;
}

function oneOf<T extends Closing | SourcePolicy>(fields: Fields, name: string, values: readonly T[], fallback: T, where: string): T {
  const value = fields.get(name) ?? fallback;
  const found = values.find((one) => one === value);
  if (found === undefined) throw new PlanFileError(`"${name}" of ${where} is one of ${values.join(', ')}`);
  return found;
}

function named<T>(work: () => T, where: string): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PlanFileError) throw error;
    if (error instanceof QuantityError || error instanceof RangeError || error instanceof Error) throw new PlanFileError(where === '' ? error.message : `${where}: ${error.message}`);
    throw error;
  }
}
