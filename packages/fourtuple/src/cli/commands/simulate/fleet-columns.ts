import { grouped } from '../../../model/index.ts';
import type { FleetSeries, FleetSpec, ServiceSummary } from '../../../plan/simulate/index.ts';
import type { Column } from '../../../report/index.ts';
import { rounded } from './documents.ts';
import { lossText } from './loss-text.ts';

/** One step of one service. */
export interface StepRow {
  readonly step: number;
  readonly service: number;
}

/** Rows of --csv. */
export function stepColumns(series: FleetSeries): Column<StepRow>[] {
  const { spec } = series;
  const number = (id: string, help: string, value: (row: StepRow) => number): Column<StepRow> => ({ id, title: id, help, align: 'right', value: (row) => rounded(value(row)) });
  const field = (id: Parameters<FleetSeries['value']>[0], help: string): Column<StepRow> => number(id, help, ({ step, service }) => series.value(id, service, step));
  return [
    { id: 'step', title: 'step', help: 'Number of the step, from 0 on', align: 'right', value: (row) => row.step },
    { id: 'seconds', title: 'seconds', help: 'Begin of the step, seconds from the first', align: 'right', value: (row) => row.step * spec.stepSeconds },
    { id: 'service', title: 'service', help: 'Name of the service', align: 'left', value: (row) => spec.services[row.service]!.name },
    field('offered', 'Connections asked for in the step'),
    number('carried', 'Connections that found a port', ({ step, service }) => series.value('offered', service, step) - series.value('lostAtHost', service, step) - series.value('lostAtNat', service, step)),
    field('lostAtHost', 'Connections that found no port on their host'),
    field('lostAtNat', 'Connections that the NAT had no port for'),
    field('used', 'Ports in use on all hosts, mean of the step'),
    field('worstUsed', 'Ports in use of the fullest tuple of the busiest host'),
    field('worstLoss', 'Share of its connections that the busiest host lost'),
  ];
}

/** Rows of the screen: a service each. */
export function serviceColumns(spec: FleetSpec): Column<ServiceSummary>[] {
  const loss: Column<ServiceSummary> = { id: 'loss', title: 'lost', help: 'Share of its connections that found no port', align: 'right', value: (row) => row.loss, text: (row) => lossText(row.loss), style: (row) => (row.loss >= 1e-3 ? 'critical' : row.loss >= 1e-6 ? 'warning' : undefined) };
  return [
    { id: 'service', title: 'service', help: 'Name', align: 'left', value: (row) => row.name, canShrink: true },
    { id: 'offered', title: 'connections', help: 'Asked for in the whole run', align: 'right', value: (row) => row.offered, text: (row) => grouped(row.offered), dropFirst: 3 },
    loss,
    { id: 'lostAtNat', title: 'at NAT', help: 'Share that a NAT had no port for', align: 'right', value: (row) => row.lostAtNat, text: (row) => lossText(row.offered > 0 ? row.lostAtNat / row.offered : 0), dropFirst: 2 },
    { id: 'worst', title: 'worst step', help: 'Highest share in one step, and when', align: 'right', value: (row) => row.worstStepLoss, text: (row) => (row.worstStepLoss === 0 ? '' : `${lossText(row.worstStepLoss)} at ${timeOf(spec, row.worstStep)}`), dropFirst: 1 },
    { id: 'peak', title: 'ports at peak', help: 'In use on all hosts, in the step where they are most', align: 'right', value: (row) => row.peakUsed, text: (row) => grouped(row.peakUsed), dropFirst: 4 },
    { id: 'worstHost', title: 'busiest host', help: 'Most ports of one tuple of the busiest host, and its loss', align: 'right', value: (row) => row.worstUsed, text: (row) => `#${row.worstHost} ${grouped(row.worstUsed)}${row.worstLoss > 0 ? `, loses ${lossText(row.worstLoss)}` : ''}`, dropFirst: 5 },
  ];
}

/** Time of day of a step, and the day where there are several. */
export function timeOf(spec: FleetSpec, step: number): string {
  const seconds = Math.round(spec.startHour * 3600 + step * spec.stepSeconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}`;
  const isLong = spec.startHour * 3600 + spec.steps * spec.stepSeconds > 86_400;
  return isLong ? `day ${Math.floor(seconds / 86_400) + 1} ${time}` : time;
}
