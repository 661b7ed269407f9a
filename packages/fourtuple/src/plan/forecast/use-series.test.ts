import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCKS_KEPT, DAY_BLOCKS, MINUTES_KEPT, UseSeries, medianOfThree } from './use-series.ts';

function filled(minutes: number, used: (minute: number) => number, from = 0): UseSeries {
  const series = new UseSeries();
  for (let minute = from; minute < from + minutes; minute++) if (!Number.isNaN(used(minute))) series.add(60 * minute, used(minute));
  return series;
}

describe('UseSeries', () => {
  it('knows nothing before the first sample', () => {
    const series = new UseSeries();
    expect([series.minute(0), series.block(0), series.quarterHour(0), series.medianOfMinutes(0, 5)]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    expect(series.historyMinutes).toBe(0);
  });

  it('keeps the last minutes, and medians of 5 min for two days', () => {
    const series = filled(4000, (minute) => minute);
    expect([series.minute(0), series.minute(MINUTES_KEPT - 1), series.minute(MINUTES_KEPT)]).toEqual([3999, 4000 - MINUTES_KEPT, Number.NaN]);
    expect([series.block(0), series.block(1), series.block(DAY_BLOCKS), series.block(BLOCKS_KEPT - 1)]).toEqual([3997, 3992, 3997 - 1440, 3997 - 5 * (BLOCKS_KEPT - 1)]);
    expect([series.block(BLOCKS_KEPT), series.block(-1)]).toEqual([Number.NaN, Number.NaN]);
    expect(series.quarterHour(3)).toBe(3982);
    expect(series.historyMinutes).toBe(4000);
  });

  it('takes less than three thousand bytes', () => {
    expect(new UseSeries().bytes).toBeLessThan(3000);
  });

  it('takes the mean of the samples of a minute', () => {
    const series = new UseSeries();
    for (const [at, used] of [[0, 10], [20, 20], [59.9, 60]] as const) series.add(at, used);
    expect(series.minute(0)).toBe(30);
  });

  it('has a gap where samples are missing, and no block with fewer than three minutes', () => {
    const series = filled(40, (minute) => ([12, 13, 14].includes(minute) || (minute >= 20 && minute < 22) ? Number.NaN : minute));
    expect([series.minute(39 - 13), series.minute(39 - 15)]).toEqual([Number.NaN, 15]);
    expect([series.block(5), series.block(3), series.block(0)]).toEqual([Number.NaN, 23, 37]);
    expect(series.quarterHour(5)).toBe((7 + 17) / 2);
  });

  it('forgets what a gap longer than its memory has made old', () => {
    const series = filled(3000, () => 5);
    series.add(60 * 9000, 7);
    expect(series.minute(0)).toBe(7);
    for (let age = 1; age < BLOCKS_KEPT; age++) expect(series.block(age)).toBeNaN();
    for (let age = 1; age < MINUTES_KEPT; age++) expect(series.minute(age)).toBeNaN();
  });

  it('drops a sample that comes late, and starts anew when the clock was set far back', () => {
    const series = filled(500, () => 5);
    expect(series.add(60 * 470, 99)).toBe(false);
    expect(series.minute(29)).toBe(5);
    expect(series.add(60 * 100, 8)).toBe(true);
    expect([series.minute(0), series.minute(1), series.historyMinutes]).toEqual([8, Number.NaN, 1]);
  });

  it('counts ages from now when it is told', () => {
    const series = filled(100, (minute) => minute);
    series.advanceTo(60 * 103);
    series.advanceTo(60 * 50);
    expect([series.minute(0), series.minute(4), series.block(0), series.block(1)]).toEqual([Number.NaN, 99, Number.NaN, 97]);
    series.add(60 * 103 + 5, 7);
    expect([series.minute(0), series.medianOfMinutes(0, 6), series.medianOfMinutes(0, 9)]).toEqual([7, 98, 96.5]);
    expect(() => series.advanceTo(-1)).toThrow(RangeError);
    const empty = new UseSeries();
    empty.advanceTo(6000);
    expect(empty.historyMinutes).toBe(0);
  });

  it.each([[-1, 0], [Number.NaN, 0], [Number.POSITIVE_INFINITY, 0], [0, -1], [0, Number.NaN], [0, Number.POSITIVE_INFINITY]])('refuses a sample at %d s of %d ports', (at, used) => {
    expect(() => new UseSeries().add(at, used)).toThrow(RangeError);
  });

  it('agrees with a plain list, over any gaps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30_000_000 }), fc.array(fc.tuple(fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 900 }) }), fc.integer({ min: 0, max: 65_535 })), { minLength: 1, maxLength: 400 }), (from, steps) => {
        const series = new UseSeries();
        const list = new Map<number, number>();
        let minute = from;
        for (const [step, used] of steps) {
          minute += step;
          list.set(minute, used);
          series.add(minute * 60, used);
        }
        for (let age = 0; age < MINUTES_KEPT; age++) expect(series.minute(age)).toEqual(list.get(minute - age) ?? Number.NaN);
        const block = Math.floor(minute / 5);
        for (const age of [0, 1, 2, 50, BLOCKS_KEPT - 1]) {
          const members = [0, 1, 2, 3, 4].flatMap((place) => list.get((block - age) * 5 + place) ?? []).sort((one, other) => one - other);
          const middle = (members.length - 1) / 2;
          expect(series.block(age)).toEqual(members.length < 3 ? Number.NaN : (members[Math.floor(middle)]! + members[Math.ceil(middle)]!) / 2);
        }
      }),
    );
  });
});

describe('medianOfThree', () => {
  it.each([
    [[3, 1, 2], 2],
    [[1, 2, 3], 2],
    [[2, 2, 9], 2],
    [[Number.NaN, 2, 4], 3],
    [[2, Number.NaN, 4], 3],
    [[2, 4, Number.NaN], 3],
    [[Number.NaN, Number.NaN, 4], Number.NaN],
  ] as const)('of %j is %d', ([first, second, third], expected) => {
    expect(medianOfThree(first, second, third)).toEqual(expected);
  });
});
