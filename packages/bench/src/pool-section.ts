import { costOf, peakColumn, roundsColumn, type Cost, type Row } from './cost-table.ts';
import { grouped, signed, withUnit } from './figures.ts';
import { isPoolWork, operationMicroseconds, poolWorks, tuplePorts, type PoolWorkName } from './pool-works.ts';
import type { StageResult } from './results.ts';
import { table, type Column } from './table.ts';

/** @param stages one with a tuple that is free, one with a tuple of which most is taken */
export function poolSection(stages: readonly StageResult[]): string {
  if (stages.length === 0) return '';
  const parts = stages.flatMap((stage) => [titleOf(stage), clientTable(stage), loadingTable(stage)]);
  return `## Pool

${parts.filter((part) => part !== '').join('\n\n')}

Each client is a process of its own, which lives for eight samples after four that are not measured; the clients take
turns, a sample each, and ten operations are under way at a time. Connections end by a reset, so that none leaves a TIME_WAIT. The server is a small program in C on
another core. *Against plain* is the plain client's median wall time for an operation divided by this one's: the ratio of
throughputs. The taken ports are those that plain connect() chose.`;
}

function titleOf({ sockets }: StageResult): string {
  return `### ${sockets === 0 ? 'A tuple that is free' : `${grouped(sockets)} of the ${grouped(tuplePorts)} ports of the tuple taken`}`;
}

/** Whose throughput a client is compared with. */
const plainOf: Readonly<Partial<Record<PoolWorkName, PoolWorkName>>> = {
  'requests-ours': 'requests-plain',
  'requests-once': 'requests-plain',
  'http-ours': 'http-plain',
  'connects-bare': 'connects-plain',
  'connects-sources': 'connects-plain',
  'connects-local': 'connects-plain',
  'full-bare': 'full-plain',
  'full-sources': 'full-plain',
  'full-local': 'full-plain',
};

interface ClientRow extends Row {
  readonly name: PoolWorkName;
  readonly plain: Cost | undefined;
}

function clientTable(stage: StageResult): string {
  const rows = stage.competitors.flatMap((competitor): ClientRow[] => {
    const { id, cost } = competitor;
    if (cost === undefined || !isPoolWork(id)) return [];
    const plain = plainOf[id];
    return [{ competitor, cost, name: id, plain: plain === undefined ? undefined : costOf(stage, plain) }];
  });
  return rows.length === 0 ? '' : table(clientColumns, rows);
}

const clientColumns: readonly Column<ClientRow>[] = [
  { title: 'client', align: 'left', cell: ({ competitor }) => `\`${competitor.title}\`` },
  { title: 'each', align: 'right', cell: ({ name, cost }) => withUnit(operationMicroseconds(name, cost.wallMs.median), 'us') },
  { title: 'lowest', align: 'right', cell: ({ name, cost }) => withUnit(operationMicroseconds(name, cost.wallMs.min), 'us') },
  { title: 'CPU', align: 'right', cell: ({ name, cost }) => withUnit(operationMicroseconds(name, cost.cpuMs.median), 'us') },
  { title: 'a second', align: 'right', cell: ({ name, cost }) => grouped((poolWorks[name].operations * 1000) / cost.wallMs.median) },
  { title: 'against plain', align: 'right', cell: ({ name, cost, plain }) => againstPlain(name, cost, plain) },
  peakColumn,
  roundsColumn,
];

function againstPlain(name: PoolWorkName, cost: Cost, plain: Cost | undefined): string {
  const plainName = plainOf[name];
  if (plain === undefined || plainName === undefined) return '';
  return withUnit(operationMicroseconds(plainName, plain.wallMs.median) / operationMicroseconds(name, cost.wallMs.median), 'times');
}

function loadingTable(stage: StageResult): string {
  const nothing = costOf(stage, 'load-nothing');
  const rows = stage.competitors.flatMap((competitor) => (competitor.cost === undefined || isPoolWork(competitor.id) ? [] : [{ competitor, cost: competitor.cost }]));
  if (rows.length === 0 || nothing === undefined) return '';
  return table<Row>(
    [
      { title: 'program', align: 'left', cell: ({ competitor }) => `\`${competitor.title}\`` },
      { title: 'wall over nothing', align: 'right', cell: ({ cost }) => signed(cost.wallMs.median - nothing.wallMs.median) },
      { title: 'CPU over nothing', align: 'right', cell: ({ cost }) => signed(cost.cpuMs.median - nothing.cpuMs.median) },
      peakColumn,
      { title: 'peak over nothing', align: 'right', cell: ({ cost }) => signed((cost.maxRssKb.median - nothing.maxRssKb.median) / 1024) },
      roundsColumn,
    ],
    rows,
  );
}
