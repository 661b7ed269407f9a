/**
 * Numbers of the rules. They were set on the tuning seeds of the evaluation suite (evaluation/seeds.ts) and never on the held-out
 * ones; a change here is judged by `npm run forecast:evaluate -- --tuning`. Shares are shares of the capacity, times are minutes.
 */
export const tuning = {
  /** level: the last minutes' median is above this share, or above the target where that is lower. */
  levelShare: 0.94,
  levelMinutes: 5,
  /** fast and slow: below this share of the target nothing is forecast. */
  usedShare: 0.5,
  /** fast: two windows of medians must both say that the target is near. */
  fastLong: { points: 10, pointMinutes: 3, least: 7, exhaustionMinutes: 60 },
  fastShort: { points: 6, pointMinutes: 2, least: 4, exhaustionMinutes: 80 },
  /** fast: over the longer window the lower quartile of the slopes rises by this share at least; less is noise near the top. */
  fastLeastRise: 0.1,
  /** fast is vetoed when yesterday rose by this share of today's rise, and stayed below the target for so long. */
  vetoRise: 0.5,
  vetoMinutes: 120,
  /** slow: blocks of the window, and how many must be known since the last step. */
  slowBlocks: 36,
  slowLeastBlocks: 12,
  /** slow: blocks whose median departure from the path tells where it is now. */
  slowLevelBlocks: 9,
  /** slow: how far it looks ahead. */
  horizonMinutes: 240,
  /** slow: the same without a day of history, when any morning looks like a leak. */
  lineHorizonMinutes: 90,
  /** Suppressed below this multiple of the usual peak before a restart. */
  sawtoothMargin: 1.05,
  /** Evaluations in a row that raise, and quiet ones that clear. */
  raiseAfter: 2,
  clearAfter: 3,
} as const;
