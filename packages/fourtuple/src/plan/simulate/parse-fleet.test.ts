import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FleetSpecError } from './fields.ts';
import { parseFleet } from './parse-fleet.ts';
import { tupleCount } from './fleet-spec.ts';

const service = { name: 'api', hosts: 'web', rate: 100, lifetime: '50ms' };
const fleet = { hosts: [{ name: 'web', count: 10 }], services: [service] };

function refusal(value: unknown): string {
  try {
    parseFleet(value);
  } catch (error) {
    if (error instanceof FleetSpecError) return error.message;
    throw error;
  }
  throw new Error('was taken');
}

describe('the description of a fleet', () => {
  it('has defaults', () => {
    expect(parseFleet(fleet)).toEqual({
      steps: 1440,
      stepSeconds: 60,
      startHour: 0,
      seed: 1,
      hosts: [{ name: 'web', count: 10, spread: 0, zones: [0], nat: undefined }],
      services: [
        { name: 'api', hosts: 'web', ratePerSecond: 100, lifetimeSeconds: 0.05, closing: 'we', closingShare: 1, destinations: [1], curve: { spikes: [] }, peakedness: 1, ports: 28_232, sourceAddresses: 1, policy: 'retry' },
      ],
      nats: [],
    });
  });

  it('takes everything there is', () => {
    const spec = parseFleet({
      steps: 10,
      step: '5m',
      start: '8h',
      seed: 7,
      hosts: [{ name: 'web', count: 10, spread: 0.3, zones: [0, -8], nat: 'out' }],
      services: [{ ...service, close: 'reset', closeShare: '50%', destinations: [3, 1, 0], daily: { swing: '40%', peakHour: 20 }, hourly: [1, 2], spikes: [{ at: '1h', for: '5m', factor: 3 }], peakedness: 5, ports: 64_512, sources: 4, policy: 'two-choices' }],
      nats: [{ name: 'out', profile: 'linux-masquerade', addresses: 1, connections: 1000 }],
    });
    expect(spec).toMatchObject({ stepSeconds: 300, startHour: 8, services: [{ destinations: [0.75, 0.25], closingShare: 0.5, curve: { daily: { swing: 0.4, peakHour: 20 }, hourly: [1, 2], spikes: [{ atSeconds: 3600, seconds: 300, factor: 3 }] } }] });
    expect(spec.nats[0]).toMatchObject({ addresses: 1, profile: { ports: 64_512, hasBoundedSearch: true, mostConnections: 1000, holdSeconds: { fin: 120, reset: 10 } } });
    expect(tupleCount(spec)).toBe(20);
    expect(parseFleet({ ...fleet, services: [{ ...service, destinations: 4 }] }).services[0]!.destinations).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(parseFleet({ ...fleet, nats: [{ name: 'own', ports: 1000, hold: '2m', scope: 'per-host' }] }).nats[0]).toMatchObject({ profile: { holdSeconds: { fin: 120, reset: 120 }, scope: 'per-host' } });
  });

  it('is taken or refused by its own error, whatever it is', () => {
    const taken = (value: unknown): boolean => {
      try {
        return parseFleet(value).services.length > 0;
      } catch (error) {
        return error instanceof FleetSpecError;
      }
    };
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(taken(value)).toBe(true);
      }),
    );
    const names = fc.constantFrom('steps', 'step', 'start', 'seed', 'hosts', 'services', 'nats', 'name', 'count', 'spread', 'zones', 'nat', 'rate', 'lifetime', 'close', 'closeShare', 'destinations', 'daily', 'swing', 'peakHour', 'hourly', 'spikes', 'at', 'for', 'factor', 'peakedness', 'ports', 'sources', 'policy', 'profile', 'scope', 'hold', 'connections', 'addresses');
    const values = fc.oneof(fc.integer({ min: -2, max: 2000 }), fc.double(), fc.constantFrom('web', 'api', 'we', '5m', '50%', 'linux-masquerade', 'per-host', null), fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 3 }), fc.dictionary(names, fc.oneof(fc.integer(), fc.string()), { maxKeys: 3 }));
    const changes = fc.dictionary(names, values, { maxKeys: 4 });
    fc.assert(
      fc.property(changes, changes, changes, changes, (top, host, one, out) => {
        expect(taken({ ...fleet, ...top })).toBe(true);
        expect(taken({ hosts: [{ name: 'web', count: 10, ...host }], services: [{ ...service, ...one }], nats: [{ name: 'out', profile: 'aws-nat-gateway', ...out }] })).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[unknown, RegExp]>([
    [undefined, /is an object/],
    [[], /is an object/],
    ['text', /not "text"/],
    [{}, /^hosts is a list/],
    [{ ...fleet, hosts: [] }, /hosts has no class/],
    [{ ...fleet, services: [] }, /services is empty/],
    [{ ...fleet, hosts: [{ name: 'web' }] }, /hosts\[0\]\.count/],
    [{ ...fleet, hosts: [{ name: 'web', count: 0 }] }, /hosts\[0\]\.count is from 1/],
    [{ ...fleet, hosts: [{ name: 'web', count: 1.5 }] }, /hosts\[0\]\.count is a whole number/],
    [{ ...fleet, hosts: [{ name: 'web', count: 1, zones: [] }] }, /hosts\[0\]\.zones is empty/],
    [{ ...fleet, hosts: [{ name: 'web', count: 1, nat: 'none' }] }, /hosts\[0\]\.nat is "none"/],
    [{ ...fleet, hosts: [...fleet.hosts, ...fleet.hosts] }, /hosts\[1\]\.name is "web"/],
    [{ ...fleet, hosts: [{ name: 'web', count: 20_000_001 }] }, /count/],
    [{ ...fleet, steps: 0 }, /^steps/],
    [{ ...fleet, bogus: 1 }, /^bogus is no field/],
    [{ ...fleet, services: [{ ...service, hosts: 'db' }] }, /services\[0\]\.hosts is "db"/],
    [{ ...fleet, services: [{ ...service, rate: 'fast' }] }, /services\[0\]\.rate/],
    [{ ...fleet, services: [{ ...service, rate: -1 }] }, /services\[0\]\.rate/],
    [{ ...fleet, services: [{ name: 'api', hosts: 'web', lifetime: 1 }] }, /services\[0\]\.rate is missing/],
    [{ ...fleet, services: [{ ...service, close: 'they' }] }, /services\[0\]\.close is one of we, /],
    [{ ...fleet, services: [{ ...service, destinations: 0 }] }, /services\[0\]\.destinations/],
    [{ ...fleet, services: [{ ...service, destinations: [0, 0] }] }, /no weight above 0/],
    [{ ...fleet, services: [{ ...service, destinations: ['x'] }] }, /services\[0\]\.destinations\[0\]/],
    [{ ...fleet, services: [{ ...service, daily: 3 }] }, /services\[0\]\.daily is an object/],
    [{ ...fleet, services: [{ ...service, daily: { swing: 2, peakHour: 3 } }] }, /services\[0\]\.daily\.swing/],
    [{ ...fleet, services: [{ ...service, daily: { swing: 1, peakHour: 3, peakhour: 3 } }] }, /peakhour is no field/],
    [{ ...fleet, services: [{ ...service, spikes: [{ at: 1, for: 60 }] }] }, /services\[0\]\.spikes\[0\]\.factor is missing/],
    [{ ...fleet, services: [{ ...service, peakedness: 0.5 }] }, /peakedness/],
    [{ ...fleet, services: [{ ...service, rat: 1 }] }, /services\[0\]\.rat is no field/],
    [{ ...fleet, steps: 10_000_000, services: Array.from({ length: 6 }, (_, index) => ({ ...service, name: `s${index}` })) }, /steps times services/],
    [{ ...fleet, nats: [{ name: 'out', profile: 'none' }] }, /nats\[0\]\.profile is one of aws-nat-gateway/],
    [{ ...fleet, nats: [{ name: 'out', profile: 'aws-nat-gateway', addresses: 9 }] }, /nats\[0\]\.addresses/],
    [{ ...fleet, nats: [{ name: 'out', profile: 'linux-masquerade', ports: 50_000 }] }, /search is bounded/],
    [{ ...fleet, nats: [{ name: 'out', ports: 1000 }] }, /nats\[0\]\.hold is missing/],
  ])('refuses %j', (value, message) => {
    expect(refusal(value)).toMatch(message);
  });
});

describe('a NAT that deals its ports to hosts', () => {
  const behind = (profile: string, count: number, fields: object = {}): unknown => ({ ...fleet, hosts: [{ name: 'web', count, nat: 'out' }], nats: [{ name: 'out', profile, ...fields }] });

  it.each([
    ['azure-lb-manual', 400, 160],
    ['azure-lb-default-snat', 400, 128],
    ['gcp-nat-static', 10, 64],
  ])('%s: %d hosts get %d ports each', (profile, count, ports) => {
    expect(parseFleet(behind(profile, count)).nats[0]!.profile.ports).toBe(ports);
  });

  it('refuses more hosts than it has ports, and several destinations where a port serves one', () => {
    expect(refusal(behind('gcp-nat-static', 100_000))).toMatch(/have no port for each of 100000 hosts/);
    expect(refusal({ ...(behind('cgn-vyos-example', 2) as object), services: [service, { ...service, name: 'other' }] })).toMatch(/to all destinations together/);
    expect(parseFleet(behind('cgn-vyos-example', 2)).nats[0]!.profile.ports).toBe(1000);
  });
});
