import { costOf, peakColumn, ratioColumns, roundsColumn, section, timeColumns } from './cost-table.ts';
import { grouped, signed, withUnit } from './figures.ts';
import { descriptorCost, wallRatio } from './goals.ts';
import type { StageResult } from './results.ts';

export function snapshotSection(stage: StageResult): string {
  return section(stage, `## Snapshot: ${grouped(stage.sockets)} ESTABLISHED sockets`, [
    ...timeColumns,
    peakColumn,
    ...ratioColumns(costOf(stage, 'limit')),
    roundsColumn,
  ]);
}

export function ownersSection(stage: StageResult): string {
  const text = section(stage, `## Owners: ${grouped(stage.sockets)} sockets held by processes`, [
    ...timeColumns,
    peakColumn,
    roundsColumn,
  ]);
  const lines: string[] = [];
  for (const [way, by] of [['owners-all', 'by BPF'], ['owners-proc', 'without BPF']] as const) {
    const each = descriptorCost(stage, way);
    if (each === undefined) continue;
    const cpu = each.cpu === undefined ? '' : ` (CPU ${withUnit(each.cpu, 'us')})`;
    lines.push(`Finding the owners ${by} costs ${withUnit(each.value, 'us')}${cpu} for each descriptor: owners all less owners none.`);
    const ratio = wallRatio(stage, 'ss-p', way);
    if (ratio !== undefined) lines.push(`\`ss -tanpH\` takes ${withUnit(ratio.value, 'times')} the time of it.`);
  }
  return lines.length === 0 ? text : `${text}\n\n${lines.join('\n')}`;
}

export function startupSection(stage: StageResult): string {
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

/** A process that stays: the C reader is a cold one nevertheless. */
export function inProcessSection(stage: StageResult): string {
  const text = section(stage, `## In process: ${grouped(stage.sockets)} ESTABLISHED sockets`, [
    ...timeColumns,
    peakColumn,
    ...ratioColumns(costOf(stage, 'limit')),
    roundsColumn,
  ]);
  return `${text}

The library counts in one process, warm from three unmeasured counts; its CPU is what that process used meanwhile, its peak
that of the process. The C reader is a whole cold process each time, its start-up included: nothing is subtracted.`;
}
