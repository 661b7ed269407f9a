import { fastView } from './fast-rule.ts';
import type { SlopeQuartiles } from './slope.ts';
import { minutesUntil, recentSlope, slowView, type Basis } from './slow-rule.ts';
import type { Limits } from './target.ts';
import { tuning } from './tuning.ts';
import type { UseSeries } from './use-series.ts';

/** Minutes from now; Infinity where it is not within {@link FARTHEST_MINUTES}. earliest <= likely <= latest. */
export interface TimeRange {
  /** By the upper quartile of the slopes. */
  readonly earliest: number;
  /** By their median. */
  readonly likely: number;
  /** By the lower quartile. */
  readonly latest: number;
}

/** Where the use is going. */
export interface Outlook {
  /** Median of the newest minutes, ports; NaN when they are a gap. */
  readonly used: number;
  /** 'none': the quartiles of the slope have different signs. 'unknown': too few samples. */
  readonly trend: 'rising' | 'falling' | 'none' | 'unknown';
  /** Ports a minute. */
  readonly slope: SlopeQuartiles;
  readonly basis: Basis;
  /** Time to the target. Only for a rising trend, or where a rule fires: there is no time to tell of anything else. */
  readonly exhaustion?: TimeRange;
}

/** How far a time to exhaustion is told: two days, as long as the history. */
export const FARTHEST_MINUTES = 2 * 24 * 60;

/** Looks at the series as it is now, whatever the use; costs about as much as a full evaluation. */
export function outlookOf(series: UseSeries, limits: Limits): Outlook {
  const fast = fastView(series, limits);
  const slow = slowView(series, limits);
  const recent = recentSlope(series, limits.capacity);
  const isFast = fast.fires || Number.isNaN(recent.median);
  const slope = isFast ? fast.slope : recent;
  const basis: Basis = isFast ? 'line' : slow.basis;
  const used = series.medianOfMinutes(0, tuning.levelMinutes);
  const trend = trendOf(slope);
  const outlook = { used, trend, slope, basis };
  if (Number.isNaN(used) || (trend !== 'rising' && !fast.fires && !slow.fires)) return outlook;
  const path = isFast ? fast : slow;
  const until = (minuteSlope: number): number => minutesUntil(series, { basis, used: path.used }, minuteSlope, limits.target, FARTHEST_MINUTES);
  return { ...outlook, exhaustion: { earliest: until(path.slope.upper), likely: until(path.slope.median), latest: until(path.slope.lower) } };
}

function trendOf({ lower, upper }: SlopeQuartiles): Outlook['trend'] {
  if (Number.isNaN(lower)) return 'unknown';
  if (lower > 0) return 'rising';
  return upper < 0 ? 'falling' : 'none';
}
