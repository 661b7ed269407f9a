import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exp, ln } from './elementary.ts';

describe('exp and ln', () => {
  it('are those of Math but for the last bits', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-15 * Math.max(1, Math.abs(x) / 8));
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 5e-324, max: Number.MAX_VALUE, noNaN: true }), (x) => {
        const wanted = Math.log(x);
        expect(Math.abs(ln(x) - wanted)).toBeLessThanOrEqual(2e-15 * Math.max(Math.abs(wanted), 1e-3));
      }),
    );
  });

  it('know their ends', () => {
    expect([exp(0), exp(-1000), exp(1000), ln(1), ln(0), ln(Number.POSITIVE_INFINITY)]).toEqual([1, 0, Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect([exp(Number.NaN), ln(-1), ln(Number.NaN)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(exp(709.7) / Math.exp(709.7)).toBeCloseTo(1, 12);
    expect(ln(5e-324)).toBeCloseTo(Math.log(5e-324), 10);
  });
});
