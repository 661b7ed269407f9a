import type { JobName } from './stage.ts';
import type { CompetitorResult, StageResult } from './results.ts';

/** A goal reads: `subject` is at most, or at least, `bound` `unit`. */
interface Goal {
  readonly subject: string;
  readonly at: 'most' | 'least';
  readonly bound: number;
  readonly unit: Unit;
  readonly job: JobName;
  /** Only at this size; without it, at any size the job was run with. */
  readonly sockets?: number;
  readonly measure: (stage: StageResult) => Measured | undefined;
}

export type Unit = 'times' | 'ms' | 'MiB' | 'us';

export interface Measured {
  /** What the goal is about. */
  readonly value: number;
  /** The same of the CPU time, where the goal is about wall time. */
  readonly cpu?: number;
}

export interface Verdict extends Measured {
  readonly sockets: number;
  readonly subject: string;
  readonly at: 'most' | 'least';
  readonly bound: number;
  readonly unit: Unit;
  readonly met: boolean;
}

export interface GoalReport {
  readonly verdicts: readonly Verdict[];
  /** Goals of this bench that the run did not cover. */
  readonly notCovered: readonly string[];
}

const million = 1_000_000;
const hundredThousand = 100_000;

const goals: readonly Goal[] = [
  snapshotRatio(million, 'quick', 'limit', 'most', 1.15, 'ports --quick against the C reader'),
  snapshotRatio(million, 'ss', 'quick', 'least', 2.6, 'ss -tanH against ports --quick'),
  snapshotRatio(million, 'ss-pipe', 'quick', 'least', 3.5, 'ss, mawk, sort, uniq -c against ports --quick'),
  snapshotRatio(million, 'netstat', 'quick', 'least', 5, 'netstat -tan against ports --quick'),
  {
    subject: 'peak memory of ports --quick',
    at: 'most',
    bound: 56,
    unit: 'MiB',
    job: 'snapshot',
    sockets: million,
    measure: (stage) => {
      const cost = find(stage, 'quick')?.cost;
      return cost && { value: cost.maxRssKb.median / 1024 };
    },
  },
  snapshotRatio(hundredThousand, 'quick', 'limit', 'most', 1.6, 'ports --quick against the C reader'),
  snapshotRatio(hundredThousand, 'ss', 'quick', 'least', 1.6, 'ss -tanH against ports --quick'),
  cpuOverNode('snapshot', 1000, 'quick', 15, 'CPU of ports --quick over bare node'),
  cpuOverNode('startup', 0, 'check', 25, 'CPU of check over bare node'),
  {
    subject: 'owners, for each descriptor',
    at: 'most',
    bound: 9,
    unit: 'us',
    job: 'owners',
    measure: descriptorCost,
  },
  {
    subject: 'ss -tanpH against ports --owners all',
    at: 'least',
    bound: 20,
    unit: 'times',
    job: 'owners',
    sockets: 300_000,
    measure: (stage) => wallRatio(stage, 'ss-p', 'owners-all'),
  },
];

/** Goals of the snapshot that need another kind of measurement. */
export const neverCovered: readonly string[] = [
  'a snapshot in process, start-up not counted',
  'owners by BPF iterators against the C reader without owners',
  'the longest pause of the event loop while a monitor takes a snapshot',
  'memory with half a million inbound connections',
];

export function judge(stages: readonly StageResult[]): GoalReport {
  const verdicts: Verdict[] = [];
  const notCovered: string[] = [];
  for (const goal of goals) {
    const found = stages.filter((stage) => stage.job === goal.job && stage.sockets === (goal.sockets ?? stage.sockets));
    const judged = found.flatMap((stage) => verdictOf(goal, stage) ?? []);
    if (judged.length === 0) notCovered.push(describe(goal));
    verdicts.push(...judged);
  }
  return { verdicts, notCovered };
}

/** Microseconds that finding the owners adds for each descriptor; undefined when one of the two is missing. */
export function descriptorCost(stage: StageResult): Measured | undefined {
  const all = find(stage, 'owners-all')?.cost;
  const none = find(stage, 'owners-none')?.cost;
  if (all === undefined || none === undefined) return undefined;
  return {
    value: ((all.wallMs.median - none.wallMs.median) * 1000) / stage.sockets,
    cpu: ((all.cpuMs.median - none.cpuMs.median) * 1000) / stage.sockets,
  };
}

export function wallRatio(stage: StageResult, above: string, below: string): Measured | undefined {
  const upper = find(stage, above)?.cost;
  const lower = find(stage, below)?.cost;
  if (upper === undefined || lower === undefined) return undefined;
  return { value: upper.wallMs.median / lower.wallMs.median, cpu: upper.cpuMs.median / lower.cpuMs.median };
}

function snapshotRatio(
  sockets: number,
  above: string,
  below: string,
  at: Goal['at'],
  bound: number,
  subject: string,
): Goal {
  return { subject, at, bound, unit: 'times', job: 'snapshot', sockets, measure: (stage) => wallRatio(stage, above, below) };
}

function cpuOverNode(job: JobName, sockets: number, id: string, bound: number, subject: string): Goal {
  const measure = (stage: StageResult): Measured | undefined => {
    const cost = find(stage, id)?.cost;
    const node = find(stage, 'node')?.cost;
    return cost && node && { value: cost.cpuMs.median - node.cpuMs.median };
  };
  return { subject, at: 'most', bound, unit: 'ms', job, sockets, measure };
}

function verdictOf(goal: Goal, stage: StageResult): Verdict | undefined {
  const measured = goal.measure(stage);
  if (measured === undefined) return undefined;
  const { subject, at, bound, unit } = goal;
  const met = at === 'most' ? measured.value <= bound : measured.value >= bound;
  return { ...measured, sockets: stage.sockets, subject, at, bound, unit, met };
}

function describe(goal: Goal): string {
  const size = goal.sockets === undefined ? '' : `${goal.sockets.toLocaleString('en')} sockets: `;
  return `${size}${goal.subject}`;
}

function find(stage: StageResult, id: string): CompetitorResult | undefined {
  return stage.competitors.find((competitor) => competitor.id === id);
}
