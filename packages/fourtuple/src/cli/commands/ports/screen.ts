import { plural } from '../../../model/index.ts';
import type { HostMeasurement } from '../../../observe/index.ts';
import { renderCsv, renderTable } from '../../../report/index.ts';
import { namespaceLine } from '../../namespace-line.ts';
import type { Printer } from '../../printer.ts';
import { poolColumns, tupleColumns, type PoolRow } from '../../usage-columns.ts';
import { rowsOnly } from './rows.ts';

export function printCsv(printer: Printer, measured: HostMeasurement, top: number | undefined): void {
  printer.lines(renderCsv(tupleColumns, rowsOnly(measured, top)));
}

export function printTables(printer: Printer, measured: HostMeasurement, top: number | undefined): void {
  const { theme, width } = printer;
  const isOne = measured.namespaces.length === 1;
  const tuples = [...rowsOnly(measured, top)];
  if (tuples.length > 0) printer.lines(renderTable(isOne ? tupleColumns.slice(1) : tupleColumns, tuples, { theme, width }));
  else printer.paragraph('No outgoing TCP connection.');
  const pools: PoolRow[] = measured.namespaces.flatMap((one) => one.usage.bindPools.map((pool) => ({ namespace: one.id.name, pool })));
  const shown = pools.filter(({ pool }) => pool.used > 0 || printer.isVerbose).sort((left, right) => right.pool.ratio - left.pool.ratio);
  if (shown.length > 0) {
    printer.line();
    printer.lines(renderTable(isOne ? poolColumns.slice(1) : poolColumns, shown, { theme, width }));
  }
  if (printer.isQuiet) return;
  const idle = pools.length - shown.length;
  if (idle > 0) printer.paragraph(`${plural(idle, 'empty bind pool')} not shown (--verbose shows them)`, { style: 'dim' });
  printer.line();
  for (const one of measured.namespaces) printer.paragraph(namespaceLine(one), { hanging: '  ', style: 'dim' });
  for (const limit of measured.limits) printer.paragraph(`limit: ${limit}`, { hanging: '  ', style: 'dim' });
}
