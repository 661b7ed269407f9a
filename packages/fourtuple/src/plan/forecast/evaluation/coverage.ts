import { Forecaster } from '../forecaster.ts';
import { EVERY_MINUTES } from './score.ts';
import type { Trace, TraceKind } from './traces.ts';

/** How often the range of the time to exhaustion, told while an alert is on, held the true time. */
export interface Coverage {
  /** Evaluations under alert, in the last eight hours before the exhaustion. */
  readonly told: number;
  /** Shares of those with a range. */
  readonly within: number;
  readonly sooner: number;
  readonly later: number;
  /** Share of the evaluations under alert without a trend, and so without a range. */
  readonly withoutRange: number;
}

const ABOUT_MINUTES = 480;

/** Compares the ranges with the truth on the traces of a kind. */
export function coverageOf(kind: TraceKind, traces: readonly Trace[]): Coverage {
  const count = { within: 0, sooner: 0, later: 0, withoutRange: 0 };
  for (const { used, capacity, exhaustedAt, kind: own } of traces) {
    if (own !== kind || exhaustedAt === undefined) continue;
    const forecaster = new Forecaster(capacity);
    for (let minute = 0; minute < exhaustedAt; minute++) {
      forecaster.add(60 * minute, used[minute]!);
      if ((minute + 1) % EVERY_MINUTES !== 0) continue;
      if (!forecaster.evaluate(60 * minute).isAlerting || exhaustedAt - minute > ABOUT_MINUTES) continue;
      const { exhaustion } = forecaster.outlook(60 * minute);
      const left = exhaustedAt - minute;
      if (exhaustion === undefined) count.withoutRange++;
      else if (left < exhaustion.earliest) count.sooner++;
      else if (left > exhaustion.latest) count.later++;
      else count.within++;
    }
  }
  const told = count.within + count.sooner + count.later;
  return { told, within: count.within / told, sooner: count.sooner / told, later: count.later / told, withoutRange: count.withoutRange / (told + count.withoutRange) };
}
