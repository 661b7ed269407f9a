import { diagnose, type Diagnosis } from '../../../diagnose/index.ts';
import type { Counters, Snapshot } from '../../../model/index.ts';
import { runSteps, runStepsSliced, type HostMeasurement } from '../../../observe/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { gatherSteps, loadInput, loadReaders } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import type { CheckFlags } from './command.ts';
import type { PortlessCount } from './portless.ts';
import { checkDocument } from './document.ts';

const exitCodes = { ok: ExitCode.done, warning: ExitCode.warning, critical: ExitCode.critical, unknown: ExitCode.unknown } as const;
const CLEAR = '\u001B[H\u001B[2J';

export async function runCheck(this: CliContext, flags: CheckFlags): Promise<void> {
  if (flags.warning > flags.critical) throw new UsageError('--warning must not be above --critical');
  if (flags.watch !== undefined && flags.input !== undefined) throw new UsageError('--watch needs a live host: it cannot be combined with --input');
  const recording = await loadInput(flags);
  await loadReaders(flags, recording);
  const portless = flags.watch === undefined ? undefined : (await import('./portless.ts')).countPortless();
  try {
    await look(this, flags, recording, portless);
  } finally {
    portless?.close();
  }
}

/** Once, or again and again with what has changed since. */
async function look(context: CliContext, flags: CheckFlags, recording: Snapshot | undefined, portless: PortlessCount | undefined): Promise<void> {
  let earlier: { counters: Map<number, Counters>; at: number } | undefined;
  for (;;) {
    const now = context.now();
    const steps = gatherSteps(flags, now, recording);
    const counted = flags.watch === undefined ? runSteps(steps) : await runStepsSliced(steps);
    const measured = portless === undefined ? counted : { ...counted, limits: [...counted.limits, ...portless.limits] };
    const failures = portless?.read();
    const diagnosis = diagnose(measured.namespaces, { warning: flags.warning, critical: flags.critical }, earlier && { counters: earlier.counters, elapsedMs: now.getTime() - earlier.at, portless: failures });
    context.process.exitCode = exitCodes[diagnosis.status];
    if (flags.watch !== undefined) context.heedSignals();
    await print(new Printer(context, flags), measured, diagnosis, flags);
    if (flags.watch === undefined) return;
    earlier = { counters: new Map(measured.namespaces.map((one) => [one.id.inode, one.counters])), at: now.getTime() };
    if (!(await context.sleep(flags.watch * 1000))) return;
  }
}

async function print(printer: Printer, measured: HostMeasurement, diagnosis: Diagnosis, flags: CheckFlags): Promise<void> {
  if (flags.json === true) {
    printer.json(checkDocument(measured, diagnosis, flags.top), flags.watch !== undefined);
    return;
  }
  if (flags.watch !== undefined && printer.canClear) printer.write(CLEAR);
  (await import('./screen.ts')).printCheck(printer, measured, diagnosis, flags.top);
  printer.flush();
}
