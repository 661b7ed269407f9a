import type { Counting } from './competitors.ts';
import { answerOf, type Library } from './library.ts';
import { sampled, type Resident } from './resident.ts';

const warmUps = 3;

/** Counts without giving the event loop a turn. */
export function inOneGo({ steps, runSteps }: Library): Resident {
  const count = (counting: Counting) => (counting === 'nothing' ? undefined : answerOf(runSteps(steps(counting))));
  return {
    async count(counting) {
      for (let run = 1; run < warmUps; run++) count(counting);
      return count(counting);
    },
    async run(counting) {
      return { sample: await sampled(() => void count(counting)) };
    },
  };
}
