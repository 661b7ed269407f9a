/** Less than anybody will ever see, and than the formulas are good for. */
const LEAST = 1e-12;

/** Four figures at most: what is planned is not known better. */
export function figure(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return 'unlimited';
  if (value === 0 || Math.abs(value) < LEAST) return '0';
  const size = Math.abs(value);
  if (size >= 1e15) return value.toExponential(1).replace('+', '');
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return size >= 0.001 ? String(Number(value.toPrecision(size >= 100 ? 4 : 3))) : value.toExponential(1).replace('+', '');
}

/** `1.9 %`, or `2e-7` where that would be too small to read. */
export function shareText(share: number): string {
  if (share < LEAST) return '0';
  if (share < 1e-4) return share.toExponential(share < 1e-5 ? 0 : 1);
  return `${Number((share * 100).toPrecision(2))} %`;
}

/** `1 in 52`; empty where nobody fails. */
export function oneIn(share: number): string {
  return share < LEAST ? '' : share > 0.5 ? '' : `1 in ${Math.round(1 / share).toLocaleString('en')}`;
}

/** `50 ms`, `61.1 s`, `2 h`. */
export function timeText(seconds: number): string {
  if (seconds < 1) return `${Number((seconds * 1000).toPrecision(3))} ms`;
  if (seconds < 600) return `${Number(seconds.toPrecision(4))} s`;
  return seconds < 36_000 ? `${Number((seconds / 60).toPrecision(3))} min` : `${Number((seconds / 3600).toPrecision(3))} h`;
}

/** `2.2 x`, for headroom. */
export function timesText(factor: number): string {
  if (factor === Number.POSITIVE_INFINITY) return 'unlimited';
  // Near 1 the digits that matter come later.
  return Math.abs(factor - 1) < 0.005 ? `${factor.toFixed(4)} x` : `${figure(factor)} x`;
}
