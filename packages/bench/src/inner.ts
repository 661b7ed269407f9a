import { readFileSync, writeSync } from 'node:fs';
import { socketsCounted } from './answers.ts';
import type { Competitor } from './competitors.ts';
import { measure, MeasureError, outputOf } from './measure.ts';
import { withoutMachinePaths } from './paths.ts';
import { decodeStage, encodeEvent, type Stage, type StageEvent } from './stage.ts';

const standardInput = 0;
const standardOutput = 1;

/** Runs inside the fixture's namespace: the plan comes on standard input, events go to standard output. */
export function runInnerStage(): void {
  const stage = decodeStage(readFileSync(standardInput, 'utf8'));
  const failed = countAll(stage);
  for (let round = 0; round < stage.rounds; round++) runRound(stage, round, failed);
}

/** One unmeasured run of each: is the answer right? It also brings every program into the page cache. */
function countAll(stage: Stage): Set<string> {
  const failed = new Set<string>();
  for (const competitor of stage.competitors) {
    const { id, count } = competitor;
    if (count === undefined) continue;
    emit({ type: 'counting', competitor: id });
    attempt(competitor, failed, () => {
      emit({ type: 'count', competitor: id, sockets: socketsCounted(outputOf(count.command), count.answer) });
    });
  }
  return failed;
}

function runRound(stage: Stage, round: number, failed: Set<string>): void {
  for (const competitor of rotated(stage.competitors, round)) {
    if (failed.has(competitor.id) || round >= (competitor.mostRounds ?? stage.rounds)) continue;
    emit({ type: 'running', competitor: competitor.id, round: round + 1 });
    attempt(competitor, failed, () => {
      emit({ type: 'sample', competitor: competitor.id, sample: measure(competitor.command, competitor.accept) });
    });
  }
}

/** Each round starts with another one, so that nobody always runs behind the same neighbour. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

/** A competitor that fails is out; the others go on. */
function attempt(competitor: Competitor, failed: Set<string>, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof MeasureError)) throw error;
    failed.add(competitor.id);
    emit({ type: 'failure', competitor: competitor.id, reason: withoutMachinePaths(error.message) });
  }
}

function emit(event: StageEvent): void {
  writeSync(standardOutput, encodeEvent(event));
}
