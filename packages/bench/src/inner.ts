import { readFileSync, writeSync } from 'node:fs';
import { readAnswer } from './answers.ts';
import type { Competitor, ConnectCompetitor } from './competitors.ts';
import { evaluate } from './formulas.ts';
import { measure, MeasureError, outputOf, type Sample } from './measure.ts';
import { withoutMachinePaths } from './paths.ts';
import { sampled, type Resident } from './resident.ts';
import type { Clients } from './pool-client.ts';
import { decodeStage, encodeEvent, type Stage, type StageEvent } from './stage.ts';

const standardInput = 0;
const standardOutput = 1;

/** Who runs what is no command. */
interface Runners {
  readonly resident: Resident;
  readonly clients: Pick<Clients, 'sample'>;
  readonly connects: { connect(competitor: ConnectCompetitor): Promise<Sample> };
}

const nobody: Resident & Runners['clients'] & Runners['connects'] = {
  count: () => Promise.reject(new Error('only the in-process stage runs what is no command')),
  run: () => Promise.reject(new Error('only the in-process stage runs what is no command')),
  sample: () => Promise.reject(new Error('only the in-process stage runs what is no command')),
  connect: () => Promise.reject(new Error('only the in-process stage runs what is no command')),
};

/** The plan, which comes on standard input. */
export function readStage(): Stage {
  return decodeStage(readFileSync(standardInput, 'utf8'));
}

/**
 * Runs inside the fixture's namespace; events go to standard output.
 * @param runners of the competitors that are no commands.
 */
export async function runInnerStage(stage: Stage, { resident = nobody, clients = nobody, connects = nobody }: Partial<Runners> = {}): Promise<void> {
  const runners = { resident, clients, connects };
  const failed = await countAll(stage, runners);
  for (let round = 0; round < stage.rounds; round++) await runRound(stage, runners, round, failed);
}

/** One unmeasured run of each: is the answer right? It also brings every program into the page cache. */
async function countAll(stage: Stage, runners: Runners): Promise<Set<string>> {
  const failed = new Set<string>();
  for (const competitor of stage.competitors) {
    if ('command' in competitor && competitor.count === undefined) continue;
    emit({ type: 'counting', competitor: competitor.id });
    await attempt(competitor, failed, () => countOne(competitor, runners));
  }
  return failed;
}

async function countOne(competitor: Competitor, { resident, clients, connects }: Runners): Promise<void> {
  if ('formula' in competitor) {
    evaluate(competitor.formula);
  } else if ('work' in competitor) {
    await clients.sample(competitor.work);
  } else if ('attached' in competitor) {
    await connects.connect(competitor);
  } else if (!('command' in competitor)) {
    const answer = await resident.count(competitor.counting);
    if (answer !== undefined) emit({ type: 'count', competitor: competitor.id, answer });
  } else if (competitor.count !== undefined) {
    const { command, answer } = competitor.count;
    emit({ type: 'count', competitor: competitor.id, answer: readAnswer(outputOf(command), answer) });
  }
}

async function runRound(stage: Stage, runners: Runners, round: number, failed: Set<string>): Promise<void> {
  for (const competitor of rotated(stage.competitors, round)) {
    if (failed.has(competitor.id) || round >= (competitor.mostRounds ?? stage.rounds)) continue;
    emit({ type: 'running', competitor: competitor.id, round: round + 1 });
    await attempt(competitor, failed, () => runOne(competitor, runners));
  }
}

async function runOne(competitor: Competitor, { resident, clients, connects }: Runners): Promise<void> {
  if ('command' in competitor) {
    emit({ type: 'sample', competitor: competitor.id, sample: measure(competitor.command, competitor.accept) });
    return;
  }
  if ('formula' in competitor) {
    const sample = await sampled(() => void evaluate(competitor.formula));
    emit({ type: 'sample', competitor: competitor.id, sample });
    return;
  }
  if ('work' in competitor) {
    emit({ type: 'sample', competitor: competitor.id, sample: await clients.sample(competitor.work) });
    return;
  }
  if ('attached' in competitor) {
    emit({ type: 'sample', competitor: competitor.id, sample: await connects.connect(competitor) });
    return;
  }
  const { sample, pauses } = await resident.run(competitor.counting);
  emit({ type: 'sample', competitor: competitor.id, sample });
  if (pauses !== undefined) emit({ type: 'pauses', competitor: competitor.id, pauses });
}

/** Each round starts with another one, so that nobody always runs behind the same neighbour. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

/** A competitor that fails is out; the others go on. */
async function attempt(competitor: Competitor, failed: Set<string>, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Error) || ('command' in competitor && !(error instanceof MeasureError))) throw error;
    failed.add(competitor.id);
    emit({ type: 'failure', competitor: competitor.id, reason: withoutMachinePaths(error.message) });
  }
}

function emit(event: StageEvent): void {
  writeSync(standardOutput, encodeEvent(event));
}
