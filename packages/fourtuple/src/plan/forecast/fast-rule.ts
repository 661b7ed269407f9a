import { slopeQuartiles, type SlopeQuartiles } from './slope.ts';
import type { Limits } from './target.ts';
import { tuning } from './tuning.ts';
import { BLOCK_MINUTES, DAY_BLOCKS, type UseSeries } from './use-series.ts';

/** What the fast rule saw. */
export interface FastView {
  readonly fires: boolean;
  /** It would fire, but yesterday at this time did the same and stayed below the target. */
  readonly isVetoed: boolean;
  /** Median of the newest minutes, ports; NaN in a gap. */
  readonly used: number;
  /** Ports a minute, over the longer window. */
  readonly slope: SlopeQuartiles;
}

const windowMinutes = tuning.fastLong.points * tuning.fastLong.pointMinutes;

/** A ramp: even the lower quartile of the slopes reaches the target in about an hour, over half an hour and over its last minutes. */
export function fastView(series: UseSeries, limits: Limits): FastView {
  const used = series.medianOfMinutes(0, tuning.fastLong.pointMinutes);
  const slope = slopeOver(series, tuning.fastLong);
  const isRising = slope.lower * windowMinutes >= tuning.fastLeastRise * limits.capacity;
  const isNear = isRising && used > tuning.usedShare * limits.target && reaches(used, slope.lower, limits.target, tuning.fastLong.exhaustionMinutes);
  const isRamp = isNear && reaches(used, slopeOver(series, tuning.fastShort).lower, limits.target, tuning.fastShort.exhaustionMinutes);
  const isVetoed = isRamp && yesterdayDidTheSame(series, used, slope.median, limits.target);
  return { fires: isRamp && !isVetoed, isVetoed, used, slope };
}

interface Window {
  readonly points: number;
  readonly pointMinutes: number;
  readonly least: number;
}

const points = new Float64Array(16);

/** Slopes a minute over medians of a few minutes. */
function slopeOver(series: UseSeries, { points: count, pointMinutes, least }: Window): SlopeQuartiles {
  for (let index = 0; index < count; index++) points[index] = series.medianOfMinutes(index * pointMinutes, pointMinutes);
  const { lower, median, upper } = slopeQuartiles(points, count, least);
  return { lower: lower / pointMinutes, median: median / pointMinutes, upper: upper / pointMinutes };
}

function reaches(used: number, slope: number, target: number, withinMinutes: number): boolean {
  return used + slope * withinMinutes >= target && slope > 0;
}

/** With a gap yesterday there is no veto. */
function yesterdayDidTheSame(series: UseSeries, used: number, slope: number, target: number): boolean {
  const before = series.quarterHour(DAY_BLOCKS);
  if (!(before - series.quarterHour(DAY_BLOCKS + windowMinutes / BLOCK_MINUTES) >= tuning.vetoRise * slope * windowMinutes)) return false;
  let highest = before;
  for (let ahead = 1; ahead <= tuning.vetoMinutes / BLOCK_MINUTES; ahead++) {
    const value = series.quarterHour(DAY_BLOCKS - ahead);
    if (Number.isNaN(value)) return false;
    highest = Math.max(highest, value);
  }
  return highest + (used - before) < target;
}
