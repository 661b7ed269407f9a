import { type Diagnosis, type Finding, type Status, tupleText } from '../../../diagnose/index.ts';
import { grouped, plural } from '../../../model/index.ts';
import type { HostMeasurement } from '../../../observe/index.ts';
import { renderTable, wrap, type Style } from '../../../report/index.ts';
import { namespaceLine } from '../../namespace-line.ts';
import type { Printer } from '../../printer.ts';
import { tupleColumns } from '../../usage-columns.ts';

const statusStyles: Readonly<Record<Status, Style>> = { ok: 'ok', warning: 'warning', critical: 'critical', unknown: 'unknown' };
const severityMarks = { critical: ['✖', 'X'], warning: ['▲', '!'], info: ['●', '-'] } as const;

/** Verdict, what fails first, the fullest tuples, findings, the namespaces in one line each, limits. */
export function printCheck(printer: Printer, measured: HostMeasurement, diagnosis: Diagnosis, top: number): void {
  const { theme, width } = printer;
  const status = diagnosis.status.toUpperCase();
  const [first = '', ...rest] = wrap(printer.clean(`${status}  ${diagnosis.summary}`), width, '', '  ');
  printer.line(theme.paint(statusStyles[diagnosis.status], status) + first.slice(status.length));
  printer.lines(rest);
  if (printer.isQuiet) return;
  printFirstToFail(printer, diagnosis);
  printTuples(printer, measured, top);
  const shown = new Set<string>();
  for (const finding of diagnosis.findings) printFinding(printer, finding, measured, shown);
  printer.line();
  for (const one of measured.namespaces) printer.paragraph(namespaceLine(one), { hanging: '  ', style: 'dim' });
  for (const limit of measured.limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
}

function printFirstToFail(printer: Printer, { firstToFail: first }: Diagnosis): void {
  if (first === undefined) return;
  const what =
    first.operation === 'connect'
      ? `connect() ${tupleText(first.tuple, printer.theme.isUnicode ? '→' : '->')}, after ${plural(Math.max(0, first.tuple.free), 'more connection')}`
      : `${first.pool.protocol === 'udp' ? 'UDP connect() and ' : ''}bind(${first.pool.source.toString()}, 0), after ${plural(Math.max(0, first.pool.free), 'more port')}`;
  printer.paragraph(`fails first: ${what}`, { hanging: '  ' });
}

function printTuples(printer: Printer, measured: HostMeasurement, top: number): void {
  const rows = measured.namespaces
    .flatMap((one) => one.usage.tuples.top(top).map((tuple) => ({ namespace: one.id.name, tuple })))
    .sort((left, right) => right.tuple.ratio - left.tuple.ratio || right.tuple.connections - left.tuple.connections)
    .slice(0, top);
  if (rows.length === 0) return;
  printer.line();
  const columns = measured.namespaces.length > 1 ? tupleColumns : tupleColumns.filter((column) => column.id !== 'namespace');
  printer.lines(renderTable(columns, rows, { theme: printer.theme, width: printer.width }));
  const hidden = measured.namespaces.reduce((sum, one) => sum + one.usage.tuples.length, 0) - rows.length;
  if (hidden > 0) printer.paragraph(`${plural(hidden, 'emptier tuple')} not shown: fourtuple ports`, { style: 'dim' });
}

/** @param shown commands that an earlier finding has printed already. */
function printFinding(printer: Printer, finding: Finding, measured: HostMeasurement, shown: Set<string>): void {
  const { theme } = printer;
  const mark = severityMarks[finding.severity][theme.isUnicode ? 0 : 1];
  const place = measured.namespaces.length > 1 ? ` [${measured.namespaces.find((one) => one.id.inode === finding.namespace)?.id.name ?? finding.namespace}]` : '';
  printer.line();
  printer.paragraph(`${mark} ${finding.severity}${place}: ${finding.title}`, { hanging: '  ', style: finding.severity });
  if (finding.severity === 'info' && !printer.isVerbose) {
    const command = finding.remedies.find((remedy) => remedy.command !== undefined)?.command;
    if (command !== undefined) printer.line(`  ${theme.paint('strong', printer.clean(command))}`);
    return;
  }
  printer.paragraph(finding.why, { indent: '  ' });
  if (printer.isVerbose) {
    for (const item of finding.evidence) {
      const value = typeof item.value === 'number' ? grouped(item.value) : item.value;
      printer.paragraph(`${item.name} = ${value}${item.unit === undefined ? '' : ` ${item.unit}`}`, { indent: '  ', hanging: '    ', style: 'dim' });
    }
  }
  for (const remedy of finding.remedies) {
    printer.paragraph(`- ${remedy.title}.`, { indent: '  ', hanging: '    ' });
    // A command is never broken: it must work when pasted.
    if (remedy.command !== undefined) printer.line(`    ${shown.has(remedy.command) ? theme.paint('dim', '(the command above)') : theme.paint('strong', printer.clean(remedy.command))}`);
    if (remedy.command !== undefined) shown.add(remedy.command);
    if (printer.isVerbose) printer.paragraph(`risk: ${remedy.risk}`, { indent: '    ', style: 'dim' });
  }
  printer.paragraph(`${finding.id}, ${finding.reference}`, { indent: '  ', style: 'dim' });
}
