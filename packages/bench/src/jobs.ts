import type { BenchOptions } from './arguments.ts';
import {
  eventLoopCompetitors,
  formulaCompetitors,
  freePoolCompetitors,
  fullPoolCompetitors,
  inboundCompetitors,
  inProcessCompetitors,
  overheadCompetitors,
  ownersCompetitors,
  simulateCompetitors,
  snapshotCompetitors,
  startupCompetitors,
  type Selection,
} from './competitors.ts';
import { takenPorts } from './pool-works.ts';
import type { JobName, Population, Stage } from './stage.ts';

export interface PlannedStage {
  readonly stage: Stage;
  readonly leftOut: readonly string[];
}

/** The stages of a run, job by job. */
export function planStages(options: BenchOptions): PlannedStage[] {
  const { rounds, residentRounds, sockets, slow } = options;
  return options.jobs.flatMap((job): PlannedStage[] => {
    switch (job) {
      case 'startup':
        return [planned(job, 0, options.startupRounds, startupCompetitors())];
      case 'snapshot':
        return options.sizes.map((size) => planned(job, size, rounds, snapshotCompetitors(size, slow)));
      case 'owners':
        return [planned(job, sockets[job], rounds, ownersCompetitors())];
      case 'event-loop':
        return [planned(job, sockets[job], residentRounds, eventLoopCompetitors(sockets[job]))];
      case 'in-process':
        return [planned(job, sockets[job], residentRounds, inProcessCompetitors(sockets[job]))];
      case 'formulas':
        return [planned(job, 0, options.residentRounds, formulaCompetitors())];
      case 'simulate':
        return [planned(job, 0, rounds, simulateCompetitors())];
      case 'pool':
        return [planned(job, 0, options.residentRounds, freePoolCompetitors()), planned(job, takenPorts, options.residentRounds, fullPoolCompetitors())];
      case 'overhead':
        return [planned(job, 0, options.residentRounds, overheadCompetitors())];
      case 'inbound':
        return [
          planned(job, sockets[job], rounds, inboundCompetitors()),
          planned(job, sockets[job], rounds, inboundCompetitors(), 'queue'),
        ];
    }
  });
}

function planned(
  job: JobName,
  sockets: number,
  rounds: number,
  { competitors, leftOut }: Selection,
  population: Population = 'procs',
): PlannedStage {
  return { stage: { job, population, sockets, rounds, competitors }, leftOut };
}
