import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { medianOfFirst, quantileOfSorted, select, sortFirst } from './quantile.ts';

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 120 });

describe('quantiles of the first values of an array', () => {
  it('are those of a sorted copy, and leave the rest of the array alone', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const array = Float64Array.from([...list, -7]);
        sortFirst(array, list.length);
        const sorted = Float64Array.from(list).sort();
        expect([...array.subarray(0, list.length)].map((value) => value + 0)).toEqual([...sorted].map((value) => value + 0));
        expect(array[list.length]).toBe(-7);
        const quantile = quantileOfSorted(array, list.length, share);
        expect(quantile).toBeGreaterThanOrEqual(sorted[0]!);
        expect(quantile).toBeLessThanOrEqual(sorted.at(-1)!);
      }),
    );
  });

  it('select() puts a value into its place', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 60 }), fc.nat(59), (list, any) => {
        const array = Float64Array.from(list);
        const rank = any % list.length;
        expect(select(array, rank, 0, list.length - 1)).toBe([...list].sort((one, other) => one - other)[rank]);
        for (const value of array.subarray(0, rank)) expect(value).toBeLessThanOrEqual(array[rank]!);
        for (const value of array.subarray(rank)) expect(value).toBeGreaterThanOrEqual(array[rank]!);
      }),
    );
  });

  it('interpolate between two values', () => {
    expect(quantileOfSorted(Float64Array.of(1, 2, 4, 8), 4, 0.25)).toBe(1.75);
    expect(medianOfFirst(Float64Array.of(8, 1, 4, 2, 100), 4)).toBe(3);
  });

  it('of nothing are NaN', () => {
    expect(medianOfFirst(new Float64Array(3), 0)).toBeNaN();
  });
});
