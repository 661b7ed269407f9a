import { JournalError, writeJournal, type JournalEntry, type RecordedDeed } from '../journal/index.ts';
import type { Deed } from './act.ts';

export interface Recorded<T> {
  readonly deeds: readonly Deed<T>[];
  /** Why the outcome could not be written down, though it was done. */
  readonly unwritten: string | undefined;
}

/**
 * Does something between two entries of the journal. The first comes before the act: what cannot be written down is not
 * done. The second tells the outcome, also that of an act which was refused.
 * @throws JournalError before anything was done; what the act throws.
 */
export function recordDeeds<T>(path: string, entry: Pick<JournalEntry, 'command' | 'namespace'>, targets: readonly T[], describe: (target: T) => RecordedDeed, now: () => Date, act: () => readonly Deed<T>[]): Recorded<T> {
  writeJournal(path, { at: now().toISOString(), ...entry, phase: 'begin', deeds: targets.map(describe) });
  let unwritten: string | undefined;
  const conclude = (deeds: readonly RecordedDeed[]): void => {
    try {
      writeJournal(path, { at: now().toISOString(), ...entry, phase: 'end', deeds });
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      unwritten = error.message;
    }
  };
  let deeds: readonly Deed<T>[];
  try {
    deeds = act();
  } catch (error) {
    conclude(targets.map((target) => ({ ...describe(target), outcome: 'failed' })));
    throw error;
  }
  conclude(deeds.map((deed) => ({ ...describe(deed.target), outcome: deed.outcome })));
  return { deeds, unwritten };
}
