import { costOf, roundsColumn, type Row } from './cost-table.ts';
import { withUnit } from './figures.ts';
import type { StageResult } from './results.ts';
import { table, type Column } from './table.ts';

export function overheadSection(stage: StageResult): string {
  const rows = stage.competitors.flatMap((competitor) => {
    const cost = costOf(stage, competitor.id);
    return cost === undefined ? [] : [{ competitor, cost }];
  });
  const nothing = costOf(stage, 'nothing')?.wallMs.median;
  const columns: readonly Column<Row>[] = [
    { title: 'meanwhile', align: 'left', cell: ({ competitor }) => competitor.title },
    { title: 'each', align: 'right', cell: ({ cost }) => withUnit(cost.wallMs.median * 1000, 'us') },
    { title: 'lowest', align: 'right', cell: ({ cost }) => withUnit(cost.wallMs.min * 1000, 'us') },
    { title: 'against nothing', align: 'right', cell: ({ competitor, cost }) => (nothing === undefined || competitor.id.startsWith('program-') ? '' : withUnit(cost.wallMs.median / nothing, 'times')) },
    roundsColumn,
  ];
  return `## Overhead of watch and spread

${rows.length === 0 ? 'Nobody finished.' : table(columns, rows)}

Each sample is the median of 3,000 calls of connect() by a small program in C on loopback, which ends each connection by a reset.
*Nothing attached* stands there twice: how far the two are apart is noise. Of a program it is what one run of it takes, by the kernel's own count.`;
}
