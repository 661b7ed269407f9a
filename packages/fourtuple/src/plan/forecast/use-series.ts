import { medianOfFirst } from './quantile.ts';

/** Minutes of a block. */
export const BLOCK_MINUTES = 5;
export const DAY_BLOCKS = (24 * 60) / BLOCK_MINUTES;
/** Minutes kept one by one: what the fast rule looks at, and some. */
export const MINUTES_KEPT = 40;
/** Blocks kept: two days, and the 15-min median around the oldest. */
export const BLOCKS_KEPT = 2 * DAY_BLOCKS + 4;
/** With fewer minutes than this a block is a gap. */
const LEAST_MINUTES = 3;
/** A clock set back by more starts the series anew; samples late by less are dropped. */
const LATE_MINUTES = 60;

/**
 * Ports in use of one tuple over two days, in a fixed {@link UseSeries.bytes} of memory: the last minutes one by one, and the medians
 * of blocks of 5 min. A minute is the mean of its samples; one without samples is a gap (NaN). Ages count backwards from the
 * newest minute or block, which is age 0.
 */
export class UseSeries {
  readonly #minutes = new Float32Array(MINUTES_KEPT).fill(Number.NaN);
  readonly #blocks = new Float32Array(BLOCKS_KEPT).fill(Number.NaN);
  /** Newest minute since the epoch of the caller's clock; -1 before the first sample. */
  #newest = -1;
  #samplesInNewest = 0;
  #firstMinute = -1;

  /** Bytes of the rings. */
  get bytes(): number {
    return this.#minutes.byteLength + this.#blocks.byteLength;
  }

  /** Minutes from the first sample to the newest minute, gaps included; 0 before the first. */
  get historyMinutes(): number {
    return this.#newest < 0 ? 0 : this.#newest - this.#firstMinute + 1;
  }

  /**
   * Takes one sample.
   * @param atSeconds time of the sample, s; any epoch, but the same for all
   * @param used ports in use
   * @returns false when the sample came too late and was dropped
   * @throws RangeError for a time or a number of ports that is negative or not finite
   */
  add(atSeconds: number, used: number): boolean {
    const minute = minuteOf(atSeconds);
    if (!(used >= 0 && Number.isFinite(used))) throw new RangeError(`ports in use are a number from 0 on, not ${used}`);
    if (this.#newest >= 0 && minute < this.#newest) {
      if (this.#newest - minute <= LATE_MINUTES) return false;
      this.#startAnew();
    }
    if (minute > this.#newest) this.#advance(minute);
    const slot = minute % MINUTES_KEPT;
    this.#samplesInNewest++;
    this.#minutes[slot] = this.#samplesInNewest === 1 ? used : this.#minutes[slot]! + (used - this.#minutes[slot]!) / this.#samplesInNewest;
    this.#blocks[Math.floor(minute / BLOCK_MINUTES) % BLOCKS_KEPT] = this.#medianOfBlock(minute);
    return true;
  }

  /**
   * Makes the minute of this time the newest, so that ages count from it: without samples since, it is a gap.
   * @param nowSeconds time by the clock of the samples, s; an earlier one than theirs changes nothing
   * @throws RangeError for a time that is negative or not finite
   */
  advanceTo(nowSeconds: number): void {
    const minute = minuteOf(nowSeconds);
    if (this.#newest >= 0 && minute > this.#newest) this.#advance(minute);
  }

  /** Ports in use in the minute of this age; NaN in a gap. */
  minute(age: number): number {
    return this.#newest < 0 || age < 0 || age >= MINUTES_KEPT ? Number.NaN : this.#minutes[modulo(this.#newest - age, MINUTES_KEPT)]!;
  }

  /** Median of the block of this age; NaN in a gap. */
  block(age: number): number {
    return this.#newest < 0 || age < 0 || age >= BLOCKS_KEPT ? Number.NaN : this.#blocks[modulo(Math.floor(this.#newest / BLOCK_MINUTES) - age, BLOCKS_KEPT)]!;
  }

  /** Median of the block of this age and its two neighbours: 15 min; NaN when fewer than two of them are known. */
  quarterHour(age: number): number {
    return medianOfThree(this.block(age + 1), this.block(age), this.block(age - 1));
  }

  /** Median of `count` minutes from this age backwards; NaN when fewer than half of them are known. */
  medianOfMinutes(age: number, count: number): number {
    let known = 0;
    for (let index = 0; index < count; index++) {
      const value = this.minute(age + index);
      if (!Number.isNaN(value)) scratch[known++] = value;
    }
    return known * 2 < count ? Number.NaN : medianOfFirst(scratch, known);
  }

  #startAnew(): void {
    this.#minutes.fill(Number.NaN);
    this.#blocks.fill(Number.NaN);
    this.#newest = -1;
    this.#samplesInNewest = 0;
    this.#firstMinute = -1;
  }

  /** Makes a minute the newest; what was skipped is a gap. */
  #advance(minute: number): void {
    if (this.#newest < 0) {
      this.#firstMinute = minute;
    } else {
      for (let gap = Math.max(this.#newest + 1, minute - MINUTES_KEPT + 1); gap <= minute; gap++) this.#minutes[gap % MINUTES_KEPT] = Number.NaN;
      const block = Math.floor(minute / BLOCK_MINUTES);
      for (let gap = Math.max(Math.floor(this.#newest / BLOCK_MINUTES) + 1, block - BLOCKS_KEPT + 1); gap <= block; gap++) this.#blocks[gap % BLOCKS_KEPT] = Number.NaN;
    }
    this.#newest = minute;
    this.#samplesInNewest = 0;
  }

  #medianOfBlock(minute: number): number {
    let known = 0;
    for (let member = minute - (minute % BLOCK_MINUTES); member <= minute; member++) {
      if (member < 0) continue;
      const value = this.#minutes[member % MINUTES_KEPT]!;
      if (!Number.isNaN(value)) scratch[known++] = value;
    }
    return known < LEAST_MINUTES ? Number.NaN : medianOfFirst(scratch, known);
  }
}

const scratch = new Float64Array(MINUTES_KEPT);

function minuteOf(seconds: number): number {
  if (!(seconds >= 0 && Number.isFinite(seconds))) throw new RangeError(`a time is a number of seconds from 0 on, not ${seconds}`);
  return Math.floor(seconds / 60);
}

/** The remainder that is never negative. */
function modulo(value: number, divisor: number): number {
  const rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

/** Median of three, the mean of two when one is NaN, and NaN when two are. */
export function medianOfThree(first: number, second: number, third: number): number {
  if (Number.isNaN(first)) return (second + third) / 2;
  if (Number.isNaN(second)) return (first + third) / 2;
  if (Number.isNaN(third)) return (first + second) / 2;
  return Math.max(Math.min(first, second), Math.min(Math.max(first, second), third));
}
