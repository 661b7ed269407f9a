import { medianOfFirst } from './quantile.ts';
import { BLOCKS_KEPT, type UseSeries } from './use-series.ts';

/** Blocks over which a fall counts as one: a restart takes a few minutes. */
const FALL_BLOCKS = 3;
/** A fall within so many blocks of a rise of half its size is the end of a spike, not a restart. */
const SPIKE_BLOCKS = 9;
/** Least fall of a restart, as a share of the capacity: anything smaller is noise or a small deploy. */
const FALL_SHARE = 0.15;

const known = new Float64Array(BLOCKS_KEPT);
const peaks = new Float64Array(BLOCKS_KEPT);

/**
 * Median of the use just before the restarts of the last two days: a leak that a restart ends again and again is a sawtooth,
 * and its usual peak says how far it may climb without harm.
 * @param capacity ports
 * @returns ports; NaN when there was no restart
 */
export function usualPeakBeforeRestart(series: UseSeries, capacity: number): number {
  // From old to new, as if there were no gaps: a restart may take the samples away too.
  let length = 0;
  for (let age = BLOCKS_KEPT - 1; age >= 0; age--) {
    const value = series.block(age);
    if (!Number.isNaN(value)) known[length++] = value;
  }
  let count = 0;
  for (let index = SPIKE_BLOCKS; index + FALL_BLOCKS < length; index++) {
    const peak = known[index]!;
    const fall = peak - known[index + FALL_BLOCKS]!;
    if (fall <= FALL_SHARE * capacity || peak - known[index + 1]! <= fall / 2) continue;
    const isSpike = peak - known[index - SPIKE_BLOCKS]! > fall / 2;
    if (!isSpike) peaks[count++] = peak;
    index += FALL_BLOCKS;
  }
  return medianOfFirst(peaks, count);
}
