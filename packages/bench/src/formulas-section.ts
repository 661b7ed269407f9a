import { costOf, roundsColumn, type Row } from './cost-table.ts';
import { withUnit } from './figures.ts';
import { formulas, type FormulaName } from './formulas.ts';
import { callMicroseconds } from './goals.ts';
import type { StageResult } from './results.ts';
import { table, type Column } from './table.ts';

export function formulasSection(stage: StageResult): string {
  const rows = stage.competitors.flatMap((competitor) => {
    const cost = costOf(stage, competitor.id);
    return cost === undefined ? [] : [{ competitor, cost }];
  });
  return `## Formulas

${rows.length === 0 ? 'Nobody finished.' : table(columns, rows)}

Microseconds a call, each sample of many calls in one warm process.`;
}

const columns: readonly Column<Row>[] = [
  { title: 'call', align: 'left', cell: ({ competitor }) => `\`${competitor.title}\`` },
  { title: 'wall', align: 'right', cell: ({ competitor, cost }) => each(competitor.id, cost.wallMs.median) },
  { title: 'lowest', align: 'right', cell: ({ competitor, cost }) => each(competitor.id, cost.wallMs.min) },
  { title: 'CPU', align: 'right', cell: ({ competitor, cost }) => each(competitor.id, cost.cpuMs.median) },
  roundsColumn,
];

function each(id: string, milliseconds: number): string {
  return isFormula(id) ? withUnit(callMicroseconds(id, milliseconds), 'us') : '';
}

function isFormula(id: string): id is FormulaName {
  return Object.hasOwn(formulas, id);
}
