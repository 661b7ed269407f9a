import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { LEAST_WINDOWS, connectionsOfCounter, peakednessOfConnections, peakednessOfUse } from './peakedness.ts';

const CAPACITY = 28_232;

/** Batches of a fixed size arrive at random: the peakedness is that size. */
function batches(windows: number, batchesAWindow: (window: number) => number, size: number, seed = 1): number[] {
  const random = new Random(seed);
  return Array.from({ length: windows }, (_, window) => {
    const mean = batchesAWindow(window);
    // Normal for Poisson: the means here are large.
    return size * Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  });
}

describe('peakednessOfConnections', () => {
  it.each([1, 5, 20, 100])('of batches of %d is that', (size) => {
    const { peakedness, windows, isReliable, warning } = peakednessOfConnections(batches(1000, () => 400, size), CAPACITY);
    expect(peakedness / size).toBeGreaterThan(0.85);
    expect(peakedness / size).toBeLessThan(1.15);
    expect([windows, isReliable, warning]).toEqual([1000, true, undefined]);
  });

  it('takes a daily cycle for no bursts', () => {
    const cycle = (window: number): number => 800 + 600 * Math.sin((2 * Math.PI * window) / 1416);
    for (const days of [1, 3]) {
      const { peakedness } = peakednessOfConnections(batches(days * 1416, cycle, 10), CAPACITY);
      expect(peakedness).toBeGreaterThan(8);
      expect(peakedness).toBeLessThan(12);
    }
  });

  it('takes growth from day to day, and a deploy, for no bursts', () => {
    expect(peakednessOfConnections(batches(3 * 1416, (window) => 200 + window / 10, 10), CAPACITY).peakedness).toBeLessThan(13);
    expect(peakednessOfConnections(batches(1000, (window) => (window < 500 ? 200 : 900), 10), CAPACITY).peakedness).toBeLessThan(12);
  });

  it('warns below thirty windows, which gaps are not', () => {
    const counts = batches(LEAST_WINDOWS, () => 400, 5);
    expect(peakednessOfConnections(counts, CAPACITY).isReliable).toBe(true);
    counts[3] = Number.NaN;
    expect(peakednessOfConnections(counts, CAPACITY)).toMatchObject({ windows: 29, isReliable: false, warning: 'the peakedness rests on 29 windows, and takes 30' });
  });

  it('is at least 1 and at most a fifth of the capacity, and never NaN', () => {
    const count = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(fc.array(count, { maxLength: 200 }), fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 90 }), (counts, capacity, day) => {
        const { peakedness, windows } = peakednessOfConnections(counts, capacity, day);
        expect(peakedness).toBeGreaterThanOrEqual(1);
        expect(peakedness).toBeLessThanOrEqual(Math.max(1, capacity / 5));
        expect(windows).toBeLessThanOrEqual(counts.length);
      }),
    );
  });

  it('refuses a capacity of nothing', () => {
    expect(() => peakednessOfConnections([1], 0)).toThrow(RangeError);
  });
});

describe('peakednessOfUse', () => {
  it('is the variance over the mean of the use', () => {
    const random = new Random(2);
    const used = Array.from({ length: 1000 }, () => 10_000 + Math.sqrt(20 * 10_000) * random.normal());
    const { peakedness, windows } = peakednessOfUse(used, CAPACITY);
    expect(peakedness).toBeGreaterThan(17);
    expect(peakedness).toBeLessThan(23);
    expect(windows).toBe(983);
  });

  it('counts samples closer than a hold for less', () => {
    expect(peakednessOfUse(Array.from({ length: 100 }, () => 50), CAPACITY, 10)).toMatchObject({ peakedness: 1, windows: 16, isReliable: false });
    expect(peakednessOfUse(Array.from({ length: 100 }, () => 50), CAPACITY, 300).windows).toBe(100);
    expect(() => peakednessOfUse([1], CAPACITY, 0)).toThrow(RangeError);
  });
});

describe('connectionsOfCounter', () => {
  it('does not count over a reset or a gap', () => {
    expect([...connectionsOfCounter([10, 15, 15, 3, 9, Number.NaN, 20, 24])]).toEqual([5, 0, Number.NaN, 6, Number.NaN, Number.NaN, 4]);
    expect(connectionsOfCounter([]).length).toBe(0);
  });
});
