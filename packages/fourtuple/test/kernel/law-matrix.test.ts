import { describe, expect, it } from 'vitest';
import { stateName } from '../../src/model/index.ts';
import { agrees, type Outcome } from '../support/law-trials.ts';
import { errnoName } from '../support/law-world.ts';
import { MatrixWorld, matrixOperations, matrixRows, PORT, type MatrixOperation, type MatrixRow } from '../support/law-matrix.ts';
import { liveTestObstacle } from '../support/namespace.ts';

// The fixed suite: everybody who can sit on a port, beside everything that can be tried on it, tried for real.

const obstacle = liveTestObstacle();
/** Long enough for any TIME_WAIT to be older than a delay of 1 ms. */
const SETTLE_MS = 5;

interface Cell {
  readonly row: MatrixRow;
  readonly operation: MatrixOperation;
  readonly outcomes: readonly Outcome[];
}

const nameOf = (row: MatrixRow): string => `${row.name} [${row.flags}]`;

async function cellsOf(row: MatrixRow): Promise<Cell[]> {
  const world = new MatrixWorld(row);
  try {
    if (row.world.twReuseDelayMs === 1) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      for (const holder of world.holders) Object.assign(holder, { ageMs: holder.ageMs + SETTLE_MS });
    }
    const holders = world.holdersOn(PORT);
    const isThere = holders.some(({ state, isBucket }) => state === row.state && isBucket === row.isBucket);
    if (!isThere) throw new Error(`${nameOf(row)}: on the port there is ${holders.map(({ state }) => stateName(state)).join(', ') || 'nobody'}`);
    return matrixOperations.map((operation) => ({ row, operation, outcomes: operation.attempt(world, row) }));
  } finally {
    world.close();
  }
}

/** In a fixed suite everything is known: the law has to be certain, and right. */
const isRight = (outcome: Outcome): boolean => outcome.ruling.outcome !== 'unknown' && agrees(outcome);

function tell({ row, operation, outcomes }: Cell): string {
  return `${nameOf(row)}, ${operation.name}: ${outcomes.map(({ step, ruling, errno }) => `${step}: the law says ${ruling.outcome} ${ruling.errno ?? ''} (${ruling.clause}), the kernel ${errnoName(errno)}`).join('; ') || 'not tried'}`;
}

const cells: Cell[] = [];

describe(`law matrix: every kind of holder beside every operation${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  it.skipIf(obstacle !== undefined)(`${matrixRows.length} holders, ${matrixOperations.length} operations`, async () => {
    for (const row of matrixRows) cells.push(...(await cellsOf(row)));
    const isWrong = ({ outcomes }: Cell): boolean => outcomes.length === 0 || !outcomes.every(isRight);
    const wrong = cells.filter(isWrong);
    console.log(`law matrix: ${cells.length} cells, ${cells.reduce((sum, { outcomes }) => sum + outcomes.length, 0)} outcomes; ${wrong.length} cells differ${wrong.length === 0 ? '' : `, the first is number ${cells.findIndex(isWrong) + 1}`}`);
    expect(wrong.map(tell).join('\n')).toBe('');
    expect(cells.length).toBeGreaterThanOrEqual(2139);
  });

  it.skipIf(obstacle !== undefined)('folds into the matrix of docs/concepts/port-law.md', () => {
    const folded = new Map<string, Set<string>>();
    for (const { row, operation, outcomes } of cells) {
      if (row.compressed === undefined || !operation.isCompressed) continue;
      const key = `[${operation.flags}] beside [${row.flags}] ${row.compressed}`;
      folded.set(key, (folded.get(key) ?? new Set()).add(outcomes.every(({ errno }) => errno === 0) ? 'ok' : 'EADDRINUSE'));
    }
    const columns = (['not listening', 'listening'] as const).flatMap((compressed) => ['-', 'R', 'P', 'RP'].map((flags) => `[${flags}] ${compressed}`));
    const table = ['-', 'R', 'P', 'RP'].map((flags) => columns.map((column) => [...(folded.get(`[${flags}] beside ${column}`) ?? [])].join(' or ')));
    const no = 'EADDRINUSE';
    expect(table).toEqual([
      [no, no, no, no, no, no, no, no],
      [no, 'ok', no, 'ok', no, no, no, no],
      [no, no, 'ok', 'ok', no, no, 'ok', 'ok'],
      [no, 'ok', 'ok', 'ok', no, no, 'ok', 'ok'],
    ]);
  });
});
