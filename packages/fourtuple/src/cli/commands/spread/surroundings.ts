import { JournalError, journalPath } from '../../../journal/index.ts';
import type { Surroundings } from '../../../spread/index.ts';
import type { CliContext } from '../../context.ts';
import { CommandError } from '../../errors.ts';

export function surroundingsOf(context: CliContext, flags: { readonly journal?: string | undefined }): Surroundings {
  return {
    journal: flags.journal ?? journalPath(context.process.env, process.geteuid?.() === 0),
    now: () => context.now(),
    sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
  };
}

/** What must be written down first is not done when it cannot be. */
export async function withJournal<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof JournalError) throw new CommandError(`Nothing was done, since ${error.message}.`, 'Name another file with --journal.');
    throw error;
  }
}
