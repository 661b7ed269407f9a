import type { Counting } from './competitors.ts';
import { Heartbeat } from './heartbeat.ts';
import { answerOf, type Library } from './library.ts';
import { summarisePauses, type Pause, type Phase } from './pauses.ts';
import { sampled, type Resident } from './resident.ts';

/** Counts as a monitor does, in slices, while a heartbeat notes the pauses. */
export function inSlices({ steps, runStepsSliced }: Library): Resident {
  const snapshots = new Map<Counting, Pause[][]>();
  return {
    async count(counting) {
      return counting === 'nothing' ? undefined : answerOf(await runStepsSliced(steps(counting)));
    },
    async run(counting) {
      const heartbeat = new Heartbeat();
      const sample = await sampled(async () => {
        if (counting === 'nothing') await spinSliced();
        else await runStepsSliced(noted(steps(counting), (phase) => heartbeat.note(phase)));
      });
      /* Only then is the last turn over. */
      await heartbeat.stop();
      const all = snapshots.get(counting) ?? [];
      snapshots.set(counting, [...all, heartbeat.pauses]);
      return { sample, pauses: summarisePauses([...all, heartbeat.pauses]) };
    },
  };
}

/** The same steps, which say of each what it was. */
function* noted<T>(steps: Generator<void, T>, note: (phase: Phase) => void): Generator<void, T> {
  let phase: Phase = 'opening';
  for (;;) {
    const step = steps.next();
    note(step.done === true ? 'finish' : phase);
    if (step.done === true) return step.value;
    yield;
    phase = 'dump';
  }
}

const spinTurns = 300;

/** As many turns as a snapshot of 300,000 sockets takes: their pauses are the machine's own. */
async function spinSliced(): Promise<void> {
  for (let turn = 0; turn < spinTurns; turn++) {
    const end = performance.now() + 1;
    while (performance.now() < end);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
