import { ftruncateSync, openSync, closeSync, statSync } from 'node:fs';
import { grouped, plural, type Snapshot } from '../../../model/index.ts';
import { loadBpfReaders, takeSnapshot } from '../../../observe/index.ts';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { chosenNamespaces } from '../../gather.ts';
import { Printer } from '../../printer.ts';
import { appendSnapshot } from '../../recording.ts';
import type { RecordFlags } from './command.ts';

export async function runRecord(this: CliContext, flags: RecordFlags, path: string): Promise<void> {
  if (flags.every === undefined && (flags.for !== undefined || flags.count !== undefined)) throw new UsageError('--for and --count belong to a series: give --every SECONDS too');
  const printer = new Printer(this, flags);
  const began = this.now().getTime();
  let taken = 0;
  let bytes = 0;
  await loadBpfReaders();
  for (;;) {
    const { namespaces, limits } = chosenNamespaces(flags);
    const snapshot = takeSnapshot(namespaces, { owners: flags.owners, probes: flags.probe, source: flags.source }, this.now());
    if (flags.every !== undefined) this.heedSignals();
    bytes += appendWhole(path, { ...snapshot, limits: [...limits, ...snapshot.limits] });
    taken++;
    const isLast = flags.every === undefined || taken === flags.count || (flags.for !== undefined && this.now().getTime() - began + flags.every * 1000 > flags.for * 1000);
    if (isLast || !(await this.sleep(flags.every * 1000))) break;
  }
  if (flags.json === true) printer.json({ schema: 'fourtuple.record/1', file: path, snapshots: taken, bytes });
  else if (!printer.isQuiet) printer.paragraph(`${plural(taken, 'snapshot')}, ${grouped(bytes)} bytes appended to ${path}. Read it with: fourtuple check --input ${path}`);
  printer.flush();
}

/** Appends, or leaves the file as it was: half a snapshot on a full disk would spoil the recording. */
function appendWhole(path: string, snapshot: Snapshot): number {
  const before = sizeOf(path);
  try {
    return appendSnapshot(path, snapshot);
  } catch (error) {
    if (before !== undefined) truncate(path, before);
    throw error;
  }
}

/** Undefined for what is no regular file. */
function sizeOf(path: string): number | undefined {
  try {
    const status = statSync(path);
    return status.isFile() ? status.size : undefined;
  } catch {
    return 0;
  }
}

function truncate(path: string, size: number): void {
  try {
    const fd = openSync(path, 'r+');
    try {
      ftruncateSync(fd, size);
    } finally {
      closeSync(fd);
    }
  } catch {
    // The first error is the one to tell.
  }
}
