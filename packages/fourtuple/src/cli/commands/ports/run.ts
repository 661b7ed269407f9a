import { findFirstToFail } from '../../../diagnose/first-to-fail.ts';
import { plural } from '../../../model/index.ts';
import { runSteps, runStepsSliced, type HostMeasurement } from '../../../observe/index.ts';
import { renderCsv, renderTable } from '../../../report/index.ts';
import type { CliContext } from '../../context.ts';
import { bindPoolDocument, firstToFailDocument, namespaceDocument, tupleDocument } from '../../documents.ts';
import { UsageError } from '../../errors.ts';
import { gatherSteps, loadInput } from '../../gather.ts';
import { namespaceLine } from '../../namespace-line.ts';
import { Printer } from '../../printer.ts';
import { poolColumns, tupleColumns, type PoolRow, type TupleRow } from '../../usage-columns.ts';
import type { PortsFlags } from './command.ts';

const CLEAR = '\u001B[H\u001B[2J';

export async function runPorts(this: CliContext, flags: PortsFlags): Promise<void> {
  if ([flags.json, flags.jsonl, flags.csv].filter((flag) => flag === true).length > 1) throw new UsageError('--json, --jsonl and --csv exclude each other');
  if (flags.watch !== undefined && flags.input !== undefined) throw new UsageError('--watch needs a live host: it cannot be combined with --input');
  const recording = await loadInput(flags);
  for (;;) {
    const steps = gatherSteps(flags, this.now(), recording, true);
    const measured = flags.watch === undefined ? runSteps(steps) : await runStepsSliced(steps);
    const printer = new Printer(this, flags);
    if (flags.watch !== undefined) this.heedSignals();
    print(printer, measured, flags);
    printer.flush();
    if (flags.watch === undefined || !(await this.sleep(flags.watch * 1000))) return;
  }
}

function print(printer: Printer, measured: HostMeasurement, flags: PortsFlags): void {
  if (flags.json === true) {
    printer.json(portsDocument(measured, flags.top), flags.watch !== undefined);
  } else if (flags.jsonl === true) {
    for (const { id, row } of tupleRows(measured, flags.top)) printer.line(JSON.stringify({ kind: 'tuple', ...tupleDocument(id, row.tuple) }));
    for (const one of measured.namespaces) for (const pool of one.usage.bindPools) printer.line(JSON.stringify({ kind: 'bindPool', ...bindPoolDocument(one.id.inode, pool) }));
  } else if (flags.csv === true) {
    printer.lines(renderCsv(tupleColumns, rowsOnly(measured, flags.top)));
  } else {
    if (flags.watch !== undefined && printer.canClear) printer.write(CLEAR);
    printTables(printer, measured, flags.top);
  }
}

/** `fourtuple.ports/1`, described by schemas/ports.schema.json. */
function portsDocument(measured: HostMeasurement, top: number | undefined): Record<string, unknown> {
  return {
    schema: 'fourtuple.ports/1',
    takenAt: measured.takenAt,
    kernel: measured.kernel,
    host: measured.host,
    firstToFail: firstToFailDocument(findFirstToFail(measured.namespaces)),
    namespaces: measured.namespaces.map(namespaceDocument),
    *tuples() {
      for (const { id, row } of tupleRows(measured, top)) yield tupleDocument(id, row.tuple);
    },
    *bindPools() {
      for (const one of measured.namespaces) for (const pool of one.usage.bindPools) yield bindPoolDocument(one.id.inode, pool);
    },
    limits: measured.limits,
  };
}

/** Fullest first within each namespace; with a limit, the fullest of all. */
function* tupleRows(measured: HostMeasurement, top: number | undefined): Generator<{ id: number; row: TupleRow }> {
  if (top !== undefined) {
    const all = measured.namespaces.flatMap((one) => one.usage.tuples.top(top).map((tuple) => ({ id: one.id.inode, row: { namespace: one.id.name, tuple } })));
    yield* all.sort((left, right) => right.row.tuple.ratio - left.row.tuple.ratio).slice(0, top);
    return;
  }
  for (const one of measured.namespaces) {
    for (let rank = 0; rank < one.usage.tuples.length; rank++) yield { id: one.id.inode, row: { namespace: one.id.name, tuple: one.usage.tuples.at(rank) } };
  }
}

function* rowsOnly(measured: HostMeasurement, top: number | undefined): Generator<TupleRow> {
  for (const { row } of tupleRows(measured, top)) yield row;
}

function printTables(printer: Printer, measured: HostMeasurement, top: number | undefined): void {
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
