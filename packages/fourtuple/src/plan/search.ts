/**
 * Least whole number from `start` on that suffices, where every larger one does too.
 * @throws RangeError when none below 2^53 does.
 */
export function leastFrom(start: number, suffices: (count: number) => boolean): number {
  let step = 1;
  let low = start - 1;
  let high = start;
  while (!suffices(high)) {
    low = high;
    high += step;
    step *= 2;
    if (high > Number.MAX_SAFE_INTEGER) throw new RangeError('no number is enough');
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (suffices(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Where an increasing function changes its sign between two bounds, by halving, to the last bit. */
export function zeroOf(increasing: (value: number) => number, from: number, to: number): number {
  let low = from;
  let high = to;
  // Halving ends at the last bit; what is no number never does.
  if (Number.isNaN(from) || Number.isNaN(to)) throw new RangeError('the bounds of a search are numbers');
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return high;
    if (increasing(middle) < 0) low = middle;
    else high = middle;
  }
}
