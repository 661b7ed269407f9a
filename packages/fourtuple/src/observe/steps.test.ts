import { describe, expect, it } from 'vitest';
import { WITHOUT_PAUSE } from '../model/index.ts';
import { runSteps, runStepsSliced } from './steps.ts';

/** Notes what it is told at each pause. */
function* noting(count: number, told: unknown[]): Generator<void, string, unknown> {
  for (let step = 0; step < count; step++) told.push(yield);
  return 'sum';
}

/** Turns that somebody else gets while the work is under way. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    if (isOver) return;
    turns++;
    setImmediate(turn);
  };
  setImmediate(turn);
  await work;
  isOver = true;
  return turns;
}

describe('steps', () => {
  it('in one go: no pause is wanted, which each is told', () => {
    const told: unknown[] = [];
    expect(runSteps(noting(3, told))).toBe('sum');
    expect(told).toEqual([WITHOUT_PAUSE, WITHOUT_PAUSE, WITHOUT_PAUSE]);
  });

  it('in slices of no time: a turn after each', async () => {
    const told: unknown[] = [];
    const work = runStepsSliced(noting(20, told), 0);
    expect(await turnsDuring(work)).toBeGreaterThanOrEqual(19);
    expect(await work).toBe('sum');
    expect(told).toEqual(Array.from({ length: 20 }));
  });

  it('in one long slice: no turn', async () => {
    expect(await turnsDuring(runStepsSliced(noting(20, []), Number.POSITIVE_INFINITY))).toBe(0);
  });

  it('turns come by the clock, however many steps there are', async () => {
    const begun = performance.now();
    const turns = await turnsDuring(runStepsSliced(spinning(50, 0.2), 2));
    expect(turns).toBeGreaterThanOrEqual(1);
    expect(turns).toBeLessThanOrEqual((performance.now() - begun) / 2 + 1);
  });

  it('an error ends it', async () => {
    await expect(runStepsSliced(failing(), 0)).rejects.toThrow('no more');
  });
});

function* spinning(count: number, eachMs: number): Generator<void, void> {
  for (let step = 0; step < count; step++) {
    const end = performance.now() + eachMs;
    while (performance.now() < end);
    yield;
  }
}

function* failing(): Generator<void, void> {
  yield;
  throw new Error('no more');
}
