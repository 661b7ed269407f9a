import { describe, expect, it } from 'vitest';
import { fourTupleText, type LawHolder } from '../../src/law/index.ts';
import { stateName } from '../../src/model/index.ts';
import { liveTestObstacle } from '../support/namespace.ts';
import { errnoName, LawWorld, UnsettledError } from '../support/law-world.ts';
import { agrees, attempt, drawWorld, type Drawn, type Outcome, type Trial } from '../support/law-trials.ts';
import { Random } from '../support/random.ts';

// The kernel judges the law: random populations, random operations tried for real, every outcome and errno compared.

const operations = Number(process.env['FOURTUPLE_OPERATIONS'] ?? 70_000);
const firstSeed = Number(process.env['FOURTUPLE_SEED'] ?? 1);
const TRIALS = 100;
/** Populations whose reuse delay is 1 ms: long enough for any TIME_WAIT to be older. */
const SETTLE_MS = 5;
const obstacle = liveTestObstacle();

interface Played {
  readonly wrong: Outcome[];
  /** 0 when the population did not come to rest. */
  readonly compared: number;
  /** The number of the first operation on which the two disagree. */
  readonly wrongAt: number | undefined;
  readonly certain: number;
  readonly clauses: string[];
}

/** Plays a world and tries its operations. @returns the disagreements, and how much was compared. */
async function play({ world: spec, steps, trials }: Drawn): Promise<Played> {
  let world: LawWorld;
  try {
    world = new LawWorld(spec, steps);
  } catch (error) {
    if (!(error instanceof UnsettledError)) throw error;
    return { wrong: [], compared: 0, wrongAt: undefined, certain: 0, clauses: [] };
  }
  const wrong: Outcome[] = [];
  const clauses: string[] = [];
  let compared = 0;
  let wrongAt: number | undefined;
  let certain = 0;
  try {
    if (spec.twReuseDelayMs === 1) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    for (const holder of world.holders) Object.assign(holder, { ageMs: holder.ageMs + (spec.twReuseDelayMs === 1 ? SETTLE_MS : 0) });
    for (const trial of trials) {
      if (world.isSpoiled) break;
      for (const outcome of attempt(world, trial)) {
        compared++;
        if (outcome.ruling.outcome !== 'unknown') certain++;
        clauses.push(outcome.ruling.clause);
        if (agrees(outcome)) continue;
        wrong.push(outcome);
        wrongAt ??= compared;
      }
    }
    return { wrong, compared, wrongAt, certain, clauses };
  } finally {
    world.close();
  }
}

/** Takes steps away while the disagreement stays. */
async function shrink(drawn: Drawn, trial: Trial): Promise<Drawn> {
  let small: Drawn = { ...drawn, trials: [trial] };
  for (let index = small.steps.length - 1; index >= 0; index--) {
    const fewer = { ...small, steps: small.steps.filter((_, position) => position !== index) };
    if ((await play(fewer)).wrong.length > 0) small = fewer;
  }
  return small;
}

function holderText(holder: LawHolder): string {
  return `${holder.protocol} ${fourTupleText(holder)} ${stateName(holder.state)}${holder.isBucket ? ' bucket' : ''}${holder.isConnectChosen === true ? ' by connect' : ''}${holder.reuseAddress === true ? ' R' : ''}${holder.reusePort === true ? ' P' : ''}${holder.v6Only === true ? ' v6only' : ''}${holder.isIpv6Socket ? ' v6' : ''} device ${holder.device} uid ${holder.uid}`;
}

function tell(seed: number, { world, steps, trials }: Drawn, outcome: Outcome): string {
  const { ruling, errno, step } = outcome;
  return [`seed ${seed}: ${step}: the law says ${ruling.outcome} ${ruling.errno ?? ''} (${ruling.clause}), the kernel ${errnoName(errno)}`, `decided by ${(ruling.holders as LawHolder[]).map(holderText).join('; ') || 'nobody'}`, JSON.stringify(world), ...steps.map((one) => JSON.stringify(one)), `try ${JSON.stringify(trials[0])}`].join('\n  ');
}

describe(`oracle: the law says what the kernel does${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  it.skipIf(obstacle !== undefined)(`${operations} random operations`, { timeout: 3_600_000 }, async () => {
    const wrong: string[] = [];
    const clauses = new Map<string, number>();
    let compared = 0;
    let certain = 0;
    let populations = 0;
    let unsettled = 0;
    for (let seed = firstSeed; compared < operations && wrong.length < 3; seed++) {
      const drawn = drawWorld(new Random(seed), TRIALS);
      const played = await play(drawn);
      populations++;
      if (wrong.length === 0 && played.wrongAt !== undefined) console.log(`oracle: the first disagreement is at operation ${compared + played.wrongAt}`);
      if (played.compared === 0) unsettled++;
      compared += played.compared;
      certain += played.certain;
      for (const clause of played.clauses) clauses.set(clause, (clauses.get(clause) ?? 0) + 1);
      if (played.wrong.length === 0) continue;
      const outcome = played.wrong[0]!;
      const small = await shrink(drawn, outcome.trial);
      const again = (await play(small)).wrong[0];
      wrong.push(again === undefined ? `${tell(seed, { ...drawn, trials: [outcome.trial] }, outcome)}\n  (only after the trials before it)` : tell(seed, small, again));
    }
    console.log(`oracle: ${compared} operations over ${populations} populations from seed ${firstSeed}; ${certain} certain; ${unsettled} populations did not come to rest`);
    console.log([...clauses].sort((left, right) => right[1] - left[1]).map(([clause, count]) => `${clause} ${count}`).join(', '));
    expect(wrong.join('\n\n')).toBe('');
    expect(unsettled).toBeLessThan(populations / 50);
    expect(certain).toBeGreaterThan(compared * 0.95);
  });
});
