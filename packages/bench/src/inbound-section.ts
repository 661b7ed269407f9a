import { peakColumn, roundsColumn, type Row } from './cost-table.ts';
import { grouped, mebibytes, milliseconds } from './figures.ts';
import type { StageResult } from './results.ts';
import { table, type Column } from './table.ts';

/** @param stages one without and one with an inbound half. */
export function inboundSection(stages: readonly StageResult[]): string {
  const [{ sockets } = { sockets: 0 }] = stages;
  const rows = stages.flatMap((stage) =>
    stage.competitors.flatMap((competitor): InboundRow[] =>
      competitor.cost === undefined ? [] : [{ stage, competitor, cost: competitor.cost }],
    ),
  );
  if (rows.length === 0) return '';
  return `## Inbound: ${grouped(sockets)} outgoing connections, without and with as many accepted ones

${table(inboundColumns, rows)}

The populations stand in namespaces of their own, one after the other. The accepted ends wait in the queues of their
listeners. Asked before the rounds; *outgoing* is the sum over the tuples.`;
}

interface InboundRow extends Row {
  readonly stage: StageResult;
}

const inboundColumns: readonly Column<InboundRow>[] = [
  { title: 'competitor', align: 'left', cell: ({ competitor }) => `\`${competitor.title}\`` },
  { title: 'inbound', align: 'right', cell: ({ stage }) => (stage.population === 'queue' ? grouped(stage.sockets) : 'none') },
  { title: 'tuples', align: 'right', cell: ({ competitor }) => countCell(competitor.tuples) },
  { title: 'outgoing', align: 'right', cell: ({ competitor }) => countCell(competitor.counted) },
  { title: 'wall', align: 'right', cell: ({ cost }) => milliseconds(cost.wallMs.median) },
  { title: 'CPU', align: 'right', cell: ({ cost }) => milliseconds(cost.cpuMs.median) },
  peakColumn,
  { title: 'highest peak', align: 'right', cell: ({ cost }) => mebibytes(cost.maxRssKb.max) },
  roundsColumn,
];

function countCell(count: number | null | undefined): string {
  return count === undefined || count === null ? '?' : grouped(count);
}
