import { costOf, peakColumn, roundsColumn, timeColumns, type Row } from './cost-table.ts';
import { withUnit } from './figures.ts';
import type { StageResult } from './results.ts';
import { isSimulation, nanosecondsEach, simulations } from './simulations.ts';
import { table, type Column } from './table.ts';

export function simulateSection(stage: StageResult): string {
  const rows = stage.competitors.flatMap((competitor) => {
    const cost = costOf(stage, competitor.id);
    return cost === undefined ? [] : [{ competitor, cost }];
  });
  return `## Simulation

${rows.length === 0 ? 'Nobody finished.' : table(columns, rows)}

*Each* is wall time for one event of a host (an arrival or a release) or one load of a fleet (a tuple in a minute), the start
of the program included.`;
}

const columns: readonly Column<Row>[] = [
  ...timeColumns,
  { title: 'each', align: 'right', cell: ({ competitor, cost }) => each(competitor.id, cost.wallMs.median) },
  peakColumn,
  roundsColumn,
];

function each(id: string, milliseconds: number): string {
  return isSimulation(id) ? `${withUnit(nanosecondsEach(id, milliseconds), 'ns')} / ${simulations[id].unit}` : '';
}
