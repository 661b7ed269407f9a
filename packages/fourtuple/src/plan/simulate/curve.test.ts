import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factorAt, mostFactor, type RateCurve } from './curve.ts';

const HOUR = 3600;

describe('curves', () => {
  it('without anything are flat', () => {
    expect(factorAt({}, 12_345)).toBe(1);
    expect(mostFactor({})).toBe(1);
  });

  it('of a day are highest at their hour, and in zones ahead earlier', () => {
    const curve = { daily: { swing: 0.5, peakHour: 20 } };
    expect(factorAt(curve, 20 * HOUR)).toBeCloseTo(1.5, 12);
    expect(factorAt(curve, 8 * HOUR)).toBeCloseTo(0.5, 12);
    expect(factorAt(curve, 17 * HOUR, 3)).toBeCloseTo(1.5, 12);
  });

  it('by the hour are joined by lines, and begin again', () => {
    const curve = { hourly: [1, 3] };
    expect([0, 0.5, 1, 1.5, 2].map((hour) => factorAt(curve, hour * HOUR))).toEqual([1, 2, 3, 2, 1]);
    expect(factorAt(curve, 0, -1)).toBe(3);
  });

  it('have spikes, at once in every zone', () => {
    const curve = { spikes: [{ atSeconds: 100, seconds: 10, factor: 4 }] };
    expect([99, 100, 109, 110].map((second) => factorAt(curve, second, 7))).toEqual([1, 4, 4, 1]);
  });

  it('count spikes together only where they meet', () => {
    const spike = (atSeconds: number, factor: number) => ({ atSeconds, seconds: 10, factor });
    expect(mostFactor({ spikes: [spike(0, 2), spike(20, 3), spike(40, 0.5)] })).toBe(3);
    expect(mostFactor({ spikes: [spike(0, 2), spike(5, 3)] })).toBe(6);
  });

  it('are never above their bound, nor below 0', () => {
    const curves = fc.record({
      daily: fc.record({ swing: fc.double({ min: 0, max: 1, noNaN: true }), peakHour: fc.double({ min: 0, max: 24, noNaN: true }) }),
      hourly: fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 24 }),
      spikes: fc.array(fc.record({ atSeconds: fc.nat(90_000), seconds: fc.nat(5000), factor: fc.double({ min: 0, max: 5, noNaN: true }) }), { maxLength: 3 }),
    }) satisfies fc.Arbitrary<RateCurve>;
    fc.assert(
      fc.property(curves, fc.double({ min: 0, max: 200_000, noNaN: true }), fc.integer({ min: -24, max: 24 }), (curve, seconds, zone) => {
        const factor = factorAt(curve, seconds, zone);
        expect(factor).toBeGreaterThanOrEqual(-1e-12);
        expect(factor).toBeLessThanOrEqual(mostFactor(curve) * (1 + 1e-12));
      }),
    );
  });
});
