import { type Diagnosis, type Finding, type Status, tupleText } from '../../../diagnose/index.ts';
import { grouped, plural } from '../../../model/index.ts';
import type { HostMeasurement } from '../../../observe/index.ts';
import { printable, renderTable, wrap, type Style } from '../../../report/index.ts';
import { namespaceLine } from '../../namespace-line.ts';
import type { Printer } from '../../printer.ts';
import { tupleColumns } from '../../usage-columns.ts';

const statusStyles: Readonly<Record<Status, Style>> = { ok: 'ok', warning: 'warning', critical: 'critical', unknown: 'unknown' };
const severityMarks = { critical: ['✖', 'X'], warning: ['▲', '!'], info: ['●', '-'] } as const;

/** Verdict, what fails first, the fullest tuples, findings, the namespaces in one line each, limits. */
export function printCheck(printer: Printer, measured: HostMeasurement, diagnosis: Diagnosis, top: number): void {
  const { theme, width } = printer;
  const status = diagnosis.status.toUpperCase();
  const verdict = wrap(printable(`${status}  ${diagnosis.summary}`), width, '', '  ');
  printer.line(theme.paint(statusStyles[diagnosis.status], status) + verdict[0]!.slice(status.length));
  printer.lines(verdict.slice(1));
  if (printer.isQuiet) return;
  printFirstToFail(printer, diagnosis);
  printTuples(printer, measured, top);
  const shown = new Set<string>();
  for (const finding of diagnosis.findings) printFinding(printer, finding, measured, shown);
  printer.line();
  for (const one of measured.namespaces) printer.lines(wrap(namespaceLine(one), width, '', '  ').map((line) => theme.paint('dim', line)));
  for (const limit of measured.limits) printer.lines(wrap(`limit: ${printable(limit)}`, width, '', '  ').map((line) => theme.paint('dim', line)));
}

function printFirstToFail(printer: Printer, { firstToFail: first }: Diagnosis): void {
  if (first === undefined) return;
  const what =
    first.operation === 'connect'
      ? `connect() ${tupleText(first.tuple, printer.theme.isUnicode ? '→' : '->')}, after ${plural(Math.max(0, first.tuple.free), 'more connection')}`
      : `${first.pool.protocol === 'udp' ? 'UDP connect() and ' : ''}bind(${first.pool.source.toString()}, 0), after ${plural(Math.max(0, first.pool.free), 'more port')}`;
  printer.lines(wrap(`fails first: ${what}`, printer.width, '', '  '));
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
  if (hidden > 0) printer.line(printer.theme.paint('dim', `${plural(hidden, 'emptier tuple')} not shown: fourtuple ports`));
}

/** @param shown commands that an earlier finding has printed already. */
function printFinding(printer: Printer, finding: Finding, measured: HostMeasurement, shown: Set<string>): void {
  const { theme, width } = printer;
  const mark = severityMarks[finding.severity][theme.isUnicode ? 0 : 1];
  const place = measured.namespaces.length > 1 ? ` [${measured.namespaces.find((one) => one.id.inode === finding.namespace)?.id.name ?? finding.namespace}]` : '';
  printer.line();
  const title = wrap(printable(`${mark} ${finding.severity}${place}: ${finding.title}`), width, '', '  ');
  printer.lines(title.map((line) => theme.paint(finding.severity, line)));
  if (finding.severity === 'info' && !printer.isVerbose) {
    const command = finding.remedies.find((remedy) => remedy.command !== undefined);
    if (command !== undefined) printer.line(`  ${theme.paint('strong', command.command!)}`);
    return;
  }
  printer.lines(wrap(printable(finding.why), width, '  '));
  if (printer.isVerbose) {
    for (const item of finding.evidence) printer.line(`  ${theme.paint('dim', `${item.name} = ${typeof item.value === 'number' ? grouped(item.value) : item.value}${item.unit === undefined ? '' : ` ${item.unit}`}`)}`);
  }
  for (const remedy of finding.remedies) {
    printer.lines(wrap(printable(`- ${remedy.title}.`), width, '  ', '    '));
    if (remedy.command !== undefined) printer.line(`    ${shown.has(remedy.command) ? theme.paint('dim', '(the command above)') : theme.paint('strong', remedy.command)}`);
    if (remedy.command !== undefined) shown.add(remedy.command);
    if (printer.isVerbose) printer.lines(wrap(`risk: ${remedy.risk}`, width, '    ').map((line) => theme.paint('dim', line)));
  }
  printer.line(`  ${theme.paint('dim', `${finding.id}, ${finding.reference}`)}`);
}
