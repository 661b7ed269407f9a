import type { Limits } from './target.ts';
import { tuning } from './tuning.ts';
import type { UseSeries } from './use-series.ts';

/** Nearly all ports are taken now: the last 5 min's median is above 94 % of the capacity, or above the target where that is lower. */
export function levelFires(series: UseSeries, { capacity, target }: Limits): boolean {
  return series.medianOfMinutes(0, tuning.levelMinutes) > Math.min(tuning.levelShare * capacity, target);
}
