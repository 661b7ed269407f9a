import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesOf } from '../../../test/support/series-of.ts';
import { Random } from '../random.ts';
import { FARTHEST_MINUTES, outlookOf } from './outlook.ts';
import { limitsOf } from './target.ts';

const limits = limitsOf(1000);
const DAY = 1440;

describe('outlookOf', () => {
  it('of a line is a point', () => {
    const { trend, exhaustion, basis } = outlookOf(seriesOf(301, (minute) => 300 + minute), limits);
    expect([trend, basis]).toEqual(['rising', 'line']);
    expect(exhaustion!.earliest).toBeCloseTo(exhaustion!.latest, 6);
    expect(exhaustion!.likely).toBeGreaterThan(395);
    expect(exhaustion!.likely).toBeLessThan(405);
  });

  it('of a noisy leak is a range around the truth', () => {
    const random = new Random(5);
    const { trend, exhaustion } = outlookOf(seriesOf(301, (minute) => 300 + minute + 20 * random.normal()), limits);
    expect(trend).toBe('rising');
    expect(exhaustion!.earliest).toBeLessThan(400);
    expect(exhaustion!.latest).toBeGreaterThan(400);
  });

  it.each([
    ['noise', 'none', (minute: number) => 700 + ((minute * 7919) % 31)],
    ['a fall', 'falling', (minute: number) => 900 - minute],
    ['a constant', 'none', () => 700],
  ])('has no time for %s', (_, trend, used) => {
    const outlook = outlookOf(seriesOf(301, used), limits);
    expect(outlook.trend).toBe(trend);
    expect(outlook.exhaustion).toBeUndefined();
  });

  it('uses the last half hour before there is an hour', () => {
    const { trend, basis, exhaustion } = outlookOf(seriesOf(31, (minute) => 300 + minute), limits);
    expect([trend, basis]).toEqual(['rising', 'line']);
    expect(exhaustion!.likely).toBeCloseTo(671, 0);
  });

  it('tells the ramp rather than the slow slope before it', () => {
    const { exhaustion } = outlookOf(seriesOf(340, (minute) => 500 + 12 * Math.max(0, minute - 310)), limits);
    expect(exhaustion!.likely).toBeLessThan(20);
  });

  it('lays the slope on yesterday: a rise that ends below the target has no time', () => {
    const day = (minute: number): number => 500 + 300 * Math.sin((2 * Math.PI * minute) / DAY);
    const { trend, basis, exhaustion } = outlookOf(seriesOf(2 * DAY + 200, day), limits);
    expect([trend, basis]).toEqual(['rising', 'daily-shape']);
    expect(exhaustion!.likely).toBe(Number.POSITIVE_INFINITY);
  });

  it('is never farther than it looks', () => {
    expect(outlookOf(seriesOf(301, (minute) => minute / 10), limits).exhaustion).toEqual({ earliest: Number.POSITIVE_INFINITY, likely: Number.POSITIVE_INFINITY, latest: Number.POSITIVE_INFINITY });
  });

  it('is 0 when the target is reached', () => {
    expect(outlookOf(seriesOf(301, (minute) => 710 + minute), limits).exhaustion).toEqual({ earliest: 0, likely: 0, latest: 0 });
  });

  it('contains its point, and comes sooner for a lower target', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 40, max: 3200 }), fc.double({ min: -0.2, max: 3, noNaN: true }), fc.integer({ min: 600, max: 1000 }), (seed, minutes, rise, target) => {
        const random = new Random(seed);
        const series = seriesOf(minutes, (minute) => Math.max(0, 200 + ((rise * minute) % 800) + 100 * Math.sin((2 * Math.PI * minute) / DAY) + 15 * random.normal()));
        const { trend, exhaustion } = outlookOf(series, limits);
        const nearer = outlookOf(series, limitsOf(1000, target));
        expect(nearer.trend === trend || nearer.exhaustion !== undefined).toBe(true);
        if (exhaustion === undefined) return;
        expect(exhaustion.earliest).toBeLessThanOrEqual(exhaustion.likely);
        expect(exhaustion.likely).toBeLessThanOrEqual(exhaustion.latest);
        for (const time of [exhaustion.earliest, exhaustion.likely, exhaustion.latest]) expect(time <= FARTHEST_MINUTES || time === Number.POSITIVE_INFINITY).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
