import type { Constraint, Plan, ServicePlan } from '../../../plan/index.ts';
import { plural } from '../../../model/index.ts';
import { bar, renderTable, type Column } from '../../../report/index.ts';
import type { Printer } from '../../printer.ts';
import type { ShownPlan } from './document.ts';
import { figure, oneIn, shareText, timesText, timeText } from './numbers.ts';

const closings = {
  we: 'then its port stays in TIME_WAIT, since we close first',
  'we-reused': 'then its port stays in TIME_WAIT until tcp_tw_reuse lets it go',
  peer: 'and leaves its port at once, since the other side closes first',
  reset: 'and leaves its port at once, by a reset',
  'peer-never': 'then its port stays in FIN_WAIT2, since the other side never closes',
} as const;

/** Verdict, the services, what limits, what helps, what if the estimates are wrong. */
export function printPlan(printer: Printer, { plan, remedies, sensitivities, curve, limits }: ShownPlan): void {
  const holds = plan.headroom >= 1;
  printer.paragraph(verdict(plan), { hanging: '  ', style: holds ? 'ok' : 'critical' });
  if (printer.isQuiet) return;
  for (const service of plan.services) printService(printer, service, plan);
  printer.line();
  printer.lines(renderTable(constraintColumns, plan.constraints.slice(0, printer.isVerbose ? undefined : 8), printer));
  printer.paragraph('in use and safe: on average; safe: what loses no more than is allowed. The first one limits, the second would be next.', { style: 'dim' });
  if (remedies.length > 0) {
    printer.line();
    printer.paragraph(holds ? 'What gives more room, from the cheapest on:' : 'What helps, from the cheapest on:');
    for (const remedy of remedies) {
      const effect = remedy.suffices ? `Then the rates may be ${timesText(remedy.headroom)} today's` : `Not enough alone: ${timesText(remedy.headroom)} today's rates`;
      printer.paragraph(`- ${remedy.title}. ${effect}${remedy.loss >= 1e-12 ? `, ${shareText(remedy.loss)} fails` : ''}.${remedy.cost === '' ? '' : ` Takes: ${remedy.cost}.`}`, { hanging: '  ', ...(remedy.suffices ? {} : { style: 'dim' as const }) });
    }
  }
  printer.line();
  printer.paragraph('If an estimate is wrong:');
  printer.lines(renderTable(sensitivityColumns, sensitivities, { theme: printer.theme, width: printer.width, indent: '  ', hasHeading: false }));
  printer.line();
  printer.paragraph('Share that fails, by rate:');
  const lines = curve.map(({ factor, loss }) => ({ factor, loss, isUnicode: printer.theme.isUnicode, allowed: plan.request.loss, width: Math.max(4, Math.min(BAR, (printer.width ?? BAR + REST) - REST)) }));
  printer.lines(renderTable(curveColumns, lines, { theme: printer.theme, width: printer.width, indent: '  ', hasHeading: false }));
  for (const note of plan.notes) printer.paragraph(`note: ${note}`, { hanging: '  ' });
  for (const limit of limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
}

function verdict(plan: Plan): string {
  const { binding, headroom, monthsLeft, request } = plan;
  const allowed = shareText(request.loss);
  if (binding === undefined || headroom === Number.POSITIVE_INFINITY) return `HOLDS  Nothing is in use: every limit holds.`;
  const growth = monthsLeft === undefined || monthsLeft === 0 ? '' : monthsLeft === Number.POSITIVE_INFINITY ? ' It never comes to that at this growth.' : ` At ${shareText(request.growthPerMonth)} a month that is in ${monthsText(monthsLeft)}.`;
  const whose = binding.services.length === 1 && request.services.length > 1 ? ` (${binding.services[0]!})` : '';
  if (headroom >= 1) return `HOLDS  At most ${allowed} fail until the rates are ${timesText(headroom)} today's; then ${binding.title}${whose} limit first.${growth}`;
  return `TOO MUCH  ${upper(binding.title)}${whose}: ${figure(binding.offered)} would be in use, ${figure(binding.safeOffered)} of ${figure(binding.capacity)} are safe. ${shareText(binding.loss)} of the connections fail${oneIn(binding.loss) === '' ? '' : ` (${oneIn(binding.loss)})`}, where ${allowed} may.`;
}

function printService(printer: Printer, { service, holdSeconds, ports, loss, safeRatePerSecond }: ServicePlan, plan: Plan): void {
  const name = plan.services.length === 1 ? '' : `${service.name}: `;
  const tail = service.closing === 'peer' || service.closing === 'reset' ? '' : `${service.closingShare < 1 ? ` for ${shareText(service.closingShare)} of them` : ''}, ${timeText(holdSeconds)} in all`;
  printer.paragraph(
    `${name}${figure(service.ratePerSecond)} new connections a second to ${plural(service.destinations, 'destination')}. Each lives ${timeText(service.lifetimeSeconds)}, ${closings[service.closing]}${tail}: ${figure(ports)} ports on average. Loses ${shareText(loss)}${loss >= 1e-12 ? `, ${figure(loss * service.ratePerSecond)} a second` : ''}; safe up to ${figure(safeRatePerSecond)} a second.`,
    { hanging: '  ' },
  );
}

const constraintColumns: readonly Column<Constraint>[] = [
  { id: 'title', title: 'what limits', help: 'The limit.', align: 'left', value: ({ title }) => title, canShrink: true },
  { id: 'services', title: 'service', help: 'Who shares it.', align: 'left', value: ({ services }) => (services.length > 3 ? `${services.slice(0, 3).join(', ')} and ${services.length - 3} more` : services.join(', ')), canShrink: true, dropFirst: 4 },
  { id: 'capacity', title: 'has', help: 'What there is.', align: 'right', value: ({ capacity }) => capacity, text: ({ capacity }) => figure(capacity), dropFirst: 2 },
  { id: 'offered', title: 'in use', help: 'What would be in use on average, were there no limit.', align: 'right', value: ({ offered }) => offered, text: ({ offered }) => figure(offered), dropFirst: 1 },
  { id: 'safe', title: 'safe', help: 'What loses no more than is allowed.', align: 'right', value: ({ safeOffered }) => safeOffered, text: ({ safeOffered }) => figure(safeOffered), dropFirst: 3 },
  { id: 'ratio', title: 'of safe', help: 'In use over safe.', align: 'right', value: ({ ratio }) => ratio, text: ({ ratio }) => (ratio === Number.POSITIVE_INFINITY ? 'beyond' : `${figure(ratio * 100)} %`), style: ({ ratio }) => (ratio > 1 ? 'critical' : ratio > 0.8 ? 'warning' : undefined) },
  { id: 'loss', title: 'fails', help: 'Share that fails for it.', align: 'right', value: ({ loss }) => loss, text: ({ loss }) => shareText(loss) },
];

const sensitivityColumns: readonly Column<{ readonly what: string; readonly loss: number; readonly headroom: number; readonly suffices: boolean }>[] = [
  { id: 'what', title: 'what', help: 'The estimate.', align: 'left', value: ({ what }) => what },
  { id: 'loss', title: 'fails', help: 'Share that fails then.', align: 'right', value: ({ loss }) => loss, text: ({ loss }) => `${shareText(loss)} fails` },
  { id: 'verdict', title: 'verdict', help: 'Whether that is allowed.', align: 'left', value: ({ suffices }) => (suffices ? 'holds' : 'too much'), style: ({ suffices }) => (suffices ? 'ok' : 'critical') },
];

/** Of a month, on average. */
const DAYS = 365.25 / 12;

/** Twelve powers of ten. */
const DECADES = 12;
const BAR = 36;
/** Columns of such a line beside its bar. */
const REST = 20;

const curveColumns: readonly Column<{ readonly factor: number; readonly loss: number; readonly isUnicode: boolean; readonly allowed: number; readonly width: number }>[] = [
  { id: 'factor', title: 'rate', help: 'Factor on all rates.', align: 'right', value: ({ factor }) => factor, text: ({ factor }) => `${figure(factor * 100)} %` },
  { id: 'bar', title: '', help: 'Powers of ten above 1e-12.', align: 'left', value: ({ loss }) => loss, text: ({ loss, isUnicode, width }) => bar(loss <= 0 ? 0 : 1 + Math.log10(loss) / DECADES, width, isUnicode), style: ({ loss, allowed }) => (loss > allowed ? 'critical' : 'ok') },
  { id: 'loss', title: 'fails', help: 'Share that fails.', align: 'right', value: ({ loss }) => loss, text: ({ loss }) => shareText(loss) },
];

function monthsText(months: number): string {
  return months < 2 ? plural(Math.round(months * DAYS), 'day') : `${figure(months)} months`;
}

function upper(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
