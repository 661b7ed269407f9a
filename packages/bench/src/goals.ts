import { formulas, type FormulaName } from './formulas.ts';
import { longPauseMs } from './pauses.ts';
import { operationMicroseconds, takenPorts, type PoolWorkName } from './pool-works.ts';
import type { CompetitorResult, StageResult } from './results.ts';
import { nanosecondsEach, type SimulationName } from './simulations.ts';
import type { JobName } from './stage.ts';

/** A goal reads: `subject` is at most, or at least, `bound` `unit`. */
interface Goal {
  readonly subject: string;
  readonly at: 'most' | 'least';
  readonly bound: number;
  readonly unit: Unit;
  readonly job: JobName;
  /** Only at this size; without it, at any size the job was run with. */
  readonly sockets?: number;
  /** @param stages all of the run, where a goal compares two. */
  readonly measure: (stage: StageResult, stages: readonly StageResult[]) => Measured | undefined;
}

export type Unit = 'times' | 'ms' | 'MiB' | 'us' | 'ns';

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
  snapshotRatio(million, 'quick-netlink', 'limit', 'most', 1.15, 'ports --quick without BPF against the C reader'),
  snapshotRatio(million, 'ss', 'quick-netlink', 'least', 2.6, 'ss -tanH against ports --quick without BPF'),
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
  cpuOverNode('startup', 0, 'quick', 15, 'CPU of ports --quick over bare node'),
  cpuOverNode('startup', 0, 'check', 25, 'CPU of check over bare node'),
  {
    subject: 'owners without BPF, for each descriptor',
    at: 'most',
    bound: 9,
    unit: 'us',
    job: 'owners',
    measure: (stage) => descriptorCost(stage),
  },
  {
    subject: 'ss -tanpH against ports --owners all without BPF',
    at: 'least',
    bound: 20,
    unit: 'times',
    job: 'owners',
    sockets: 300_000,
    measure: (stage) => wallRatio(stage, 'ss-p', 'owners-proc'),
  },
  {
    subject: 'ss -tanpH against ports --owners all by BPF',
    at: 'least',
    bound: 100,
    unit: 'times',
    job: 'owners',
    sockets: 300_000,
    measure: (stage) => wallRatio(stage, 'ss-p', 'owners-all'),
  },
  snapshotRatio(hundredThousand, 'ss-p', 'owners', 'least', 30, 'ss -tanpH against ports --owners all by BPF'),
  snapshotRatio(million, 'owners', 'limit', 'most', 0.95, 'ports --owners all by BPF against the C reader without owners'),
  {
    subject: 'peak memory of ports --owners all by BPF',
    at: 'most',
    bound: 100,
    unit: 'MiB',
    job: 'snapshot',
    sockets: million,
    measure: (stage) => {
      const cost = find(stage, 'owners')?.cost;
      return cost && { value: cost.maxRssKb.median / 1024 };
    },
  },
  inProcessGoal('in-process', 'CPU of a count in a warm process against the C reader'),
  inProcessGoal('in-process-netlink', 'CPU of a count without BPF in a warm process against the C reader'),
  pauseGoal('quick', 'pause of the event loop, 99th percentile, as ports --quick --watch'),
  pauseGoal('quick-netlink', 'pause of the event loop, 99th percentile, as ports --quick --watch without BPF'),
  pauseGoal('default', 'pause of the event loop, 99th percentile, as ports --watch'),
  pauseGoal('default-netlink', 'pause of the event loop, 99th percentile, as ports --watch without BPF'),
  {
    subject: 'peak memory of ports --quick with as many inbound connections over the peak without',
    at: 'most',
    bound: 8,
    unit: 'MiB',
    job: 'inbound',
    sockets: 500_000,
    measure: inboundMemory,
  },
  overheadGoal('watch', 'connect() with watch on'),
  overheadGoal('spread', 'connect() with spread on'),
  formulaGoal('erlang-million', 200),
  formulaGoal('erlang-range', 20),
  simulationGoal('host', 500, 'an event of simulate host'),
  simulationGoal('day', 30, 'a load of simulate fleet, most hosts quiet'),
  simulationGoal('overloaded', 30, 'a load of simulate fleet, every host losing'),
  {
    subject: 'peak memory of simulate fleet, 400,000 tuples',
    at: 'most',
    bound: 200,
    unit: 'MiB',
    job: 'simulate',
    measure: (stage) => {
      const cost = find(stage, 'day')?.cost;
      return cost && { value: cost.maxRssKb.median / 1024 };
    },
  },
  {
    subject: 'one worker of simulate fleet against two',
    at: 'least',
    bound: 1.5,
    unit: 'times',
    job: 'simulate',
    measure: (stage) => wallRatio(stage, 'overloaded', 'overloaded-2'),
  },
  throughputGoal(0, 'requests-ours', 'requests-plain', 0.97, 'requests by createDispatcher() against undici.Agent'),
  throughputGoal(0, 'connects-bare', 'connects-plain', 0.85, 'connections by createConnector() against net.connect()'),
  throughputGoal(0, 'connects-sources', 'connects-plain', 0.85, 'connections by createConnector({ sources }) against net.connect()'),
  throughputGoal(takenPorts, 'full-bare', 'full-plain', 20, 'connections by createConnector() against net.connect(), 75 % taken'),
  throughputGoal(takenPorts, 'full-sources', 'full-plain', 20, 'connections by createConnector({ sources }) against net.connect(), 75 % taken'),
];

export function judge(stages: readonly StageResult[]): GoalReport {
  const verdicts: Verdict[] = [];
  const notCovered: string[] = [];
  for (const goal of goals) {
    const found = stages.filter((stage) => stage.job === goal.job && stage.sockets === (goal.sockets ?? stage.sockets));
    const judged = found.flatMap((stage) => verdictOf(goal, stage, stages) ?? []);
    if (judged.length === 0) notCovered.push(describe(goal));
    verdicts.push(...judged);
  }
  return { verdicts, notCovered };
}

/** Microseconds that finding the owners adds for each descriptor; undefined when one of the two is missing. */
export function descriptorCost(stage: StageResult, way: 'owners-proc' | 'owners-all' = 'owners-proc'): Measured | undefined {
  const all = find(stage, way)?.cost;
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

function inProcessGoal(id: string, subject: string): Goal {
  return {
    subject,
    at: 'most',
    bound: 1.05,
    unit: 'times',
    job: 'in-process',
    sockets: million,
    measure: (stage) => {
      const cpu = wallRatio(stage, id, 'limit')?.cpu;
      return cpu === undefined ? undefined : { value: cpu };
    },
  };
}

/** What the server ends of pairs add to the peak. */
function inboundMemory(stage: StageResult, stages: readonly StageResult[]): Measured | undefined {
  if (stage.population !== 'queue') return undefined;
  const without = stages.find((other) => other.job === stage.job && other.population === 'procs');
  const peak = find(stage, 'quick')?.cost?.maxRssKb.median;
  const peakWithout = without && find(without, 'quick')?.cost?.maxRssKb.median;
  if (peak === undefined || peakWithout === undefined) return undefined;
  return { value: (peak - peakWithout) / 1024 };
}

/** Of a sample's milliseconds, what one call takes. */
export function callMicroseconds(name: FormulaName, sampleMs: number): number {
  return (sampleMs * 1000) / formulas[name].calls;
}

/** The median of connect() against that without anything attached, of whose two rows the higher one counts: the difference of those is noise. */
function overheadGoal(id: string, subject: string): Goal {
  return {
    subject: `${subject} against without`,
    at: 'most',
    bound: 1.05,
    unit: 'times',
    job: 'overhead',
    measure: (stage) => {
      const [with_, first, again] = [id, 'nothing', 'again'].map((name) => find(stage, name)?.cost?.wallMs.median);
      return with_ === undefined || first === undefined || again === undefined ? undefined : { value: with_ / Math.max(first, again) };
    },
  };
}

function formulaGoal(name: FormulaName, bound: number): Goal {
  const measure = (stage: StageResult): Measured | undefined => {
    const cost = find(stage, name)?.cost;
    return cost && { value: callMicroseconds(name, cost.wallMs.median), cpu: callMicroseconds(name, cost.cpuMs.median) };
  };
  return { subject: formulas[name].title, at: 'most', bound, unit: 'us', job: 'formulas', measure };
}

function simulationGoal(name: SimulationName, bound: number, subject: string): Goal {
  const measure = (stage: StageResult): Measured | undefined => {
    const cost = find(stage, name)?.cost;
    return cost && { value: nanosecondsEach(name, cost.wallMs.median), cpu: nanosecondsEach(name, cost.cpuMs.median) };
  };
  return { subject, at: 'most', bound, unit: 'ns', job: 'simulate', measure };
}

/** Operations a second of `ours` by those of `plain`. */
function throughputGoal(sockets: number, ours: PoolWorkName, plain: PoolWorkName, bound: number, subject: string): Goal {
  const measure = (stage: StageResult): Measured | undefined => {
    const own = find(stage, ours)?.cost;
    const other = find(stage, plain)?.cost;
    const ratio = (key: 'wallMs' | 'cpuMs'): number => operationMicroseconds(plain, other![key].median) / operationMicroseconds(ours, own![key].median);
    return own && other && { value: ratio('wallMs'), cpu: ratio('cpuMs') };
  };
  return { subject, at: 'least', bound, unit: 'times', job: 'pool', sockets, measure };
}

function pauseGoal(id: string, subject: string): Goal {
  const measure = (stage: StageResult): Measured | undefined => {
    const pauses = find(stage, id)?.pauses;
    return pauses && { value: pauses.p99Ms, cpu: pauses.p99CpuMs };
  };
  return { subject, at: 'most', bound: longPauseMs, unit: 'ms', job: 'event-loop', sockets: 300_000, measure };
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

function verdictOf(goal: Goal, stage: StageResult, stages: readonly StageResult[]): Verdict | undefined {
  const measured = goal.measure(stage, stages);
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
