import { select } from './quantile.ts';

/** Quartiles of the slopes of all pairs of points, in units of the values for one step of the points; NaN where there are too few points. */
export interface SlopeQuartiles {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

/** Points of the longest window. */
export const POINTS_MOST = 48;

const slopes = new Float64Array((POINTS_MOST * (POINTS_MOST - 1)) / 2);
const none: SlopeQuartiles = { lower: Number.NaN, median: Number.NaN, upper: Number.NaN };

/**
 * Slopes between all pairs of points (H. Theil, 1950; P. K. Sen, 1968): the median withstands 29 % of wild points, and the
 * lower and upper quartiles tell how sure the slope is.
 * @param points newest first, one step apart; NaN is a gap
 * @param count how many of them
 * @param least known points that it takes
 * @returns slopes forwards in time
 * @throws RangeError for more than {@link POINTS_MOST} points
 */
export function slopeQuartiles(points: Float64Array, count: number, least: number): SlopeQuartiles {
  if (count > POINTS_MOST) throw new RangeError(`a window has at most ${POINTS_MOST} points, not ${count}`);
  let known = 0;
  let pairs = 0;
  for (let newer = 0; newer < count; newer++) {
    const value = points[newer]!;
    if (Number.isNaN(value)) continue;
    known++;
    for (let older = newer + 1; older < count; older++) {
      const slope = (value - points[older]!) / (older - newer);
      if (!Number.isNaN(slope)) slopes[pairs++] = slope;
    }
  }
  if (known < Math.max(2, least)) return none;
  // Six of the values in their places take a fraction of the time that all of them take.
  const lower = quantile(pairs, 0.25, 0);
  const median = quantile(pairs, 0.5, Math.floor(0.25 * (pairs - 1)));
  const upper = quantile(pairs, 0.75, Math.floor(0.5 * (pairs - 1)));
  return { lower, median, upper };
}

/** Quantile of the slopes, as quantileOfSorted() has it; those before `from` are known to be no larger than the rest. */
function quantile(count: number, share: number, from: number): number {
  const position = share * (count - 1);
  const below = Math.floor(position);
  const low = select(slopes, below, from, count - 1);
  if (below === position) return low;
  return low + (position - below) * (select(slopes, below + 1, below + 1, count - 1) - low);
}
