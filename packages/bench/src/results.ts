import type { Machine } from './environment.ts';
import type { Answer } from './answers.ts';
import type { Pauses } from './pauses.ts';
import { labelOf, type JobName, type Population, type Stage, type StageEvent } from './stage.ts';
import { summarise, type Summary } from './statistics.ts';
import type { Sample } from './measure.ts';

export interface CompetitorResult {
  readonly id: string;
  readonly title: string;
  /** What its unmeasured run counted; absent when it was not asked, null when its answer could not be read. */
  readonly counted?: number | null;
  readonly tuples?: number;
  readonly failure?: string;
  readonly samples: readonly Sample[];
  /** Absent when there is no sample. */
  readonly cost?: { readonly wallMs: Summary; readonly cpuMs: Summary; readonly maxRssKb: Summary };
  /** Only of the event-loop job. */
  readonly pauses?: Pauses;
}

export interface StageResult {
  readonly job: JobName;
  readonly population: Population;
  readonly sockets: number;
  readonly rounds: number;
  readonly competitors: readonly CompetitorResult[];
  readonly leftOut: readonly string[];
}

export interface BenchResults {
  readonly schema: 'fourtuple.bench/1';
  readonly takenAt: string;
  readonly machine: Machine;
  readonly stages: readonly StageResult[];
}

/** Gathers the events of one stage. */
export class StageRecorder {
  readonly #stage: Stage;
  readonly #samples = new Map<string, Sample[]>();
  readonly #answers = new Map<string, Answer | null>();
  readonly #pauses = new Map<string, Pauses>();
  readonly #failures = new Map<string, string>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  record(event: StageEvent): void {
    switch (event.type) {
      case 'sample': {
        const samples = this.#samples.get(event.competitor);
        if (samples === undefined) this.#samples.set(event.competitor, [event.sample]);
        else samples.push(event.sample);
        return;
      }
      case 'count':
        this.#answers.set(event.competitor, event.answer);
        return;
      case 'pauses':
        this.#pauses.set(event.competitor, event.pauses);
        return;
      case 'failure':
        this.#failures.set(event.competitor, event.reason);
        return;
      case 'counting':
      case 'running':
        return;
    }
  }

  result(leftOut: readonly string[]): StageResult {
    const { job, population, sockets, rounds } = this.#stage;
    const competitors = this.#stage.competitors.map(({ id, title }): CompetitorResult => {
      const samples = this.#samples.get(id) ?? [];
      const answer = this.#answers.get(id);
      const pauses = this.#pauses.get(id);
      const failure = this.#failures.get(id);
      return {
        id,
        title,
        ...(answer === undefined ? {} : { counted: answer?.sockets ?? null }),
        ...(answer?.tuples === undefined ? {} : { tuples: answer.tuples }),
        ...(failure === undefined ? {} : { failure }),
        samples,
        ...(samples.length === 0 ? {} : { cost: costOf(samples) }),
        ...(pauses === undefined ? {} : { pauses }),
      };
    });
    return { job, population, sockets, rounds, competitors, leftOut };
  }
}

function costOf(samples: readonly Sample[]): NonNullable<CompetitorResult['cost']> {
  return {
    wallMs: summarise(samples.map((sample) => sample.wallMs)),
    cpuMs: summarise(samples.map((sample) => sample.cpuMs)),
    maxRssKb: summarise(samples.map((sample) => sample.maxRssKb)),
  };
}

/** Sentences about competitors that failed or gave another number of sockets than were made. */
export function faultsOf(stage: StageResult): string[] {
  const where = labelOf(stage);
  const faults: string[] = [];
  for (const { title, failure, counted } of stage.competitors) {
    if (failure !== undefined) faults.push(`${where}: ${title} failed: ${failure}`);
    else if (counted === null) faults.push(`${where}: the answer of ${title} could not be read`);
    else if (counted !== undefined && counted !== stage.sockets) {
      faults.push(`${where}: ${title} counted ${counted.toLocaleString('en')} sockets`);
    }
  }
  return faults;
}
