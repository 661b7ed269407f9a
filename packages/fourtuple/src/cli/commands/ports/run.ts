import { runSteps, runStepsSliced, type HostMeasurement } from '../../../observe/index.ts';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { gatherSteps, loadInput, loadReaders } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import type { PortsFlags } from './command.ts';
import { portsDocument } from './document.ts';
import { bindPoolsJson, tuplesJson } from './rows.ts';

const CLEAR = '\u001B[H\u001B[2J';

export async function runPorts(this: CliContext, flags: PortsFlags): Promise<void> {
  if ([flags.json, flags.jsonl, flags.csv].filter((flag) => flag === true).length > 1) throw new UsageError('--json, --jsonl and --csv exclude each other');
  if (flags.watch !== undefined && flags.input !== undefined) throw new UsageError('--watch needs a live host: it cannot be combined with --input');
  const recording = await loadInput(flags);
  await loadReaders(flags, recording);
  for (;;) {
    const steps = gatherSteps(flags, this.now(), recording, true);
    const measured = flags.watch === undefined ? runSteps(steps) : await runStepsSliced(steps);
    const printer = new Printer(this, flags);
    if (flags.watch !== undefined) this.heedSignals();
    await print(printer, measured, flags);
    printer.flush();
    if (flags.watch === undefined || !(await this.sleep(flags.watch * 1000))) return;
  }
}

async function print(printer: Printer, measured: HostMeasurement, flags: PortsFlags): Promise<void> {
  if (flags.json === true) {
    printer.json(portsDocument(measured, flags.top), flags.watch !== undefined);
  } else if (flags.jsonl === true) {
    for (const tuple of tuplesJson(measured, flags.top)) printer.line(`{"kind":"tuple",${tuple.slice(1)}`);
    for (const pool of bindPoolsJson(measured)) printer.line(`{"kind":"bindPool",${pool.slice(1)}`);
  } else if (flags.csv === true) {
    (await import('./screen.ts')).printCsv(printer, measured, flags.top);
  } else {
    if (flags.watch !== undefined && printer.canClear) printer.write(CLEAR);
    (await import('./screen.ts')).printTables(printer, measured, flags.top);
  }
}
