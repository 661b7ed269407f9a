import { grouped, mebibytes, milliseconds } from './figures.ts';
import type { CompetitorResult, StageResult } from './results.ts';
import { bullets, table, type Column } from './table.ts';

export type Cost = NonNullable<CompetitorResult['cost']>;

export interface Row {
  readonly competitor: CompetitorResult;
  readonly cost: Cost;
}

export const timeColumns: readonly Column<Row>[] = [
  { title: 'competitor', align: 'left', cell: ({ competitor }) => `\`${competitor.title}\`` },
  { title: 'wall', align: 'right', cell: ({ cost }) => milliseconds(cost.wallMs.median) },
  { title: 'lowest', align: 'right', cell: ({ cost }) => milliseconds(cost.wallMs.min) },
  { title: 'CPU', align: 'right', cell: ({ cost }) => milliseconds(cost.cpuMs.median) },
  { title: 'lowest', align: 'right', cell: ({ cost }) => milliseconds(cost.cpuMs.min) },
];
export const peakColumn: Column<Row> = { title: 'peak', align: 'right', cell: ({ cost }) => mebibytes(cost.maxRssKb.median) };
export const roundsColumn: Column<Row> = { title: 'rounds', align: 'right', cell: ({ competitor }) => String(competitor.samples.length) };

export function ratioColumns(limit: Cost | undefined): readonly Column<Row>[] {
  return [
    { title: 'wall / limit', align: 'right', cell: ({ cost }) => quotient(cost.wallMs.median, limit?.wallMs.median) },
    { title: 'CPU / limit', align: 'right', cell: ({ cost }) => quotient(cost.cpuMs.median, limit?.cpuMs.median) },
  ];
}

/** A title, a row for each competitor that finished, and who counted right. */
export function section(stage: StageResult, title: string, columns: readonly Column<Row>[]): string {
  const rows = stage.competitors.flatMap((competitor) =>
    competitor.cost === undefined ? [] : { competitor, cost: competitor.cost },
  );
  const parts = [title, rows.length === 0 ? 'Nobody finished.' : table(columns, rows)];
  const asked = stage.competitors.filter(({ counted }) => counted !== undefined);
  if (asked.length > 0) {
    const right = asked.filter(({ counted }) => counted === stage.sockets).length;
    parts.push(`Asked for the number of sockets before the rounds, ${right} of ${asked.length} gave ${grouped(stage.sockets)}.`);
  }
  if (stage.leftOut.length > 0) parts.push(`Left out:\n\n${bullets(stage.leftOut)}`);
  return parts.join('\n\n');
}

export function costOf(stage: StageResult, id: string): Cost | undefined {
  return stage.competitors.find((competitor) => competitor.id === id)?.cost;
}

function quotient(above: number, below: number | undefined): string {
  return below === undefined ? '' : (above / below).toFixed(2);
}
