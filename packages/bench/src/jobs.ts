import type { BenchOptions } from './arguments.ts';
import { ownersCompetitors, snapshotCompetitors, startupCompetitors, type Selection } from './competitors.ts';
import type { JobName, Stage } from './stage.ts';

export interface PlannedStage {
  readonly stage: Stage;
  readonly leftOut: readonly string[];
}

/** The stages of a run, the shortest first. */
export function planStages(options: BenchOptions): PlannedStage[] {
  const { rounds, slow } = options;
  return options.jobs.flatMap((job): PlannedStage[] => {
    switch (job) {
      case 'startup':
        return [planned(job, 0, options.startupRounds, startupCompetitors())];
      case 'snapshot':
        return options.sizes.map((sockets) => planned(job, sockets, rounds, snapshotCompetitors(sockets, slow)));
      case 'owners':
        return [planned(job, options.ownedSockets, rounds, ownersCompetitors())];
    }
  });
}

function planned(job: JobName, sockets: number, rounds: number, { competitors, leftOut }: Selection): PlannedStage {
  return { stage: { job, sockets, rounds, competitors }, leftOut };
}
