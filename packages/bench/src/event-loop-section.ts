import type { Cost } from './cost-table.ts';
import { grouped, milliseconds, percent } from './figures.ts';
import { longPauseMs, type Pauses, type Phase } from './pauses.ts';
import type { StageResult } from './results.ts';
import { table, type Column } from './table.ts';

export function eventLoopSection(stage: StageResult): string {
  const rows = stage.competitors.flatMap(({ title, samples, cost, pauses }): PauseRow[] =>
    cost === undefined || pauses === undefined ? [] : [{ title, snapshots: samples.length, cost, pauses }],
  );
  return `## Event loop: snapshots of ${grouped(stage.sockets)} sockets, in slices

${rows.length === 0 ? 'Nobody finished.' : table(pauseColumns, rows)}

A pause is one turn of the event loop, in milliseconds: everybody else in the process waits for it. The percentiles are over
all turns of all snapshots, which follow each other without rest; *p99 in CPU* leaves out what other programs took of
the core. There are some hundred turns a snapshot, so percentiles hide a long one at its begin or end: *opening*,
*dump* and *finish* are the median, over the snapshots, of the longest pause in that phase; *longest* is the longest of
all, with its phase and CPU time; *in long ones* is the share of the time that lies in pauses above ${longPauseMs} ms.
The first turn of a snapshot opens the namespace and reads the listeners, the last one ends the sum. The long one of a *dump*
without BPF is the kernel's: asked for bound sockets too, it walks the table of bound ports in one call. The row without
a snapshot shows what the machine does to anybody.`;
}

interface PauseRow {
  readonly title: string;
  readonly snapshots: number;
  readonly cost: Cost;
  readonly pauses: Pauses;
}

const pauseColumns: readonly Column<PauseRow>[] = [
  { title: 'snapshots', align: 'left', cell: ({ title }) => `\`${title}\`` },
  { title: 'wall', align: 'right', cell: ({ cost }) => milliseconds(cost.wallMs.median) },
  { title: 'p50', align: 'right', cell: ({ pauses }) => milliseconds(pauses.p50Ms) },
  { title: 'p99', align: 'right', cell: ({ pauses }) => milliseconds(pauses.p99Ms) },
  { title: 'p99 in CPU', align: 'right', cell: ({ pauses }) => milliseconds(pauses.p99CpuMs) },
  ...(['opening', 'dump', 'finish'] as const).map(phaseColumn),
  {
    title: 'longest',
    align: 'right',
    cell: ({ pauses: { longest } }) =>
      `${milliseconds(longest.wallMs)} (${longest.phase}, CPU ${milliseconds(longest.cpuMs)})`,
  },
  { title: 'in long ones', align: 'right', cell: ({ pauses }) => percent(pauses.longShare) },
  { title: 'rounds', align: 'right', cell: ({ snapshots }) => String(snapshots) },
];

function phaseColumn(phase: Phase): Column<PauseRow> {
  const cell = ({ pauses }: PauseRow): string => {
    const found = pauses.phases[phase];
    return found === undefined ? '' : milliseconds(found.medianMs);
  };
  return { title: phase, align: 'right', cell };
}
