import { beforeAll, describe, expect, it } from 'vitest';
import { anyMethod, levelMethod, predictLinearMethod, theilSenMethod, type AlertMethod } from './baselines.ts';
import { coverageOf } from './coverage.ts';
import { adjustedMethod, combinedMethod, withHysteresis } from './methods.ts';
import { otherScores } from './other-worlds.ts';
import { reportOf } from './report.ts';
import { bars, meetsBars, scoreOf, tracesOf, type Score } from './score.ts';
import { heldOutSeeds, shortSeeds, tuningSeeds } from './seeds.ts';
import { exhaustingKinds, harmlessKinds, traceOf } from './traces.ts';

describe('the seeds', () => {
  it('for tuning and those held out have nothing in common, and the short form uses held-out ones', () => {
    expect(heldOutSeeds.filter((seed) => tuningSeeds.includes(seed))).toEqual([]);
    expect(shortSeeds.every((seed) => heldOutSeeds.includes(seed))).toBe(true);
  });
});

describe('the traces', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(traceOf('ramp', 7)).toEqual(traceOf('ramp', 7));
    expect(traceOf('ramp', 7).used).not.toEqual(traceOf('ramp', 8).used);
    expect(traceOf('flat', 7).used).not.toEqual(traceOf('step', 7).used);
  });

  it.each(harmlessKinds)('%s never takes the last port in four days', (kind) => {
    for (const seed of [1, 2, 3]) {
      const { used, capacity, exhaustedAt } = traceOf(kind, seed);
      expect([used.length, exhaustedAt, used.every((value) => value >= 0 && value < capacity)]).toEqual([5760, undefined, true]);
    }
  });

  it.each(exhaustingKinds)('%s ends when it takes the last port for the first time', (kind) => {
    for (const seed of [1, 2, 3]) {
      const { used, capacity, exhaustedAt } = traceOf(kind, seed);
      expect([used.length, used.indexOf(capacity)]).toEqual([exhaustedAt! + 1, exhaustedAt]);
    }
  });

  it('say so when their noise cannot leave a port free', () => {
    expect(() => traceOf('daily90', 1, { capacity: 1024, peakedness: 10 })).toThrow(RangeError);
  });

  it('have noise of a peakedness of 20 that lasts some minutes', () => {
    const { used } = traceOf('flat', 1);
    const mean = used.reduce((sum, value) => sum + value, 0) / used.length;
    const product = (lag: number): number => used.subarray(lag).reduce((sum, value, index) => sum + (value - mean) * (used[index]! - mean), 0) / (used.length - lag);
    expect(product(0) / mean).toBeGreaterThan(16);
    expect(product(0) / mean).toBeLessThan(24);
    expect(product(1) / product(0)).toBeGreaterThan(0.85);
    expect(product(1) / product(0)).toBeLessThan(0.95);
  });
});

describe('the baselines', () => {
  const line = Float64Array.from({ length: 720 }, (_, minute) => 200 + minute);

  it('level compares with a share', () => {
    const fires = levelMethod(0.8).start(line, 1000);
    expect([fires(600), fires(601)]).toEqual([false, true]);
  });

  it('several fire when any of them does', () => {
    const fires = anyMethod([levelMethod(0.8), levelMethod(0.6)]).start(line, 1000);
    expect([fires(400), fires(401), fires(601)]).toEqual([false, true, true]);
  });

  it.each([predictLinearMethod(1), predictLinearMethod(6), theilSenMethod(2), theilSenMethod(6)])('$name carries a line on for four hours', (method) => {
    const last = (capacity: number): boolean => method.start(line, capacity)(719);
    expect([last(919 + 235), last(919 + 245)]).toEqual([true, false]);
  });
});

describe('scoreOf', () => {
  it('counts alerts that begin, exhaustions without an alert, and leads', () => {
    const always: AlertMethod = { name: 'always', start: () => () => true };
    const never: AlertMethod = { name: 'never', start: () => () => false };
    const last: AlertMethod = { name: 'from an hour before', start: (used) => (newest) => newest > used.length - 62 };
    const traces = tracesOf([1, 2]);
    expect(scoreOf(always, traces)).toMatchObject({ seeds: 2, falseAlarmsADay: 0.25, missed: 0, exhaustions: 8, harmless: { flat: { falseAlarmsADay: 0.25, alertShare: 1 } } });
    expect(scoreOf(never, traces)).toMatchObject({ falseAlarmsADay: 0, missed: 8, missedShare: 1, exhausting: { leak: { traces: 2, missed: 2, firstLead: 0, steadyLead: 0 } } });
    const { exhausting } = scoreOf(last, traces);
    for (const kind of exhaustingKinds) {
      expect(exhausting[kind].firstLead).toBeGreaterThanOrEqual(56);
      expect(exhausting[kind].firstLead).toBeLessThanOrEqual(60);
      expect(exhausting[kind]).toMatchObject({ missed: 0, steadyLead: exhausting[kind].firstLead, earlyAlarmsADay: 0 });
    }
  });
});

describe('the report', () => {
  it('has a line for every method, and shares of ranges that add up', () => {
    const traces = tracesOf([1]);
    const text = reportOf([combinedMethod, levelMethod(0.8)].map((method) => scoreOf(method, traces)), traces, otherScores([1]));
    expect(text).toMatch(/\| combined \| \d\.\d\d \| \d of 4 \| \d+ min \|/);
    expect(text).toContain('| level > 80 % |');
    expect(text).toContain('| 28,232 | 100 | a(c, 1e-3, z) = 86 % |');
    expect(text).not.toContain('undefined');
    for (const kind of exhaustingKinds) {
      const { within, sooner, later, withoutRange } = coverageOf(kind, tracesOf([1, 2, 3]));
      expect(within + sooner + later).toBeCloseTo(1, 9);
      expect(withoutRange).toBeLessThan(1);
    }
  });
});

describe('the forecast on seeds that it was not tuned on (short form of npm run forecast:evaluate)', () => {
  const methods = [combinedMethod, adjustedMethod, ...[predictLinearMethod(1), predictLinearMethod(6), levelMethod(0.8)].map(withHysteresis)];
  const scores: Score[] = [];

  beforeAll(() => {
    const traces = tracesOf(shortSeeds);
    scores.push(...methods.map((method) => scoreOf(method, traces)));
  });

  it.each([[0, methods[0]!.name], [1, methods[1]!.name]])('%d: %s stays within the bars', (index) => {
    const score = scores[index]!;
    expect(score.falseAlarmsADay).toBeLessThanOrEqual(bars.falseAlarmsADay);
    expect(score.missedShare).toBeLessThanOrEqual(bars.missedShare);
    expect(score.exhausting.ramp.firstLead).toBeGreaterThanOrEqual(bars.rampLead);
    expect(meetsBars(score)).toBe(true);
  });

  it('raises less than half of the false alarms of predict_linear and of a level, with the same hysteresis', () => {
    const [own, , ...rivals] = scores;
    expect(rivals.length).toBe(3);
    for (const rival of rivals) expect(own!.falseAlarmsADay).toBeLessThan(rival.falseAlarmsADay / 2);
  });
});
