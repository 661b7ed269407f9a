import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fastView } from './fast-rule.ts';
import { seriesOf } from '../../../test/support/series-of.ts';
import { limitsOf } from './target.ts';

const limits = limitsOf(1000);
const DAY = 1440;

describe('the fast rule', () => {
  it('sees a ramp that fills the tuple within the hour', () => {
    const { fires, used, slope } = fastView(seriesOf(40, (minute) => 300 + 10 * minute), limits);
    expect([fires, used]).toEqual([true, 680]);
    expect([slope.lower, slope.median, slope.upper]).toEqual([10, 10, 10]);
  });

  it.each([
    ['a slower one', 40, (minute: number) => 500 + 4 * minute],
    ['one below half of the ports', 40, (minute: number) => 100 + 10 * minute],
    ['one that ended some minutes ago', 52, (minute: number) => 300 + 10 * Math.min(40, minute)],
    ['a spike of ten minutes', 60, (minute: number) => (minute >= 48 ? 900 : 400)],
    ['a fall', 60, (minute: number) => 960 - 5 * minute],
    ['a series of five minutes', 5, (minute: number) => 500 + 50 * minute],
  ])('keeps still for %s', (_, minutes, used) => {
    expect(fastView(seriesOf(minutes, used), limits).fires).toBe(false);
  });

  it('bridges a gap of some minutes, and keeps still with a long one', () => {
    const ramp = (minute: number): number => 300 + 10 * minute;
    expect(fastView(seriesOf(45, (minute) => (minute >= 25 && minute < 31 ? undefined : ramp(minute))), limits).fires).toBe(true);
    expect(fastView(seriesOf(45, (minute) => (minute >= 15 && minute < 36 ? undefined : ramp(minute))), limits).fires).toBe(false);
  });

  const twice = (peakYesterday: number, minutesToday: number, gap?: number) => seriesOf(DAY + 600 + minutesToday, (minute) => {
    if (gap !== undefined && minute >= gap && minute < gap + 60) return undefined;
    const ramp = 300 + 10 * Math.max(0, (minute % DAY) - 600);
    return Math.min(ramp, minute < DAY ? peakYesterday : 990);
  });

  it('is vetoed when yesterday did the same and stayed below the target', () => {
    expect(fastView(twice(900, 40), limits)).toMatchObject({ fires: false, isVetoed: true });
  });

  it('is not vetoed when yesterday went up to the target, or is not known', () => {
    expect(fastView(seriesOf(DAY + 640, (minute) => 300 + 10 * Math.min(75, Math.max(0, (minute % DAY) - 600))), limits)).toMatchObject({ fires: true, isVetoed: false });
    for (const gap of [590, 690]) expect(fastView(twice(900, 40, gap), limits)).toMatchObject({ fires: true, isVetoed: false });
  });

  it('is not vetoed when today is so much higher that the same shape would not fit', () => {
    const series = seriesOf(DAY + 640, (minute) => (minute < DAY ? 100 : 300) + Math.min(750, 10 * Math.max(0, (minute % DAY) - 600)));
    expect(fastView(series, limits)).toMatchObject({ fires: true, isVetoed: false });
  });

  it('fires also for a lower target and for a steeper ramp, and its slopes are ordered or unknown', () => {
    const noise = fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(noise, fc.integer({ min: 0, max: 14 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 600, max: 999 }), (wiggle, rise, more, target) => {
        const series = (slope: number) => seriesOf(40, (minute) => 400 + wiggle[minute]! + slope * minute);
        const view = fastView(series(rise), limits);
        expect(view.slope.lower).toBeLessThanOrEqual(view.slope.median);
        expect(view.slope.median).toBeLessThanOrEqual(view.slope.upper);
        if (!view.fires) return;
        expect([fastView(series(rise + more), limits).fires, fastView(series(rise), limitsOf(1000, target)).fires]).toEqual([true, true]);
      }),
    );
  });
});
