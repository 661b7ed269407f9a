import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOfSorted } from './quantile.ts';
import { POINTS_MOST, slopeQuartiles } from './slope.ts';

const newestFirst = (...values: number[]): Float64Array => Float64Array.from(values).reverse();
const points = fc.array(fc.oneof({ weight: 8, arbitrary: fc.double({ min: 0, max: 65_535, noNaN: true }) }, { weight: 1, arbitrary: fc.constant(Number.NaN) }), { minLength: 2, maxLength: POINTS_MOST });

describe('slopeQuartiles', () => {
  it('of a line is its slope', () => {
    expect(slopeQuartiles(newestFirst(1, 3, 5, 7), 4, 2)).toEqual({ lower: 2, median: 2, upper: 2 });
  });

  it('hardly minds one wild point, and passes over gaps', () => {
    expect(slopeQuartiles(newestFirst(0, 1, 2, 900, 4, 5, 6, Number.NaN, 8, 9), 10, 9).median).toBe(1);
  });

  it('is the quartiles of all slopes', () => {
    fc.assert(
      fc.property(points, (list) => {
        const slopes = Float64Array.from(list.flatMap((newer, age) => list.slice(age + 1).map((older, index) => (newer - older) / (index + 1)))).filter((slope) => !Number.isNaN(slope)).sort();
        const { lower, median, upper } = slopeQuartiles(Float64Array.from(list), list.length, 2);
        expect([lower, median, upper].map((slope) => slope + 0)).toEqual([0.25, 0.5, 0.75].map((share) => quantileOfSorted(slopes, slopes.length, share) + 0));
      }),
    );
  });

  it('is NaN with too few known points', () => {
    expect(slopeQuartiles(newestFirst(1, Number.NaN, 3), 3, 3).median).toBeNaN();
    expect(slopeQuartiles(newestFirst(1), 1, 0).median).toBeNaN();
  });

  it('refuses a window that is too long', () => {
    expect(() => slopeQuartiles(new Float64Array(60), 60, 2)).toThrow(RangeError);
  });

  it('is ordered, turns with the series, and grows by what is added a step', () => {
    fc.assert(
      fc.property(points, fc.double({ min: -100, max: 100, noNaN: true }), (list, slope) => {
        const { lower, median, upper } = slopeQuartiles(Float64Array.from(list), list.length, 2);
        const known = list.filter((value) => !Number.isNaN(value)).length;
        expect(Number.isNaN(median)).toBe(known < 2);
        if (known < 2) return;
        expect(lower).toBeLessThanOrEqual(median);
        expect(median).toBeLessThanOrEqual(upper);
        const backwards = slopeQuartiles(Float64Array.from(list).reverse(), list.length, 2);
        expect(backwards.lower).toBeCloseTo(-upper, 6);
        const steeper = slopeQuartiles(Float64Array.from(list, (value, age) => value - age * slope), list.length, 2);
        expect(steeper.lower).toBeCloseTo(lower + slope, 6);
      }),
    );
  });
});
