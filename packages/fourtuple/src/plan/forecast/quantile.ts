/** Sorts the first `count` values in place, ascending: insertion for the few values of most windows, the engine's sort above. */
export function sortFirst(values: Float64Array, count: number): void {
  if (count > FEW) {
    values.subarray(0, count).sort();
    return;
  }
  for (let index = 1; index < count; index++) {
    const value = values[index]!;
    let place = index - 1;
    while (place >= 0 && values[place]! > value) {
      values[place + 1] = values[place]!;
      place--;
    }
    values[place + 1] = value;
  }
}

/**
 * Puts the value of a rank into its place among the values from `from` to `to`, smaller ones before it and larger ones after it
 * (C. A. R. Hoare, 1961: FIND). @returns it
 */
export function select(values: Float64Array, rank: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let [left, right] = [low, high];
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left > right) break;
      const value = values[left]!;
      values[left++] = values[right]!;
      values[right--] = value;
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else break;
  }
  return values[rank]!;
}

/**
 * Quantile of the first `count` values of an ascending array, linear between the order statistics (R. J. Hyndman and
 * Y. Fan, 1996: type 7). @returns NaN when there is no value.
 */
export function quantileOfSorted(values: Float64Array, count: number, share: number): number {
  if (count === 0) return Number.NaN;
  const position = share * (count - 1);
  const below = Math.floor(position);
  const low = values[below]!;
  return below + 1 < count ? low + (position - below) * (values[below + 1]! - low) : low;
}

/** Median of the first `count` values, which are sorted by it. @returns NaN when there is no value. */
export function medianOfFirst(values: Float64Array, count: number): number {
  sortFirst(values, count);
  return quantileOfSorted(values, count, 0.5);
}

const FEW = 48;
