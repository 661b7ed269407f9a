import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policies } from '../source-policy.ts';
import { expectedOf } from './expected.ts';
import { HostSimulation, simulateHost, type HostSpec } from './host.ts';

const base: HostSpec = {
  ports: 20,
  addresses: 1,
  destinations: 1,
  ratePerSecond: 20,
  batch: { kind: 'fixed', size: 1 },
  curve: {},
  lifetime: { kind: 'exponential', mean: 1 },
  closing: { seconds: 0, share: 0 },
  policy: 'random',
  keys: { count: 50, exponent: 1 },
  retries: { chance: 0, most: 0, delaySeconds: 0 },
  warmUpSeconds: 5,
  connections: 5000,
  seed: 1,
};

const specs: fc.Arbitrary<HostSpec> = fc.record({
  ports: fc.integer({ min: 1, max: 40 }),
  addresses: fc.integer({ min: 1, max: 6 }),
  destinations: fc.integer({ min: 1, max: 3 }),
  ratePerSecond: fc.double({ min: 0.5, max: 400, noNaN: true }),
  batch: fc.oneof(fc.record({ kind: fc.constant('fixed' as const), size: fc.integer({ min: 1, max: 9 }) }), fc.record({ kind: fc.constant('geometric' as const), mean: fc.double({ min: 1, max: 9, noNaN: true }) })),
  curve: fc.constantFrom({}, { daily: { swing: 0.5, peakHour: 0 } }, { spikes: [{ atSeconds: 6, seconds: 3, factor: 4 }] }),
  lifetime: fc.constantFrom<HostSpec['lifetime']>({ kind: 'exponential', mean: 1 }, { kind: 'constant', mean: 0.5 }, { kind: 'lognormal', mean: 1, sigma: 1 }, { kind: 'hyperexponential', mean: 1, share: 0.1, factor: 5 }),
  closing: fc.record({ seconds: fc.double({ min: 0, max: 2, noNaN: true }), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  policy: fc.constantFrom(...policies),
  keys: fc.constant({ count: 20, exponent: 1 }),
  retries: fc.record({ chance: fc.constantFrom(0, 0.5, 0.9), most: fc.integer({ min: 0, max: 5 }), delaySeconds: fc.double({ min: 0, max: 2, noNaN: true }) }),
  warmUpSeconds: fc.constantFrom(0, 5),
  connections: fc.integer({ min: 1, max: 2000 }),
  seed: fc.nat(),
});

describe('a simulated host', () => {
  it('comes out the same from the same seed, in one go or in pieces', () => {
    fc.assert(
      fc.property(specs, fc.integer({ min: 1, max: 500 }), (spec, slice) => {
        const whole = simulateHost(spec);
        const pieces = new HostSimulation(spec);
        let progress = 0;
        while (!pieces.isDone) {
          pieces.run(slice);
          expect(pieces.progress).toBeGreaterThanOrEqual(progress);
          progress = pieces.progress;
        }
        expect(pieces.result()).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('never uses a port twice, and loses no connection from its books', () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const result = simulateHost(spec);
        const capacity = spec.ports * spec.addresses * spec.destinations;
        expect(result.mostUsed).toBeLessThanOrEqual(capacity);
        expect(result.meanUsed).toBeLessThanOrEqual(capacity * (1 + 1e-9));
        expect(result.connections).toBeGreaterThanOrEqual(spec.connections);
        for (const address of result.addresses) {
          expect(address.mostUsed).toBeLessThanOrEqual(spec.ports);
          expect(address.lost).toBeLessThanOrEqual(address.connections);
        }
        expect(result.addresses.reduce((sum, address) => sum + address.connections, 0)).toBe(result.attempts);
        expect(result.addresses.reduce((sum, address) => sum + address.lost, 0)).toBe(result.failures);
        expect(result.abandoned).toBeLessThanOrEqual(result.failures);
        const mayRetry = spec.retries.chance > 0 && spec.retries.most > 0;
        expect(result.attempts === result.connections || mayRetry).toBe(true);
        expect(result.abandoned === result.failures || mayRetry).toBe(true);
        expect(result.parts.length).toBeLessThanOrEqual(40);
        expect(result.parts.reduce((sum, part) => sum + part.failures, 0)).toBeLessThanOrEqual(result.failures);
        expect(result.parts.every((part) => part.meanUsed >= -1e-6 && part.meanUsed <= capacity * (1 + 1e-6))).toBe(true);
        expect(result.loss.value).toBeCloseTo(result.failures / result.attempts, 12);
      }),
      { numRuns: 100 },
    );
  });

  it("keeps Little's law: ports in use are rate carried times hold", () => {
    const result = simulateHost({ ...base, ports: 200, ratePerSecond: 100, closing: { seconds: 0.5, share: 0.5 }, connections: 400_000 });
    expect(result.meanUsed / 125).toBeCloseTo(1, 2);
    expect(result.parts).toHaveLength(40);
    expect(result.parts.reduce((sum, part) => sum + part.meanUsed, 0) / 40 / result.meanUsed).toBeCloseTo(1, 2);
    // A Poisson number of ports is as variable as its mean.
    expect(result.peakedness).toBeCloseTo(1, 1);
  });

  it('measures the peakedness of bursts that meet no limit', () => {
    const result = simulateHost({ ...base, ports: 60_000, ratePerSecond: 100, batch: { kind: 'fixed', size: 10 }, lifetime: { kind: 'constant', mean: 1 }, connections: 1_000_000 });
    expect(result.failures).toBe(0);
    expect(Math.abs(result.peakedness / 10 - 1)).toBeLessThan(0.05);
  });

  it('has a standard error that is true: of 40 runs most lie within two of them', () => {
    const truth = expectedOf(base)!.loss;
    let near = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const { loss } = simulateHost({ ...base, connections: 40_000, seed });
      if (Math.abs(loss.value - truth) < 2 * loss.standardError) near++;
    }
    expect(near).toBeGreaterThanOrEqual(34);
  });

  it('fills addresses evenly by two choices, and unevenly at random', () => {
    const full = (policy: HostSpec['policy']): number => simulateHost({ ...base, ports: 64, addresses: 8, ratePerSecond: 420, policy, warmUpSeconds: 20, connections: 1_000_000 }).loss.value;
    expect(Math.abs(full('random') / 0.0162 - 1)).toBeLessThan(0.06);
    expect(full('two-choices')).toBeLessThan(3e-5);
    // So rare that the few there are come together.
    expect(full('least-used')).toBeLessThan(5e-5);
    expect(full('retry')).toBe(full('least-used'));
  });

  it('stops after the time that was given', () => {
    const result = simulateHost({ ...base, connections: 1e9, mostSeconds: 100 });
    expect(result.seconds).toBeGreaterThan(99);
    expect(result.seconds).toBeLessThan(101);
    expect(Math.abs(result.connections - 2000)).toBeLessThan(250);
  });

  it.each<Partial<HostSpec>>([
    { ports: 0 },
    { ports: 70_000 },
    { addresses: 1.5 },
    { destinations: 0 },
    { ratePerSecond: 0 },
    { ratePerSecond: Number.NaN },
    { closing: { seconds: -1, share: 1 } },
    { closing: { seconds: 1, share: 2 } },
    { keys: { count: 0, exponent: 1 } },
    { retries: { chance: 2, most: 1, delaySeconds: 1 } },
    { connections: 0 },
    { warmUpSeconds: -1 },
    { lifetime: { kind: 'lognormal', mean: 1, sigma: 99 } },
  ])('refuses %o', (changes) => {
    expect(() => new HostSimulation({ ...base, ...changes })).toThrow(RangeError);
  });
});

describe('formulas of a host', () => {
  it('do not exist for what they do not know', () => {
    expect(expectedOf({ ...base, curve: { hourly: [1, 2] } })).toBeUndefined();
    expect(expectedOf({ ...base, addresses: 2, policy: 'hash' })).toBeUndefined();
    expect(expectedOf({ ...base, batch: { kind: 'fixed', size: 2 }, retries: { chance: 1, most: 3, delaySeconds: 1 } })).toBeUndefined();
    expect(expectedOf({ ...base, addresses: 2, policy: 'random', retries: { chance: 1, most: 3, delaySeconds: 1 } })).toBeUndefined();
  });

  it('count a few retries, and endless ones', () => {
    const once = { ...base, ports: 100, ratePerSecond: 100, retries: { chance: 1, most: 1, delaySeconds: 100 }, warmUpSeconds: 500, connections: 300_000 };
    const simulated = simulateHost(once);
    const expected = expectedOf(once)!;
    expect(Math.abs(simulated.loss.value - expected.loss)).toBeLessThan(0.03 * expected.loss + 3 * simulated.loss.standardError);
    expect(simulated.attempts / simulated.connections).toBeCloseTo(expected.attemptsEach, 1);
    expect(expectedOf({ ...once, ratePerSecond: 80, retries: { chance: 1, most: 1e9, delaySeconds: 1 } })!.attemptsEach).toBeCloseTo(80.35 / 80, 4);
  });
});
