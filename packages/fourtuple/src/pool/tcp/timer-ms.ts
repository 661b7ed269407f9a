/** The longest that Node's timers can wait, 24 days; a longer one would be over at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Milliseconds as setTimeout() takes them. */
export function timerMs(ms: number): number {
  return Math.min(ms, LONGEST_MS);
}
