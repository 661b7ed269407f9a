import { adjustedTarget } from '../target.ts';
import { adjustedMethodFor, combinedMethod } from './methods.ts';
import { scoreOf, tracesOf } from './score.ts';
import type { World } from './traces.ts';

/** Tuples other than the one that the rules were set on: hardly any bursts, many, and a small one. */
export const otherWorlds: readonly World[] = [
  { capacity: 28_232, peakedness: 1 },
  { capacity: 28_232, peakedness: 100 },
  { capacity: 1024, peakedness: 2 },
];

/** What becomes of the forecast elsewhere, with each of its two targets. */
export interface OtherScore extends World {
  /** Ports; a(c, 1e-3, z) or c. */
  readonly target: number;
  /** Alerts raised in a day, over the harmless series but the daily cycle to 90 %, which is above the adjusted target of bursty tuples. */
  readonly falseAlarmsADay: number;
  /** Share of the exhaustions. */
  readonly missedShare: number;
  /** Median of the first alert before the end of a ramp, minutes. */
  readonly rampLead: number;
}

/** Scores of the forecast on other tuples. */
export function otherScores(seeds: readonly number[]): OtherScore[] {
  return otherWorlds.flatMap((world) => {
    const { capacity, peakedness } = world;
    const traces = tracesOf(seeds, world, (kind) => kind !== 'daily90');
    return [
      { target: capacity, method: combinedMethod },
      { target: adjustedTarget(capacity, 1e-3, peakedness), method: adjustedMethodFor(peakedness) },
    ].map(({ target, method }) => {
      const { falseAlarmsADay, missedShare, exhausting } = scoreOf(method, traces);
      return { ...world, target, falseAlarmsADay, missedShare, rampLead: exhausting.ramp.firstLead };
    });
  });
}
