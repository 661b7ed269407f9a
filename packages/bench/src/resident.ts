import type { Answer } from './answers.ts';
import type { Counting } from './competitors.ts';
import type { Sample } from './measure.ts';
import type { Pauses } from './pauses.ts';

/** Runs the competitors that are no commands, in this process. */
export interface Resident {
  /** An unmeasured run, which also warms the process up; undefined when nothing is counted. */
  count(counting: Counting): Promise<Answer | undefined>;
  run(counting: Counting): Promise<ResidentRun>;
}

export interface ResidentRun {
  readonly sample: Sample;
  /** Of all runs so far. */
  readonly pauses?: Pauses;
}

/** What work costs in this process. The peak is that of the process, ever. */
export async function sampled(work: () => Promise<void> | void): Promise<Sample> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000, maxRssKb: process.resourceUsage().maxRSS };
}
