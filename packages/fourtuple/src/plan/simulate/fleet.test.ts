import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erlangB, offeredFor } from '../erlang-b.ts';
import { natLossOf } from '../nat-search.ts';
import { hayward, reducedLoad } from '../queues.ts';
import type { RateCurve } from './curve.ts';
import { FleetSeries, simulateFleet } from './fleet-series.ts';
import { FleetSimulation } from './fleet.ts';
import { hostGroups } from './host-weights.ts';
import { simulateHost } from './host.ts';
import { parseFleet } from './parse-fleet.ts';
import { QUARTERS, trajectoryOf } from './trajectory.ts';

function run(value: unknown): FleetSeries {
  const spec = parseFleet(value);
  return simulateFleet(spec, new FleetSimulation(spec));
}

const flat = { name: 'api', hosts: 'web', rate: 10, lifetime: 2, ports: 1000 };

describe('a fleet', () => {
  it('of hosts that are alike and a load that stays loses what the formula says', () => {
    const rate = 960 / 63.1;
    const series = run({ steps: 30, hosts: [{ name: 'web', count: 7 }], services: [{ ...flat, rate, peakedness: 5 }] });
    const [summary] = series.summaries();
    expect(summary!.loss).toBeCloseTo(hayward(1000, 960, 5), 5);
    expect(summary!.offered).toBeCloseTo(7 * rate * 1800, 3);
    expect(series.value('used', 0, 10)).toBeCloseTo(7 * 960 * (1 - summary!.loss), 1);
    expect(series.value('worstLoss', 0, 10)).toBeCloseTo(summary!.loss, 9);
  });

  it('loses nothing where nobody is near his ports, and has no more in use than there are', () => {
    const quiet = run({ steps: 20, hosts: [{ name: 'web', count: 100, spread: 0.1 }], services: [{ ...flat, rate: 8 }] });
    expect(quiet.summaries()[0]).toMatchObject({ lostAtHost: 0, lostAtNat: 0, loss: 0, worstLoss: 0 });
    const full = run({ steps: 20, hosts: [{ name: 'web', count: 100, spread: 0.5 }], services: [{ ...flat, rate: 100 }] });
    expect(full.summaries()[0]!.peakUsed).toBeLessThanOrEqual(100_000);
    expect(full.summaries()[0]!.worstUsed).toBeLessThanOrEqual(1000);
  });

  it('comes to what the formula gives host by host and minute by minute', () => {
    const spec = parseFleet({ steps: 120, hosts: [{ name: 'web', count: 60, spread: 0.2, zones: [0, 3] }], services: [{ ...flat, rate: 14, daily: { swing: 0.3, peakHour: 1 } }] });
    const series = simulateFleet(spec, new FleetSimulation(spec));
    const naive = new Float64Array(spec.steps);
    for (const group of hostGroups(spec.hosts[0]!, spec.seed, 0)) {
      for (const weight of group.weights) {
        const flow = { ratePerSecond: 14 * weight, curve: { daily: { swing: 0.3, peakHour: 1 } }, zoneHours: group.zoneHours, lifetimeSeconds: 2, closingSeconds: 61.1, closingShare: 1 };
        const { load, rate } = trajectoryOf(flow, { steps: 120, stepSeconds: 60, startSeconds: 0 });
        for (let quarter = 0; quarter < load.length; quarter++) naive[Math.floor(quarter / QUARTERS)]! += erlangB(1000, load[quarter]!) * rate[quarter]! * 15;
      }
    }
    naive.forEach((lost, step) => expect(Math.abs(series.value('lostAtHost', 0, step) - lost)).toBeLessThan(0.01 * lost + 1e-3));
    expect(series.totals().lost / naive.reduce((sum, lost) => sum + lost, 0)).toBeCloseTo(1, 3);
  });

  it('does not depend on the order of its blocks, nor on who computes them', () => {
    const spec = parseFleet({
      steps: 200,
      hosts: [{ name: 'web', count: 300, spread: 0.3, zones: [0, 8] }, { name: 'db', count: 20, nat: 'out' }],
      services: [
        { ...flat, rate: 14, daily: { swing: 0.4, peakHour: 2 }, spikes: [{ at: '50m', for: '3m', factor: 3 }, { at: '2h', for: '1m', factor: 4 }] },
        { ...flat, name: 'other', hosts: 'db', rate: 12, destinations: [2, 1] },
      ],
      nats: [{ name: 'out', ports: 1000, hold: 60, addresses: 2 }],
    });
    const inOrder = simulateFleet(spec, new FleetSimulation(spec));
    const series = new FleetSeries(spec);
    const workers = [new FleetSimulation(spec), new FleetSimulation(structuredClone(spec))];
    for (let index = series.blocks.length - 1; index >= 0; index--) series.put(index, workers[index % 2]!.runBlock(index));
    expect(series.isComplete).toBe(true);
    for (let step = 0; step < spec.steps; step++) {
      for (const service of [0, 1]) for (const field of ['offered', 'lostAtHost', 'lostAtNat', 'used', 'worstUsed', 'worstLoss'] as const) expect(series.value(field, service, step)).toBe(inOrder.value(field, service, step));
    }
    expect(inOrder.summaries()[0]!.lostAtHost).toBeGreaterThan(0);
    expect(inOrder.summaries()[1]!.lostAtNat).toBeGreaterThan(0);
  });

  it('takes equal destinations together, and comes to the same as one by one', () => {
    const of = (destinations: unknown): FleetSeries => run({ steps: 20, hosts: [{ name: 'web', count: 50, spread: 0.2 }], services: [{ ...flat, rate: 60, destinations }] });
    const together = of(4);
    const apart = of([1, 1 + 1e-12, 1 + 2e-12, 1 + 3e-12]);
    expect(together.totals().lost / apart.totals().lost).toBeCloseTo(1, 6);
    expect(together.totals().tuples).toBe(200);
    const heavy = of([97, 1, 1, 1]).summaries()[0]!;
    expect(heavy.loss).toBeGreaterThan(together.summaries()[0]!.loss);
  });

  it('keeps its books: sums of blocks, and shares between 0 and 1', () => {
    fc.assert(
      fc.property(
        fc.record({
          steps: fc.integer({ min: 1, max: 60 }),
          step: fc.integer({ min: 1, max: 600 }),
          seed: fc.nat(),
          hosts: fc.record({ count: fc.integer({ min: 1, max: 40 }), spread: fc.double({ min: 0, max: 1, noNaN: true }), zones: fc.array(fc.integer({ min: -12, max: 12 }), { minLength: 1, maxLength: 3 }) }),
          rate: fc.double({ min: 0, max: 100, noNaN: true }),
          lifetime: fc.double({ min: 0, max: 500, noNaN: true }),
          close: fc.constantFrom('we', 'peer', 'we-reused', 'peer-never'),
          closeShare: fc.double({ min: 0, max: 1, noNaN: true }),
          destinations: fc.integer({ min: 1, max: 3 }),
          peakedness: fc.double({ min: 1, max: 50, noNaN: true }),
          ports: fc.integer({ min: 1, max: 2000 }),
          sources: fc.integer({ min: 1, max: 3 }),
          policy: fc.constantFrom('random', 'round-robin', 'two-choices', 'least-used', 'retry', 'hash'),
          spike: fc.record({ at: fc.nat(20_000), for: fc.integer({ min: 1, max: 2000 }), factor: fc.double({ min: 0, max: 20, noNaN: true }) }),
          isBehindNat: fc.boolean(),
        }),
        ({ steps, step, seed, hosts, spike, isBehindNat, ...service }) => {
          const series = run({
            steps,
            step,
            seed,
            hosts: [{ name: 'web', ...hosts, ...(isBehindNat ? { nat: 'out' } : {}) }],
            services: [{ name: 'api', hosts: 'web', ...service, spikes: [spike] }],
            nats: [{ name: 'out', ports: 3000, hold: 60, connections: 20_000 }],
          });
          for (let at = 0; at < steps; at++) {
            const [offered, atHost, atNat, used, worstUsed, worstLoss] = (['offered', 'lostAtHost', 'lostAtNat', 'used', 'worstUsed', 'worstLoss'] as const).map((field) => series.value(field, 0, at));
            const capacity = service.ports * service.sources;
            expect([offered, atHost, atNat, used, worstUsed, worstLoss].every((value) => value! >= -1e-9 && Number.isFinite(value))).toBe(true);
            expect(atHost! + atNat!).toBeLessThanOrEqual(offered! * (1 + 1e-9));
            expect(used).toBeLessThanOrEqual(capacity * service.destinations * hosts.count * (1 + 1e-6));
            expect(worstUsed).toBeLessThanOrEqual(capacity * (1 + 1e-9));
            expect(worstLoss).toBeLessThanOrEqual(1 + 1e-9);
          }
        },
      ),
      { numRuns: 40, examples: [[{ steps: 1, step: 1, seed: 0, hosts: { count: 1, spread: 0, zones: [0] }, rate: 0.00204, lifetime: 500, close: 'we', closeShare: 0, destinations: 1, peakedness: 1, ports: 1, sources: 1, policy: 'random', spike: { at: 1, for: 1, factor: 0 }, isBehindNat: false }]] },
    );
  });
});

describe('hosts behind a NAT', () => {
  it('lose what its bounded search does not find', () => {
    // 100 hosts with little each, and together nine tenths of the ports for one destination.
    const rate = (0.95 * 64_512) / 120.05 / 100;
    const [summary] = run({ steps: 30, hosts: [{ name: 'web', count: 100, nat: 'out' }], services: [{ ...flat, lifetime: '50ms', rate }], nats: [{ name: 'out', profile: 'linux-masquerade' }] }).summaries();
    expect(summary!.lostAtHost).toBe(0);
    expect(summary!.loss / natLossOf(64_512, 0.95 * 64_512)!).toBeCloseTo(1, 1);
  });

  it('come to the fixed point of a reduced load', () => {
    const rate = 950 / 63.1;
    const [summary] = run({ steps: 10, hosts: [{ name: 'web', count: 1, nat: 'out' }], services: [{ ...flat, rate }], nats: [{ name: 'out', ports: 920, hold: 61.1 }] }).summaries();
    const { flowLoss } = reducedLoad([{ capacity: 1000 }, { capacity: 920 }], [{ offered: 950, through: [0, 1] }]);
    expect(summary!.loss / flowLoss[0]!).toBeCloseTo(1, 2);
  });

  it('share its addresses', () => {
    const of = (addresses: number): number => run({ steps: 10, hosts: [{ name: 'web', count: 100, nat: 'out' }], services: [{ ...flat, rate: 10 }], nats: [{ name: 'out', profile: 'aws-nat-gateway', addresses }] }).summaries()[0]!.loss;
    expect(of(1)).toBeGreaterThan(0.1);
    expect(of(2)).toBe(0);
  });

  it('have ports of their own where it gives them', () => {
    // 64 ports for each machine, held for 120 s: 0.368 connections a second lose one in a thousand.
    const rate = offeredFor(64, 1e-3) / 120.05;
    const [summary] = run({ steps: 10, hosts: [{ name: 'vm', count: 50, nat: 'out' }], services: [{ name: 'api', hosts: 'vm', rate, lifetime: '50ms' }], nats: [{ name: 'out', profile: 'gcp-nat-static' }] }).summaries();
    expect(rate).toBeCloseTo(0.368, 3);
    expect(Math.abs(summary!.loss / 1e-3 - 1)).toBeLessThan(0.02);
  });

  it('lose by its limit on all connections', () => {
    const [summary] = run({ steps: 10, hosts: [{ name: 'web', count: 100, nat: 'out' }], services: [{ ...flat, rate: 10 }], nats: [{ name: 'out', ports: 60_000, hold: 60, addresses: 4, connections: 31_000 }] }).summaries();
    // 62,000 wanted.
    expect(summary!.loss).toBeCloseTo(0.5, 1);
  });
});

describe('a fleet against connections that are played one by one', () => {
  const HOUR = 3600;
  const cases: readonly (readonly [name: string, load: number, peakedness: number, curve: RateCurve])[] = [
    ['a constant load', 900, 1, {}],
    ["a day's wave", 850, 1, { daily: { swing: 0.2, peakHour: 2 } }],
    ["a day's wave of bursts of ten", 850, 10, { daily: { swing: 0.2, peakHour: 2 } }],
    ['spikes of five minutes', 700, 1, { spikes: [1.2, 1.6, 2, 2.4].map((hour) => ({ atSeconds: hour * HOUR, seconds: 300, factor: 2.2 })) }],
    ['spikes of one minute', 700, 1, { spikes: [1.2, 1.6, 2, 2.4].map((hour) => ({ atSeconds: hour * HOUR, seconds: 60, factor: 3 })) }],
    ['overloads of a quarter of an hour', 700, 1, { spikes: [1.2, 2].map((hour) => ({ atSeconds: hour * HOUR, seconds: 900, factor: 2 })) }],
    ['a ramp', 900, 1, { hourly: Array.from({ length: 24 }, (_, hour) => (hour < 1 ? 0.5 : Math.min(1.1, 0.5 + (hour - 1) * 0.3))) }],
  ];

  it.each(cases)('%s: 20 tuples lose the same within 10 %%', (_, load, peakedness, curve) => {
    const ports = 1000;
    const rate = load / 63.1;
    const spec = parseFleet({
      steps: 120,
      start: '1h',
      hosts: [{ name: 'web', count: 20, spread: 0.1 }],
      services: [{ ...flat, rate, peakedness, daily: curve.daily, hourly: curve.hourly, spikes: (curve.spikes ?? []).map((spike) => ({ at: spike.atSeconds, for: spike.seconds, factor: spike.factor })) }],
    });
    const [fleet] = simulateFleet(spec, new FleetSimulation(spec)).summaries();
    let attempts = 0;
    let failures = 0;
    hostGroups(spec.hosts[0]!, spec.seed, 0)[0]!.weights.forEach((weight, host) => {
      for (let seed = 1; seed <= 2; seed++) {
        const played = simulateHost({
          ports,
          addresses: 1,
          destinations: 1,
          ratePerSecond: rate * weight,
          batch: { kind: 'fixed', size: peakedness },
          curve,
          lifetime: { kind: 'exponential', mean: 2 },
          closing: { seconds: 61.1, share: 1 },
          policy: 'random',
          keys: { count: 1, exponent: 0 },
          retries: { chance: 0, most: 0, delaySeconds: 0 },
          warmUpSeconds: HOUR,
          connections: 1e9,
          mostSeconds: 2 * HOUR,
          seed: host * 2 + seed,
        });
        attempts += played.attempts;
        failures += played.failures;
      }
    });
    expect(failures / attempts).toBeGreaterThan(1e-3);
    expect(Math.abs(attempts / 2 / fleet!.offered - 1)).toBeLessThan(0.02);
    expect(Math.abs(fleet!.loss / (failures / attempts) - 1)).toBeLessThan(0.1);
  });
});
