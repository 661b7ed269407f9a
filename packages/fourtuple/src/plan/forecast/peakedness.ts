import { medianOfFirst } from './quantile.ts';

/** An estimate of the peakedness z: variance over mean of the ports that connections would use without a limit. */
export interface PeakednessEstimate {
  /** z, from 1 to c/5. */
  readonly peakedness: number;
  /** Windows that it rests on: of one hold each, gaps not counted. */
  readonly windows: number;
  /** With fewer than {@link LEAST_WINDOWS} the estimate may be off by half and more. */
  readonly isReliable: boolean;
  /** What to tell with an estimate that is not reliable. */
  readonly warning?: string;
}

export const LEAST_WINDOWS = 30;

/** A hold ruled by TIME_WAIT: 61 s. */
const HOLD_SECONDS = 61;
/** Windows on each side of the running median that stands for the trend; towards the ends it stays centred as long as it has the least. */
const TREND_SIDE = 90;
const TREND_SIDE_LEAST = 15;

/**
 * Peakedness from new connections: the index of dispersion of their number in windows of one hold.
 * @param counts new connections in consecutive windows of about 61 s (one TIME_WAIT); NaN is a gap
 * @param capacity ports of the tuple
 * @param windowsOfDay windows of a day: with more than a day of counts the same time yesterday is subtracted, else a running median
 * @throws RangeError for a capacity that is not above 0
 */
export function peakednessOfConnections(counts: ArrayLike<number>, capacity: number, windowsOfDay = Math.round(86_400 / HOLD_SECONDS)): PeakednessEstimate {
  return estimate(counts, capacity, windowsOfDay, 1);
}

/**
 * Peakedness from the use itself. Samples closer than a hold tell the same twice, and count for less.
 * @param used ports in use, samples at equal distances; NaN is a gap
 * @param capacity ports of the tuple
 * @param sampleSeconds distance of the samples, s
 * @throws RangeError for a capacity or a distance that is not above 0
 */
export function peakednessOfUse(used: ArrayLike<number>, capacity: number, sampleSeconds = 60): PeakednessEstimate {
  if (!(sampleSeconds > 0)) throw new RangeError(`the distance of the samples is above 0 s, not ${sampleSeconds}`);
  return estimate(used, capacity, Math.round(86_400 / sampleSeconds), Math.min(1, sampleSeconds / HOLD_SECONDS));
}

/**
 * New connections between readings of a counter such as ActiveOpens. Where the counter fell it was reset: how many came is not known.
 * @param readings at equal distances; NaN is a gap
 * @returns one number less than readings; NaN at gaps and resets
 */
export function connectionsOfCounter(readings: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(Math.max(0, readings.length - 1));
  for (let index = 0; index < counts.length; index++) {
    const count = readings[index + 1]! - readings[index]!;
    counts[index] = count >= 0 ? count : Number.NaN;
  }
  return counts;
}

function estimate(values: ArrayLike<number>, capacity: number, day: number, weight: number): PeakednessEstimate {
  if (!(capacity > 0)) throw new RangeError(`the capacity is a number of ports above 0, not ${capacity}`);
  const { variance, mean, used } = values.length >= 2 * day ? aroundYesterday(values, day) : aroundRunningMedian(values);
  const windows = Math.floor(used * weight);
  const peakedness = Math.min(Math.max(1, capacity / 5), Math.max(1, mean > 0 ? variance / mean : 1));
  const isReliable = windows >= LEAST_WINDOWS;
  return isReliable ? { peakedness, windows, isReliable } : { peakedness, windows, isReliable, warning: `the peakedness rests on ${windows} windows, and takes ${LEAST_WINDOWS}` };
}

interface Moments {
  readonly variance: number;
  readonly mean: number;
  /** Values that were used. */
  readonly used: number;
}

/** Differences of two equal days have twice the variance; their mean is growth from day to day, not bursts. */
function aroundYesterday(values: ArrayLike<number>, day: number): Moments {
  return moments(values, day, 2, (index) => values[index]! - values[index - day]!);
}

const neighbours = new Float64Array(2 * TREND_SIDE + 1);

function aroundRunningMedian(values: ArrayLike<number>): Moments {
  const last = values.length - 1;
  return moments(values, 0, 1, (index) => {
    const side = Math.max(TREND_SIDE_LEAST, Math.min(TREND_SIDE, index, last - index));
    let known = 0;
    for (let other = Math.max(0, index - side); other <= Math.min(last, index + side); other++) {
      if (!Number.isNaN(values[other]!)) neighbours[known++] = values[other]!;
    }
    return values[index]! - medianOfFirst(neighbours, known);
  });
}

/** Mean of the values, and variance of what is left of them (B. P. Welford, 1962). */
function moments(values: ArrayLike<number>, from: number, factor: number, restAt: (index: number) => number): Moments {
  let used = 0;
  let mean = 0;
  let restMean = 0;
  let squares = 0;
  for (let index = from; index < values.length; index++) {
    const rest = restAt(index);
    if (Number.isNaN(rest)) continue;
    used++;
    mean += (values[index]! - mean) / used;
    const delta = rest - restMean;
    restMean += delta / used;
    squares += delta * (rest - restMean);
  }
  return { variance: used > 1 ? squares / (used - 1) / factor : 0, mean, used };
}
