import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesOf } from '../../../test/support/series-of.ts';
import { minutesUntil, slowView } from './slow-rule.ts';
import { limitsOf } from './target.ts';

const limits = limitsOf(1000);
const DAY = 1440;
const wave = (minute: number): number => Math.sin((2 * Math.PI * minute) / DAY);

describe('the slow rule', () => {
  it('sees a leak, in the first day an hour and a half before its end', () => {
    const leak = (minute: number): number => 400 + minute;
    expect(slowView(seriesOf(400, leak), limits)).toMatchObject({ fires: false, basis: 'line' });
    expect(slowView(seriesOf(525, leak), limits)).toMatchObject({ fires: true, basis: 'line' });
  });

  it('sees a leak four hours before its end when a day is known', () => {
    const leak = (minute: number): number => 300 + Math.max(0, minute - DAY) / 2;
    expect(slowView(seriesOf(DAY + 900, leak), limits)).toMatchObject({ fires: false, basis: 'daily-shape' });
    expect(slowView(seriesOf(DAY + 1170, leak), limits)).toMatchObject({ fires: true, basis: 'daily-shape' });
  });

  it('knows from yesterday that the day ends below the target', () => {
    const day = (minute: number): number => 500 + 400 * wave(minute);
    for (let minutes = DAY + 60; minutes < 3 * DAY; minutes += 60) expect(slowView(seriesOf(minutes, day), limits).fires).toBe(false);
  });

  it('knows from yesterday that a day which runs higher ends above it', () => {
    const day = (minute: number): number => 500 + Math.min(150, Math.max(0, minute - DAY + 300)) + 400 * wave(minute);
    expect(slowView(seriesOf(DAY + 150, day), limits)).toMatchObject({ fires: true, basis: 'daily-shape' });
  });

  it('starts anew at a step, and keeps still for an hour after it', () => {
    const stepped = (minute: number): number => (minute < 300 ? 300 : 700 + 3 * Math.max(0, minute - 300));
    expect(slowView(seriesOf(355, stepped), limits).slope.median).toBeNaN();
    expect(slowView(seriesOf(355, stepped), limits).fires).toBe(false);
    expect(slowView(seriesOf(380, stepped), limits)).toMatchObject({ fires: true, slope: { median: 3 } });
  });

  it('lays nothing on a day that had a step', () => {
    const deploy = (minute: number): number => (minute < 600 ? 300 : 600);
    for (let minutes = DAY + 365; minutes <= DAY + 755; minutes += 30) expect(slowView(seriesOf(minutes, deploy), limits)).toMatchObject({ fires: false, basis: 'line' });
    expect(slowView(seriesOf(DAY + 850, deploy), limits).basis).toBe('daily-shape');
  });

  it('keeps still for a leak that a restart usually ends, until it climbs higher than usual', () => {
    const sawtooth = (minute: number): number => 100 + (8 * (minute % 300)) / 3;
    expect(slowView(seriesOf(3 * 300 + 270, sawtooth), limits)).toMatchObject({ fires: false, isSawtooth: true });
    const higher = slowView(seriesOf(3 * 300 + 330, (minute) => (minute < 900 ? sawtooth(minute) : 100 + (8 * (minute - 900)) / 3)), limits);
    expect(higher).toMatchObject({ fires: true, isSawtooth: false });
  });

  it.each([['in the window', 430, 460], ['yesterday', 400 - 60, 400 - 20]])('bridges a gap of half an hour %s', (_, from, to) => {
    const leak = (minute: number): number | undefined => (minute >= from && minute < to ? undefined : 400 + minute);
    expect(slowView(seriesOf(540, leak), limits).fires).toBe(true);
  });

  it('says nothing without samples', () => {
    expect(slowView(seriesOf(0, () => 1), limits)).toMatchObject({ fires: false, isSawtooth: false, basis: 'line', used: Number.NaN });
  });

  it('fires also for a lower target', () => {
    const points = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(points, fc.double({ min: 0, max: 2, noNaN: true }), fc.integer({ min: 600, max: 1000 }), fc.integer({ min: 600, max: 1000 }), (wiggle, rise, one, other) => {
        const series = seriesOf(300, (minute) => 300 + wiggle[Math.floor(minute / 5)]! + rise * minute);
        const fires = (target: number): boolean => slowView(series, limitsOf(1000, target)).fires;
        expect(!fires(Math.max(one, other)) || fires(Math.min(one, other))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('minutesUntil', () => {
  it('on a line is the distance over the slope', () => {
    const series = seriesOf(0, () => 1);
    const view = { basis: 'line', used: 600 } as const;
    expect(minutesUntil(series, view, 2, 1000, 2880)).toBe(200);
    expect([minutesUntil(series, view, 2, 600, 2880), minutesUntil(series, view, 0, 1000, 2880), minutesUntil(series, view, -1, 1000, 2880), minutesUntil(series, view, Number.NaN, 1000, 2880), minutesUntil(series, view, 0.1, 1000, 2880)]).toEqual([0, Infinity, Infinity, Infinity, Infinity]);
  });

  it('on a shape is the first crossing, sooner for a steeper slope and later for a higher target', () => {
    fc.assert(
      fc.property(fc.integer({ min: DAY + 60, max: 3 * DAY }), fc.integer({ min: 50, max: 300 }), fc.double({ min: -0.5, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.5, noNaN: true }), fc.integer({ min: 0, max: 200 }), (minutes, amplitude, slope, more, higher) => {
        const series = seriesOf(minutes, (minute) => 400 + amplitude * wave(minute));
        const view = { basis: 'daily-shape', used: series.quarterHour(0) } as const;
        const time = minutesUntil(series, view, slope, 800, 2880);
        expect(time).toBeGreaterThanOrEqual(0);
        expect(minutesUntil(series, view, slope + more, 800, 2880)).toBeLessThanOrEqual(time + 1e-6);
        expect(minutesUntil(series, view, slope, 800 + higher, 2880)).toBeGreaterThanOrEqual(time - 1e-6);
      }),
      { numRuns: 100 },
    );
  });
});
