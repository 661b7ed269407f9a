import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offeredFor } from '../erlang-b.ts';
import { hayward } from '../queues.ts';
import { adjustedTarget, limitsOf } from './target.ts';

describe('adjustedTarget', () => {
  it.each([
    [1, 0.9918],
    [10, 0.9625],
    [50, 0.9032],
    [100, 0.8575],
  ])('of the default range at a loss of 1e-3 and a peakedness of %d is %d of it', (peakedness, share) => {
    expect(adjustedTarget(28_232, 1e-3, peakedness) / 28_232).toBeCloseTo(share, 4);
  });

  it('is Erlang for Poisson arrivals, and never above the capacity', () => {
    expect(adjustedTarget(100, 1e-3, 1)).toBe(offeredFor(100, 1e-3));
    expect(adjustedTarget(28_232, 0.05, 1)).toBe(28_232);
  });

  it('loses just the share that was asked for, and falls with the peakedness', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 65_000 }), fc.constantFrom(1e-2, 1e-3, 1e-6), fc.double({ min: 1, max: 50, noNaN: true }), (capacity, loss, peakedness) => {
        const target = adjustedTarget(capacity, loss, peakedness);
        expect(target).toBeLessThanOrEqual(capacity);
        expect(hayward(capacity, target, peakedness)).toBeLessThanOrEqual(loss * (1 + 1e-6));
        expect(adjustedTarget(capacity, loss, peakedness * 1.1)).toBeLessThanOrEqual(target * (1 + 1e-9));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what is no capacity and no peakedness', () => {
    expect(() => adjustedTarget(0, 1e-3, 1)).toThrow(RangeError);
    expect(() => adjustedTarget(100, 1e-3, 0.5)).toThrow(RangeError);
    expect(() => adjustedTarget(100, 0, 1)).toThrow(RangeError);
  });
});

describe('limitsOf', () => {
  it('has the capacity for a target unless there is another', () => {
    expect([limitsOf(100), limitsOf(100, 90)]).toEqual([{ capacity: 100, target: 100 }, { capacity: 100, target: 90 }]);
  });

  it.each([[0, 1], [-1, 1], [Number.NaN, 1], [100, 0], [100, 101], [100, Number.NaN], [Number.POSITIVE_INFINITY, 5]])('refuses a capacity of %d with a target of %d', (capacity, target) => {
    expect(() => limitsOf(capacity, target)).toThrow(RangeError);
  });
});
