import { describe, expect, it } from 'vitest';
import { parsePlanRequest, portsOf, quantity } from './index.ts';

describe('quantity', () => {
  const bounds = { name: '--x', low: -1e12, high: 1e12 };
  it.each([
    ['470', 'number', 470],
    ['1e-6', 'number', 1e-6],
    [12, 'number', 12],
    ['50ms', 'seconds', 0.05],
    ['2', 'seconds', 2],
    [' 1.5 h ', 'seconds', 5400],
    ['3d', 'seconds', 259_200],
    ['5%', 'share', 0.05],
    ['0.05', 'share', 0.05],
    ['-5%', 'share', -0.05],
  ] as const)('%j as %s: %d', (text, unit, expected) => {
    expect(quantity(text, unit, bounds)).toBeCloseTo(expected, 12);
  });

  it.each([['x', 'number'], ['', 'number'], ['5%', 'number'], ['5ms', 'share'], ['5 parsecs', 'seconds'], [null, 'number'], [Number.NaN, 'number'], [{}, 'share'], ['1e999', 'number']] as const)('%j as %s is refused', (text, unit) => {
    expect(() => quantity(text, unit, bounds)).toThrow(/^--x is/);
  });
});

describe('portsOf', () => {
  it.each([
    [undefined, undefined, 28_232, 64_512],
    ['1024-65535', undefined, 64_512, 64_512],
    ['32768-60999', '40000-40009', 28_222, 64_502],
    ['20000-20002', undefined, 3, 64_512],
    ['100-200', '100-200', 0, 65_335],
  ])('%j without %j: %d, at most %d', (range, reserved, usablePorts, widestPorts) => {
    expect(portsOf(range, reserved)).toEqual({ usablePorts, widestPorts });
  });

  it.each([['x', undefined], ['9-1', undefined], ['1-99999', undefined], [undefined, 'x']])('refuses %j without %j', (range, reserved) => {
    expect(() => portsOf(range, reserved)).toThrow(/such as/);
  });
});

describe('parsePlanRequest', () => {
  it('fills in what is left out', () => {
    expect(parsePlanRequest({ services: [{ rate: 470 }] })).toMatchObject({ loss: 1e-6, growthPerMonth: 0, host: { usablePorts: 28_232, sources: 1, policy: 'least-used', timers: { hz: 250 } }, services: [{ name: 'service 1', ratePerSecond: 470, lifetimeSeconds: 0.05, closing: 'we', closingShare: 1, destinations: 1, peakedness: 1, bindsFirst: false, nat: undefined }] });
  });

  it('takes everything, and profiles of its own', () => {
    const own = { name: 'mine', ports: 1000, scope: 'per-host', holdSeconds: { fin: 30, reset: 5 }, idleSeconds: 60 };
    const request = parsePlanRequest({
      loss: '0.1%',
      growth: '5%',
      profiles: [own],
      host: { range: '1024-65535', reserved: 3306, held: 12, sources: 4, policy: 'random', hz: 1000, finTimeout: '30s', reuseDelay: 0.5, conntrackMax: 262_144, descriptors: 65_536, timeWaitBuckets: 131_072 },
      services: [
        { name: 'a', rate: '2e3', lifetime: '20ms', close: 'peer', closeShare: '50%', destinations: 3, peakedness: 10, bindsFirst: true, nat: { profile: 'mine', addresses: 2, hosts: 7 } },
        { name: 'b', rate: 1, nat: 'aws-nat-gateway' },
      ],
    });
    expect(request).toMatchObject({ loss: 0.001, growthPerMonth: 0.05, host: { usablePorts: 64_499, sources: 4, policy: 'random', timers: { hz: 1000, finTimeoutSeconds: 30, reuseDelaySeconds: 0.5 }, conntrackMax: 262_144 } });
    expect(request.services).toMatchObject([{ ratePerSecond: 2000, lifetimeSeconds: 0.02, closingShare: 0.5, bindsFirst: true, nat: { profile: { name: 'mine', ports: 1000 }, addresses: 2, hosts: 7 } }, { nat: { profile: { name: 'aws-nat-gateway' }, addresses: 1, hosts: 1 } }]);
  });

  it.each([
    [null, /the plan has fields/],
    [[], /the plan has fields/],
    [{}, /"services" is a list/],
    [{ services: [] }, /at least one service/],
    [{ services: [{}] }, /"rate" of services\[0\] is missing/],
    [{ services: [{ rate: 'many' }] }, /"rate" of services\[0\] is such as 470/],
    [{ services: [{ rate: -1 }] }, /"rate" of services\[0\] is from 0/],
    [{ services: [{ rate: 1, lifetimes: 3 }] }, /has no field "lifetimes"/],
    [{ services: [{ rate: 1, close: 'they' }] }, /one of we, we-reused/],
    [{ services: [{ rate: 1, destinations: 1.5 }] }, /whole number/],
    [{ services: [{ rate: 1, peakedness: 0 }] }, /"peakedness"/],
    [{ services: [{ rate: 1, bindsFirst: 'yes' }] }, /true or false/],
    [{ services: [{ rate: 1, nat: 'aws' }] }, /no NAT profile "aws": there are aws-nat-gateway/],
    [{ services: [{ rate: 1, name: 'a' }, { rate: 2, name: 'a' }] }, /called "a"/],
    [{ services: [{ rate: 1 }], loss: 0 }, /"loss" of the plan is from/],
    [{ services: [{ rate: 1 }], host: { hz: 60 } }, /HZ is one of/],
    [{ services: [{ rate: 1 }], host: { range: '5' } }, /a range is such as/],
    [{ services: [{ rate: 1 }], profiles: [{ name: 'x' }] }, /^profiles: /],
  ])('refuses %j', (value, message) => {
    expect(() => parsePlanRequest(value)).toThrow(message);
  });
});
