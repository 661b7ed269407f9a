import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countAbove, hostGroups } from './host-weights.ts';

const hosts = { name: 'web', count: 50_000, spread: 0.5, zones: [0], nat: undefined };

describe('shares of the hosts', () => {
  it('have mean 1 and the spread that was asked for, the busiest first', () => {
    const [group] = hostGroups(hosts, 1, 0);
    const { weights, sums } = group!;
    expect(weights.length).toBe(50_000);
    expect(sums[50_000]! / 50_000).toBeCloseTo(1, 2);
    const logs = weights.map((weight) => Math.log(weight));
    const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length;
    expect(Math.sqrt(logs.reduce((sum, one) => sum + (one - mean) ** 2, 0) / logs.length)).toBeCloseTo(0.5, 2);
    expect(weights.every((weight, host) => host === 0 || weights[host - 1]! >= weight)).toBe(true);
  });

  it('are the same for a seed, others for another seed or class', () => {
    const first = (seed: number, stream: number): number => hostGroups(hosts, seed, stream)[0]!.weights[0]!;
    expect(first(1, 0)).toBe(first(1, 0));
    expect(new Set([first(1, 0), first(2, 0), first(1, 1)]).size).toBe(3);
  });

  it('are 1 without spread, and dealt to the zones in turn', () => {
    const groups = hostGroups({ ...hosts, count: 5, spread: 0, zones: [0, 8, 16] }, 1, 0);
    expect(groups.map(({ zoneHours, weights, busiest }) => [zoneHours, [...weights], busiest])).toEqual([
      [0, [1, 1], 0],
      [8, [1, 1], 1],
      [16, [1], 2],
    ]);
    expect(hostGroups({ ...hosts, count: 1, zones: [0, 8] }, 1, 0)).toHaveLength(1);
  });

  it('know how many are above a limit', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.integer({ min: -1, max: 21 }), (values, limit) => {
        expect(countAbove(Float64Array.from(values).sort().reverse(), limit)).toBe(values.filter((value) => value > limit).length);
      }),
    );
  });
});
