import { medianOfFirst } from './quantile.ts';
import { usualPeakBeforeRestart } from './sawtooth.ts';
import { slopeQuartiles, type SlopeQuartiles } from './slope.ts';
import { countSinceStep } from './step.ts';
import type { Limits } from './target.ts';
import { tuning } from './tuning.ts';
import { BLOCK_MINUTES, DAY_BLOCKS, type UseSeries } from './use-series.ts';

/** Where a path of the future comes from. */
export type Basis =
  /** Yesterday's shape, and how today departs from it. */
  | 'daily-shape'
  /** A straight line: there is no whole day of history, or yesterday had a step at this time. */
  | 'line';

/** What the slow rule saw. */
export interface SlowView {
  readonly fires: boolean;
  /** It would fire, but the use is still below the usual peak before a restart. */
  readonly isSawtooth: boolean;
  readonly basis: Basis;
  /** Ports in use now by the path of the last three quarters of an hour, without its noise; NaN in a gap. */
  readonly used: number;
  /** Ports a minute: of the use, or of its difference from yesterday's where the basis is that. */
  readonly slope: SlopeQuartiles;
}

const STRIDE_BLOCKS = 3;
const STRIDE_MINUTES = STRIDE_BLOCKS * BLOCK_MINUTES;

const blocks = new Float64Array(tuning.slowBlocks);
/** Yesterday around this time: the window, the horizon, and what the medians at its end look at. */
const yesterday = new Float64Array(tuning.slowBlocks + tuning.horizonMinutes / BLOCK_MINUTES + 2 * STRIDE_BLOCKS);

/** A leak or a day that is too large: over the next hours the lower quartile of the slopes, laid on yesterday's shape, reaches the target. */
export function slowView(series: UseSeries, limits: Limits): SlowView {
  const { capacity, target } = limits;
  const since = readWindow(series, capacity);
  const basis: Basis = hasShape(series, capacity) ? 'daily-shape' : 'line';
  if (basis === 'daily-shape') for (let age = 0; age < since; age++) blocks[age] = blocks[age]! - series.block(age + DAY_BLOCKS);
  const slope = slopeOfWindow(since);
  const used = levelNow(since, slope.median * BLOCK_MINUTES) + (basis === 'daily-shape' ? shapeAt(series, 0, 1) : 0);
  const view = { basis, used, slope };
  const horizon = basis === 'line' ? tuning.lineHorizonMinutes : tuning.horizonMinutes;
  const isReached = used > tuning.usedShare * target && minutesUntil(series, view, slope.lower, target, horizon) <= horizon;
  // A comparison with NaN is false: without a restart nothing is suppressed.
  const isSawtooth = isReached && used < tuning.sawtoothMargin * usualPeakBeforeRestart(series, capacity);
  return { ...view, fires: isReached && !isSawtooth, isSawtooth };
}

/** Slope of the use itself over the slow rule's window, ports a minute; NaN with less than an hour of it since the last step. */
export function recentSlope(series: UseSeries, capacity: number): SlopeQuartiles {
  return slopeOfWindow(readWindow(series, capacity));
}

/**
 * When a path of the future reaches the target.
 * @param slope ports a minute, laid on the basis of the view
 * @returns minutes from now; Infinity when not within `farthest`, or when nothing is known
 */
export function minutesUntil(series: UseSeries, { basis, used }: Pick<SlowView, 'basis' | 'used'>, slope: number, target: number, farthest: number): number {
  if (used >= target) return 0;
  if (basis === 'line') {
    const minutes = slope > 0 ? (target - used) / slope : Number.POSITIVE_INFINITY;
    return minutes <= farthest ? minutes : Number.POSITIVE_INFINITY;
  }
  let last = used;
  for (let minutes = STRIDE_MINUTES; minutes <= farthest; minutes += STRIDE_MINUTES) {
    const next = used + riseOfDay(series, minutes / BLOCK_MINUTES) + slope * minutes;
    if (next >= target) return minutes - (STRIDE_MINUTES * (next - target)) / (next - last);
    last = next;
  }
  return Number.POSITIVE_INFINITY;
}

/** How much the use rose over so many blocks on the days before, from this time on: the least of two days, so that a rise seen once is no habit. */
function riseOfDay(series: UseSeries, ahead: number): number {
  const inDay = ahead % DAY_BLOCKS;
  const last = shapeAt(series, inDay, 1) - shapeAt(series, 0, 1);
  const before = shapeAt(series, inDay, 2) - shapeAt(series, 0, 2);
  // Gaps are bridged by the other day, or by no rise at all.
  if (Number.isNaN(last)) return Number.isNaN(before) ? 0 : before;
  return Number.isNaN(before) ? last : Math.min(last, before);
}

/** The use of some days ago at the time that is so many blocks from now. */
function shapeAt(series: UseSeries, ahead: number, days: number): number {
  return series.quarterHour(days * DAY_BLOCKS - ahead);
}

const departures = new Float64Array(tuning.slowLevelBlocks);

/** Where the last blocks of the window say that it is now, on a path of this slope a block. */
function levelNow(count: number, slope: number): number {
  let known = 0;
  for (let age = 0; age < Math.min(count, departures.length); age++) {
    const level = blocks[age]! + slope * age;
    if (!Number.isNaN(level)) departures[known++] = level;
  }
  return medianOfFirst(departures, known);
}

/** Whether yesterday is known around this time, and had no step then: an incident is no shape. */
function hasShape(series: UseSeries, capacity: number): boolean {
  if (Number.isNaN(shapeAt(series, 0, 1))) return false;
  const length = yesterday.length;
  const newest = DAY_BLOCKS + tuning.slowBlocks - length;
  let known = 0;
  for (let index = 0; index < length; index++) {
    yesterday[index] = series.block(newest + index);
    if (!Number.isNaN(yesterday[index]!)) known++;
  }
  return known >= length / 2 && countSinceStep(yesterday, length, capacity) === length;
}

/** Reads the window into `blocks`. @returns how many of them lie behind the last step */
function readWindow(series: UseSeries, capacity: number): number {
  for (let age = 0; age < blocks.length; age++) blocks[age] = series.block(age);
  return countSinceStep(blocks, blocks.length, capacity);
}

/** Ports a minute. */
function slopeOfWindow(count: number): SlopeQuartiles {
  const { lower, median, upper } = slopeQuartiles(blocks, count, tuning.slowLeastBlocks);
  return { lower: lower / BLOCK_MINUTES, median: median / BLOCK_MINUTES, upper: upper / BLOCK_MINUTES };
}
