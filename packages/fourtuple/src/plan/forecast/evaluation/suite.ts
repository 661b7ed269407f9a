import type { AlertMethod } from './baselines.ts';
import { otherScores } from './other-worlds.ts';
import { reportOf, reportedMethods } from './report.ts';
import { scoreOf, tracesOf, type Score } from './score.ts';
import { heldOutSeeds, tuningSeeds } from './seeds.ts';
import { exhaustingKinds, harmlessKinds } from './traces.ts';

export { Forecaster } from '../forecaster.ts';
export { meetsBars } from './score.ts';

/** A run over all methods: what scripts/forecast-evaluate.mjs needs. */
export interface Suite {
  readonly methods: readonly AlertMethod[];
  readonly score: (method: AlertMethod) => Score;
  /** The scores as Markdown tables. */
  readonly report: (scores: readonly Score[]) => string;
  /** One sentence on the series. */
  readonly describe: () => string;
}

/** The full suite on one set of seeds. */
export function suiteFor(set: 'tuning' | 'held-out'): Suite {
  const seeds = set === 'tuning' ? tuningSeeds : heldOutSeeds;
  const traces = tracesOf(seeds);
  const days = (harmlessKinds.length * seeds.length * traces[0]!.used.length) / 1440;
  return {
    methods: reportedMethods,
    score: (method) => scoreOf(method, traces),
    report: (scores) => reportOf(scores, traces, otherScores(seeds.slice(0, 25))),
    describe: () => `Seeds ${seeds[0]} to ${seeds.at(-1)} (${set}): ${days.toLocaleString('en')} days of harmless series, ${(exhaustingKinds.length * seeds.length).toLocaleString('en')} exhaustions.`,
  };
}
