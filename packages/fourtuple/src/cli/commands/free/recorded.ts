import { recordDeeds, type Deed, type Recorded } from '../../../free/index.ts';
import { JournalError, journalPath, type JournalEntry, type RecordedDeed } from '../../../journal/index.ts';
import type { CliContext } from '../../context.ts';
import { CommandError } from '../../errors.ts';
import type { FreeFlags } from './command.ts';

/** Where deeds are written down. */
export function journalOf(context: CliContext, flags: FreeFlags): string {
  return flags.journal ?? journalPath(context.process.env, process.geteuid?.() === 0);
}

/** Acts between two entries of the journal. @throws CommandError when it cannot be written: nothing was done then. */
export function recorded<T>(context: CliContext, path: string, entry: Pick<JournalEntry, 'command' | 'namespace'>, targets: readonly T[], describe: (target: T) => RecordedDeed, act: () => readonly Deed<T>[]): Recorded<T> {
  try {
    return recordDeeds(path, entry, targets, describe, () => context.now(), act);
  } catch (error) {
    if (error instanceof JournalError) throw new CommandError(`Nothing was done, since ${error.message}.`, 'Name another file with --journal.');
    throw error;
  }
}

/** What is to be said when an outcome is not in the journal. */
export function unwrittenLimit(unwritten: string | undefined): string[] {
  return unwritten === undefined ? [] : [`It was done, but its outcome is not written down: ${unwritten}.`];
}
