import { availableParallelism } from 'node:os';
import { grouped, plural } from '../../../model/index.ts';
import { FleetSeries, FleetSimulation, tupleCount, type FleetSpec } from '../../../plan/simulate/index.ts';
import { renderCsv, renderTimeChart, renderTable } from '../../../report/index.ts';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { Printer } from '../../printer.ts';
import { Checkpoint } from './checkpoint.ts';
import type { FleetFlags } from './command.ts';
import { fleetDocument } from './documents.ts';
import { serviceColumns, stepColumns, timeOf, type StepRow } from './fleet-columns.ts';
import { readFleet } from './fleet-file.ts';
import { FleetWorkers, hasWorkers } from './fleet-workers.ts';
import { interrupted } from './interrupted.ts';
import { lossText } from './loss-text.ts';
import { Progress } from './progress.ts';
import { requireWritable, writeWhole } from '../../whole-file.ts';

/** Tuples times steps below which starting threads takes longer than it saves. */
const WORTH_THREADS = 50_000_000;
const LOOK_MS = 100;
const ROWS = 1000;

export async function runSimulateFleet(this: CliContext, flags: FleetFlags, path: string): Promise<void> {
  if (flags.resume === true && flags.checkpoint === undefined) throw new UsageError('--resume needs --checkpoint FILE');
  for (const [flag, file] of [['--csv', flags.csv], ['--svg', flags.svg], ['--checkpoint', flags.checkpoint]] as const) if (file !== undefined) requireWritable(flag, file);
  const spec = readFleet(path, flags.seed);
  const series = new FleetSeries(spec);
  const checkpoint = flags.checkpoint === undefined ? undefined : new Checkpoint(flags.checkpoint, series, flags.resume === true);
  const progress = new Progress(this, flags);
  this.heedSignals();
  try {
    await compute(this, spec, series, checkpoint, flags.workers, progress);
  } finally {
    progress.end();
  }
  if (!series.isComplete) throw interrupted(series.doneBlocks / series.blocks.length, flags.checkpoint === undefined ? 'Nothing was kept; --checkpoint FILE keeps what is done.' : `What is done is kept in ${flags.checkpoint}: the same command with --resume goes on.`);
  if (flags.csv !== undefined) writeWhole(flags.csv, csvPieces(series));
  if (flags.svg !== undefined) writeWhole(flags.svg, [chartOf(series)]);
  const printer = new Printer(this, flags);
  if (flags.json === true) printer.json(fleetDocument(series));
  else print(printer, series);
  printer.flush();
  checkpoint?.remove();
}

/** Puts blocks into the series until all are there, or somebody interrupts. */
async function compute(context: CliContext, spec: FleetSpec, series: FleetSeries, checkpoint: Checkpoint | undefined, workers: number | undefined, progress: Progress): Promise<void> {
  const missing = series.blocks.flatMap((_, index) => (series.has(index) ? [] : [index]));
  const take = (block: number, numbers: Float64Array): void => {
    series.put(block, numbers);
    checkpoint?.add(block, numbers);
    progress.show(series.doneBlocks / series.blocks.length);
  };
  const wanted = workers ?? (tupleCount(spec) * spec.steps < WORTH_THREADS ? 1 : availableParallelism());
  if (missing.length === 0) return;
  if (wanted === 1 || missing.length === 1 || !hasWorkers()) {
    const simulation = new FleetSimulation(spec);
    for (const block of missing) {
      take(block, simulation.runBlock(block));
      if (block !== missing.at(-1) && !(await context.sleep(0))) return;
    }
    return;
  }
  const pool = new FleetWorkers(spec, missing, wanted, take);
  try {
    for (;;) {
      // Whichever is first; the failure of a worker is thrown here.
      const isOver = await Promise.race([pool.done.then(() => true), context.sleep(LOOK_MS).then((isAwake) => (isAwake ? undefined : false))]);
      if (isOver !== undefined) return;
      progress.show(series.doneBlocks / series.blocks.length);
    }
  } finally {
    await pool.stop();
  }
}

function* csvPieces(series: FleetSeries): Generator<string> {
  const columns = stepColumns(series);
  const { steps, services } = series.spec;
  let rows: StepRow[] = [];
  let isFirst = true;
  const piece = (): string => {
    const lines = renderCsv(columns, rows);
    const text = `${(isFirst ? lines : lines.slice(1)).join('\r\n')}\r\n`;
    isFirst = false;
    rows = [];
    return text;
  };
  for (let step = 0; step < steps; step++) {
    for (let service = 0; service < services.length; service++) rows.push({ step, service });
    if (rows.length >= ROWS) yield piece();
  }
  if (isFirst || rows.length > 0) yield piece();
}

function chartOf(series: FleetSeries): string {
  const { spec } = series;
  const lines = (value: (service: number, step: number) => number) => spec.services.map(({ name }, service) => ({ name, values: Float64Array.from({ length: spec.steps }, (_, step) => value(service, step)) }));
  const share = (service: number, step: number): number => {
    const offered = series.value('offered', service, step);
    return offered > 0 ? (series.value('lostAtHost', service, step) + series.value('lostAtNat', service, step)) / offered : 0;
  };
  return renderTimeChart(
    [
      { title: 'Ports in use on all hosts', lines: lines((service, step) => series.value('used', service, step)), format: shortCount },
      { title: 'Ports in use of the fullest tuple of the busiest host', lines: lines((service, step) => series.value('worstUsed', service, step)), format: grouped },
      { title: 'Share of the connections that found no port', lines: lines(share), format: lossText },
    ],
    { title: `${grouped(tupleCount(spec))} tuples, seed ${spec.seed}`, formatStep: (step) => timeOf(spec, step) },
  );
}

/** A count on an axis: `4,000 M` from a million on. */
function shortCount(value: number): string {
  return value < 1e6 ? grouped(value) : `${Number((value / 1e6).toPrecision(4)).toLocaleString('en')} M`;
}

function print(printer: Printer, series: FleetSeries): void {
  const { spec } = series;
  const totals = series.totals();
  const hosts = spec.hosts.reduce((sum, { count }) => sum + count, 0);
  printer.paragraph(`${plural(hosts, 'host')}, ${plural(totals.tuples, 'tuple')}, ${plural(spec.steps, 'step')} of ${spec.stepSeconds} s: ${grouped(totals.lost)} of ${plural(totals.offered, 'connection')} found no port (${lossText(totals.offered > 0 ? totals.lost / totals.offered : 0)}); ${grouped(totals.peakUsed)} ports in use at the peak.`);
  printer.line();
  printer.lines(renderTable(serviceColumns(spec), series.summaries(), { theme: printer.theme, width: printer.width }));
  if (printer.isQuiet) return;
  printer.line();
  printer.paragraph(`Losses below 0.01 % are an order of magnitude: they depend on the peakedness. Seed ${spec.seed}.`, { style: 'dim' });
}
