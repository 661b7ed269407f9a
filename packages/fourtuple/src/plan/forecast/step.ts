import { medianOfFirst } from './quantile.ts';
import { medianOfThree } from './use-series.ts';

/** A change between two quarter hours counts as a step when it is above this many median deviations of the blocks ... */
const DEVIATIONS = 8;
/** ... and above this share of the capacity. */
const STEP_SHARE = 0.08;
const SIDE = 3;

const scratch = new Float64Array(128);

/**
 * Cuts a window at its last step: a deploy or a restart, before which nothing says where the series goes now.
 * @param blocks newest first; NaN is a gap
 * @param count how many of them, at most 128
 * @param capacity ports
 * @returns how many of the newest blocks lie behind the last step
 */
export function countSinceStep(blocks: Float64Array, count: number, capacity: number): number {
  let changes = 0;
  for (let age = 0; age + 1 < count; age++) {
    const change = Math.abs(blocks[age]! - blocks[age + 1]!);
    if (!Number.isNaN(change)) scratch[changes++] = change;
  }
  const limit = Math.max(STEP_SHARE * capacity, DEVIATIONS * (medianOfFirst(scratch, changes) || 0));
  for (let age = SIDE; age + SIDE <= count; age++) {
    const newer = medianOfThree(blocks[age - 1]!, blocks[age - 2]!, blocks[age - 3]!);
    const older = medianOfThree(blocks[age]!, blocks[age + 1]!, blocks[age + 2]!);
    // The medians see a step one block early, and blocks in which it happened belong to neither side.
    if (Math.abs(newer - older) > limit) return age - 1;
  }
  return count;
}
