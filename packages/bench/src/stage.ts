import type { Competitor } from './competitors.ts';
import type { Answer } from './answers.ts';
import type { Sample } from './measure.ts';
import type { Pauses } from './pauses.ts';

export const jobNames = ['startup', 'snapshot', 'owners', 'event-loop', 'in-process', 'inbound', 'formulas', 'simulate', 'pool', 'overhead'] as const;
export type JobName = (typeof jobNames)[number];

/** What the fixture makes: sockets held by processes, or pairs whose server ends wait in accept queues. */
export type Population = 'procs' | 'queue';

/** One fixture and all that is run beside it. Travels as JSON from the runner to its inner stage. */
export interface Stage {
  readonly job: JobName;
  readonly population: Population;
  /** Of `queue` the pairs. */
  readonly sockets: number;
  readonly rounds: number;
  readonly competitors: readonly Competitor[];
}

/** What the inner stage reports, one JSON line each. */
export type StageEvent =
  | { readonly type: 'counting'; readonly competitor: string }
  | { readonly type: 'count'; readonly competitor: string; readonly answer: Answer | null }
  | { readonly type: 'running'; readonly competitor: string; readonly round: number }
  | { readonly type: 'sample'; readonly competitor: string; readonly sample: Sample }
  /** Of all rounds so far. */
  | { readonly type: 'pauses'; readonly competitor: string; readonly pauses: Pauses }
  | { readonly type: 'failure'; readonly competitor: string; readonly reason: string };

/** For messages: `inbound, 500,000 pairs`. */
export function labelOf({ job, population, sockets }: Pick<Stage, 'job' | 'population' | 'sockets'>): string {
  return `${job}, ${sockets.toLocaleString('en')} ${population === 'queue' ? 'pairs' : 'sockets'}`;
}

export function encodeEvent(event: StageEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** Both ends are this program, so the shape needs no more than a glance. */
export function decodeEvent(line: string): StageEvent {
  const value: unknown = JSON.parse(line);
  if (!isEvent(value)) throw new Error(`the inner stage wrote something else: ${line}`);
  return value;
}

function isEvent(value: unknown): value is StageEvent {
  return typeof value === 'object' && value !== null && 'type' in value && 'competitor' in value;
}

export function decodeStage(text: string): Stage {
  const value: unknown = JSON.parse(text);
  if (!isStage(value)) throw new Error('the inner stage was given no plan');
  return value;
}

function isStage(value: unknown): value is Stage {
  return typeof value === 'object' && value !== null && 'job' in value && 'competitors' in value;
}
