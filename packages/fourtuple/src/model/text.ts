/** Whole number with commas: 28,232. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 0.29 times 1,000 is a little less than 290. */
const ROUNDING = 1e-9;

/**
 * Ratio as a percentage with one decimal, rounded down below full: 99.96 % used is shown as 99.9, since only a pool
 * that has nothing left may say 100.
 */
export function percent(ratio: number): string {
  return ratio >= 1 ? '100 %' : `${(Math.floor(ratio * 1000 + ROUNDING) / 10).toFixed(1)} %`;
}

/** `1 port`, `2 ports`. */
export function plural(count: number, singular: string, plurals = `${singular}s`): string {
  return `${grouped(count)} ${count === 1 ? singular : plurals}`;
}
