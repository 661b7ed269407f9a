import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Forecaster, type Evaluation } from './forecaster.ts';
import { adjustedTarget } from './target.ts';

const DAY = 1440;

/** Feeds a sample a minute and evaluates every five. @returns the evaluations; undefined is a gap in the samples, and evaluated all the same */
function run(forecaster: Forecaster, minutes: number, used: (minute: number) => number | undefined, from = 0): Evaluation[] {
  const evaluations: Evaluation[] = [];
  for (let minute = from; minute < from + minutes; minute++) {
    const value = used(minute);
    if (value !== undefined) forecaster.add(60 * minute, value);
    if (minute % 5 === 4) evaluations.push(forecaster.evaluate(60 * minute));
  }
  return evaluations;
}

const alerts = (evaluations: readonly Evaluation[]): string => evaluations.map(({ isAlerting }) => (isAlerting ? 'A' : '-')).join('');

describe('Forecaster', () => {
  it('says nothing of a series that it has not seen', () => {
    const forecaster = new Forecaster(1000);
    expect(forecaster.evaluate(0)).toEqual({ isAlerting: false, level: false, fast: false, slow: false, isVetoed: false, isSawtooth: false, used: Number.NaN });
    expect(forecaster.outlook(0)).toMatchObject({ trend: 'unknown', used: Number.NaN });
    expect(forecaster.outlook(0).exhaustion).toBeUndefined();
  });

  it('raises after two evaluations and clears after three', () => {
    expect(alerts(run(new Forecaster(1000), 50, (minute) => (minute >= 10 && minute < 25 ? 990 : 300)))).toBe('---AAAA---');
  });

  it('never alerts on a constant series up to the level', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), fc.double({ min: 0, max: 0.94, noNaN: true }), (capacity, share) => {
        const used = Math.floor(share * capacity);
        expect(run(new Forecaster(capacity), 400, () => used).some(({ isAlerting, level, fast, slow }) => isAlerting || level || fast || slow)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('alerts on every constant series above the level, after ten minutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 65_535 }), (capacity) => {
        expect(alerts(run(new Forecaster(capacity), 40, () => Math.floor(0.941 * capacity) + 1))).toBe('-AAAAAAA');
      }),
      { numRuns: 20 },
    );
  });

  it('is never NaN with a sample, whatever the series, its gaps and the capacity', () => {
    const sample = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 1000 }) }, { weight: 1, arbitrary: fc.constant(undefined) });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 10, maxLength: 60 }), fc.integer({ min: 100, max: 3500 }), fc.integer({ min: 1, max: 2000 }), (pattern, minutes, capacity) => {
        const forecaster = new Forecaster(capacity);
        run(forecaster, minutes, (minute) => pattern[(minute * 7 + Math.floor(minute / 60)) % pattern.length]);
        const { used, trend, slope, exhaustion } = forecaster.outlook(60 * (minutes - 1));
        expect(trend === 'unknown' || (slope.lower <= slope.median && slope.median <= slope.upper)).toBe(true);
        if (exhaustion === undefined) return;
        expect(used).not.toBeNaN();
        expect(exhaustion.earliest).toBeGreaterThanOrEqual(0);
        expect(exhaustion.earliest).toBeLessThanOrEqual(exhaustion.likely);
        expect(exhaustion.likely).toBeLessThanOrEqual(exhaustion.latest);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps an alert through a gap, neither raising nor clearing in it', () => {
    const forecaster = new Forecaster(1000);
    expect(alerts(run(forecaster, 90, (minute) => (minute < 20 ? 990 : minute < 60 ? undefined : 300)))).toBe('-AAAAAAAAAAAAA----');
    const fresh = new Forecaster(1000);
    expect(alerts(run(fresh, 70, (minute) => (minute < 5 || minute >= 60 ? 990 : undefined)))).toBe('------------AA');
  });

  it('knows nothing of now when the samples have stopped', () => {
    const forecaster = new Forecaster(1000);
    run(forecaster, 300, (minute) => 600 + minute);
    expect(forecaster.outlook(60 * 300).trend).toBe('rising');
    expect(forecaster.outlook(60 * 400)).toMatchObject({ used: Number.NaN });
    expect(forecaster.evaluate(60 * 400)).toMatchObject({ used: Number.NaN, level: false, fast: false, slow: false });
    expect(() => forecaster.evaluate(Number.NaN)).toThrow(RangeError);
  });

  it('starts from nothing when the use falls to zero: a restart', () => {
    const forecaster = new Forecaster(1000);
    const evaluations = run(forecaster, 700, (minute) => (minute < 560 ? 400 + minute : minute - 560));
    expect(evaluations[111]!.isAlerting).toBe(true);
    expect(evaluations.at(-1)!.isAlerting).toBe(false);
    // 560 min of leak, then 140 min of another: only those count.
    expect(forecaster.outlook(60 * 699).slope.median).toBeCloseTo(1, 6);
  });

  it('clears when the range is widened, and raises when it is narrowed', () => {
    const forecaster = new Forecaster(1000);
    const full = (): number => 970;
    expect(run(forecaster, 60, full).at(-1)!.isAlerting).toBe(true);
    forecaster.setCapacity(2000);
    expect(forecaster.limits).toEqual({ capacity: 2000, target: 2000 });
    expect(alerts(run(forecaster, 25, full, 60))).toBe('AA---');
    forecaster.setCapacity(1000, { target: 980 });
    expect(alerts(run(forecaster, 15, full, 85))).toBe('-AA');
  });

  it('takes a gauge that was stuck at the old capacity and goes on after it for no step of its own', () => {
    const forecaster = new Forecaster(1000);
    run(forecaster, DAY, (minute) => Math.min(1000, 400 + minute));
    forecaster.setCapacity(4000);
    const evaluations = run(forecaster, 120, (minute) => 1000 + (minute - DAY), DAY);
    expect(evaluations.slice(3).some(({ isAlerting }) => isAlerting)).toBe(false);
  });

  it('alerts earlier for a target below the capacity', () => {
    const first = (target: number): number => alerts(run(new Forecaster(28_232, { target }), 900, (minute) => 14_000 + 16 * minute)).indexOf('A');
    const adjusted = first(adjustedTarget(28_232, 1e-3, 100));
    expect(adjusted).toBeGreaterThan(0);
    expect(adjusted).toBeLessThan(first(28_232));
  });

  it('drops late samples and refuses impossible ones', () => {
    const forecaster = new Forecaster(1000);
    forecaster.add(6000, 1);
    expect(forecaster.add(5900, 1)).toBe(false);
    expect(() => forecaster.add(6060, Number.NaN)).toThrow(RangeError);
    expect(() => forecaster.setCapacity(0)).toThrow(RangeError);
    expect(() => new Forecaster(1000, { target: 1001 })).toThrow(RangeError);
    expect(forecaster.bytes).toBeLessThan(3000);
  });

  it('does not share anything with other forecasters', () => {
    const [one, other] = [new Forecaster(1000), new Forecaster(1000)];
    for (let minute = 0; minute < 60; minute++) {
      one.add(60 * minute, 990);
      other.add(60 * minute, 300);
      expect([one, other].map((forecaster) => forecaster.evaluate(60 * minute).level)).toEqual([minute >= 2, false]);
    }
  });
});
