import { grouped, mebibytes, milliseconds, signed, withUnit } from './figures.ts';
import { descriptorCost, judge, neverCovered, wallRatio, type GoalReport, type Verdict } from './goals.ts';
import { faultsOf, type BenchResults, type CompetitorResult, type StageResult } from './results.ts';
import { table, type Column } from './table.ts';

type Cost = NonNullable<CompetitorResult['cost']>;

interface Row {
  readonly competitor: CompetitorResult;
  readonly cost: Cost;
}

export function renderMarkdown(results: BenchResults): string {
  const { stages } = results;
  const sections = [
    heading(results),
    goalSection(judge(stages)),
    ...stages.filter((stage) => stage.job === 'snapshot').map(snapshotSection),
    ...stages.filter((stage) => stage.job === 'owners').map(ownersSection),
    ...stages.filter((stage) => stage.job === 'startup').map(startupSection),
    faultSection(stages.flatMap(faultsOf)),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function heading({ takenAt, machine }: BenchResults): string {
  const tools = Object.entries(machine.tools).map(([name, version]) => `${name}: ${version}`);
  return `# Bench results

Written by \`npm run bench\`; not edited by hand. Taken ${takenAt}.

- Linux ${machine.kernel} (${machine.architecture}), ${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, load before the run ${machine.loadBefore.toFixed(1)}
- Node ${machine.node}; ${tools.join('; ')}

All competitors of a table ran in turn, round by round, in one network namespace over the same sockets. Each run is a
cold process. Figures are medians of the rounds unless they are called lowest. *Wall* and *CPU* (user + system, children
included) are in milliseconds of the whole process: one decimal below 100, whole above. *Peak* is the largest resident
memory of any one process, in MiB (2^20 bytes) with one decimal. Ratios are quotients of two medians of the same table,
with two decimals. The machine is shared: compare figures of one table only.`;
}

function goalSection({ verdicts, notCovered }: GoalReport): string {
  const parts = ['## Goals'];
  if (verdicts.length > 0) {
    parts.push(
      table<Verdict>(
        [
          { title: 'sockets', align: 'right', cell: ({ sockets }) => (sockets === 0 ? 'none' : grouped(sockets)) },
          { title: 'goal', align: 'left', cell: (verdict) => verdict.subject },
          { title: 'wanted', align: 'left', cell: (verdict) => `at ${verdict.at} ${withUnit(verdict.bound, verdict.unit)}` },
          { title: 'measured', align: 'right', cell: (verdict) => withUnit(verdict.value, verdict.unit) },
          {
            title: 'same in CPU time',
            align: 'right',
            cell: ({ cpu, unit }) => (cpu === undefined ? '' : withUnit(cpu, unit)),
          },
          { title: 'met', align: 'left', cell: (verdict) => (verdict.met ? 'yes' : '**no**') },
        ],
        verdicts,
      ),
      'Ratios are of wall time unless the goal says CPU.',
    );
  }
  if (notCovered.length > 0) parts.push(`Not covered by this run:\n\n${bullets(notCovered)}`);
  parts.push(`Never covered by this bench, which runs whole cold processes over outgoing connections:\n\n${bullets(neverCovered)}`);
  return parts.join('\n\n');
}

function snapshotSection(stage: StageResult): string {
  const limit = costOf(stage, 'limit');
  return section(stage, `## Snapshot: ${grouped(stage.sockets)} ESTABLISHED sockets`, [
    ...timeColumns,
    peakColumn,
    { title: 'wall / limit', align: 'right', cell: ({ cost }) => quotient(cost.wallMs.median, limit?.wallMs.median) },
    { title: 'CPU / limit', align: 'right', cell: ({ cost }) => quotient(cost.cpuMs.median, limit?.cpuMs.median) },
    roundsColumn,
  ]);
}

function ownersSection(stage: StageResult): string {
  const text = section(stage, `## Owners: ${grouped(stage.sockets)} sockets held by processes`, [
    ...timeColumns,
    peakColumn,
    roundsColumn,
  ]);
  const lines: string[] = [];
  const each = descriptorCost(stage);
  if (each !== undefined) {
    const cpu = each.cpu === undefined ? '' : ` (CPU ${withUnit(each.cpu, 'us')})`;
    lines.push(`Finding the owners costs ${withUnit(each.value, 'us')}${cpu} for each descriptor: owners all less owners none.`);
  }
  const ratio = wallRatio(stage, 'ss-p', 'owners-all');
  if (ratio !== undefined) lines.push(`\`ss -tanpH\` takes ${withUnit(ratio.value, 'times')} the time of owners all.`);
  return lines.length === 0 ? text : `${text}\n\n${lines.join('\n')}`;
}

function startupSection(stage: StageResult): string {
  const node = costOf(stage, 'node');
  return section(stage, '## Start-up: an empty namespace', [
    ...timeColumns,
    {
      title: 'CPU over node',
      align: 'right',
      cell: ({ cost }) => (node === undefined ? '' : signed(cost.cpuMs.median - node.cpuMs.median)),
    },
    {
      title: 'lowest over lowest',
      align: 'right',
      cell: ({ cost }) => (node === undefined ? '' : signed(cost.cpuMs.min - node.cpuMs.min)),
    },
    peakColumn,
    roundsColumn,
  ]);
}

const timeColumns: readonly Column<Row>[] = [
  { title: 'competitor', align: 'left', cell: ({ competitor }) => `\`${competitor.title}\`` },
  { title: 'wall', align: 'right', cell: ({ cost }) => milliseconds(cost.wallMs.median) },
  { title: 'lowest', align: 'right', cell: ({ cost }) => milliseconds(cost.wallMs.min) },
  { title: 'CPU', align: 'right', cell: ({ cost }) => milliseconds(cost.cpuMs.median) },
  { title: 'lowest', align: 'right', cell: ({ cost }) => milliseconds(cost.cpuMs.min) },
];
const peakColumn: Column<Row> = { title: 'peak', align: 'right', cell: ({ cost }) => mebibytes(cost.maxRssKb.median) };
const roundsColumn: Column<Row> = { title: 'rounds', align: 'right', cell: ({ competitor }) => String(competitor.samples.length) };

function section(stage: StageResult, title: string, columns: readonly Column<Row>[]): string {
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

function faultSection(faults: readonly string[]): string {
  return faults.length === 0 ? '' : `## Faults\n\n${bullets(faults)}`;
}

function costOf(stage: StageResult, id: string): Cost | undefined {
  return stage.competitors.find((competitor) => competitor.id === id)?.cost;
}

function quotient(above: number, below: number | undefined): string {
  return below === undefined ? '' : (above / below).toFixed(2);
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
