import { eventLoopSection } from './event-loop-section.ts';
import { grouped, withUnit } from './figures.ts';
import { overheadSection } from './overhead-section.ts';
import { formulasSection } from './formulas-section.ts';
import { judge, type GoalReport, type Verdict } from './goals.ts';
import { inboundSection } from './inbound-section.ts';
import { poolSection } from './pool-section.ts';
import { faultsOf, type BenchResults } from './results.ts';
import { inProcessSection, ownersSection, snapshotSection, startupSection } from './sections.ts';
import { simulateSection } from './simulate-section.ts';
import type { JobName } from './stage.ts';
import { bullets, table } from './table.ts';

export function renderMarkdown(results: BenchResults): string {
  const { stages } = results;
  const of = (job: JobName) => stages.filter((stage) => stage.job === job);
  const sections = [
    heading(results),
    goalSection(judge(stages)),
    ...of('snapshot').map(snapshotSection),
    ...of('owners').map(ownersSection),
    ...of('startup').map(startupSection),
    ...of('event-loop').map(eventLoopSection),
    ...of('in-process').map(inProcessSection),
    inboundSection(of('inbound')),
    ...of('overhead').map(overheadSection),
    ...of('formulas').map(formulasSection),
    ...of('simulate').map(simulateSection),
    poolSection(of('pool')),
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
cold process unless its table says otherwise. Figures are medians of the rounds unless they are called lowest. *Wall* and
*CPU* (user + system, children included) are in milliseconds of the whole process: one decimal below 100, whole above.
*Peak* is the largest resident memory of any one process, in MiB (2^20 bytes) with one decimal. Ratios are quotients of
two medians of the same table, with two decimals. The machine is shared: compare figures of one table only.`;
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
  return parts.join('\n\n');
}

function faultSection(faults: readonly string[]): string {
  return faults.length === 0 ? '' : `## Faults\n\n${bullets(faults)}`;
}
