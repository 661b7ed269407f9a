import { grouped } from '../../../model/index.ts';
import type { HostResult, HostSpec, PartResult } from '../../../plan/simulate/index.ts';
import { renderTimeChart, type Column } from '../../../report/index.ts';
import { lossText } from './loss-text.ts';

/** Rows of --csv: parts of a run. */
export const partColumns: readonly Column<PartResult>[] = [
  { id: 'seconds', title: 'seconds', help: 'Simulated seconds at the end of the part', align: 'right', value: (part) => part.untilSeconds },
  { id: 'attempts', title: 'attempts', help: 'Attempts in the part', align: 'right', value: (part) => part.attempts },
  { id: 'failures', title: 'failures', help: 'Attempts that found no port', align: 'right', value: (part) => part.failures },
  { id: 'loss', title: 'loss', help: 'Failures over attempts', align: 'right', value: lossOf },
  { id: 'meanUsed', title: 'mean used', help: 'Ports in use, mean over the part', align: 'right', value: (part) => part.meanUsed },
];

/** The same as a picture. */
export function partsChart(spec: HostSpec, { parts }: HostResult): string {
  const seconds = (step: number): string => `${grouped(parts[step - 1]?.untilSeconds ?? 0)} s`;
  return renderTimeChart(
    [
      { title: 'Ports in use', lines: [{ name: 'the run in 40 parts', values: parts.map((part) => part.meanUsed) }], format: grouped },
      { title: 'Share of the attempts that found no port', lines: [{ name: 'the run in 40 parts', values: parts.map(lossOf) }], format: lossText },
    ],
    { title: `${grouped(spec.ports)} ports, ${grouped(spec.addresses)} × ${grouped(spec.destinations)} tuples, seed ${spec.seed}`, formatStep: seconds },
  );
}

function lossOf({ failures, attempts }: PartResult): number {
  return attempts > 0 ? failures / attempts : 0;
}
