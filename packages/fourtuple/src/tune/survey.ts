import { NamespaceLostError } from '../kernel/index.ts';
import { inNamespace, NamespaceFinder, type Whereabouts } from './identity.ts';
import { isOpen, type Transaction, type TuneJournal } from './journal.ts';
import { readKey } from './live.ts';
import { tunerAtWork } from './lock.ts';
import { sightOf, type TransactionSight } from './state.ts';
import { readStored, type StoredFile } from './stored-file.ts';

/** The journal's transactions, each with what is there now. */
export interface Survey {
  /** Oldest first. */
  readonly sights: readonly TransactionSight[];
  readonly places: ReadonlyMap<string, Whereabouts>;
  readonly boot: string;
  /** The process that changes something right now, if any. */
  readonly busy: number | undefined;
}

/** Looks at everything that the journal tells of. @throws TuneError when the journal cannot be read */
export function survey(journal: TuneJournal, finder = new NamespaceFinder()): Survey {
  const busy = tunerAtWork(journal);
  return { ...surveyOf(journal.transactions(), finder, busy !== undefined && busy !== process.pid), busy };
}

function surveyOf(transactions: readonly Transaction[], finder: NamespaceFinder, isBusy: boolean): Omit<Survey, 'busy'> {
  const places = new Map<string, Whereabouts>();
  // Without those that are undone, of which an old journal is full.
  const open = transactions.flatMap((one, index) => (isOpen(one) ? [{ one, index }] : []));
  const after = (index: number): Transaction[] => open.filter((other) => other.index > index).map(({ one }) => one);
  const sights = transactions.map((transaction, index): TransactionSight => {
    const where = finder.find(transaction.namespace, transaction.boot);
    places.set(transaction.id, where);
    const look = (): TransactionSight => sightOf(transaction, after(index), { boot: finder.boot, place: where.place, live: tryRead, file: fileAt, isBusy });
    if (where.place !== 'here') return look();
    try {
      return inNamespace(where.namespace, look);
    } catch (error) {
      if (error instanceof NamespaceLostError) throw error;
      places.set(transaction.id, { place: 'unknown', why: error instanceof Error ? error.message : String(error) });
      return sightOf(transaction, after(index), { boot: finder.boot, place: 'unknown', live: () => undefined, file: fileAt, isBusy });
    }
  });
  return { sights, places, boot: finder.boot };
}

function tryRead(key: string): string | undefined {
  try {
    return readKey(key);
  } catch {
    return undefined;
  }
}

function fileAt(path: string): StoredFile | 'unreadable' | undefined {
  try {
    return readStored(path);
  } catch {
    return 'unreadable';
  }
}
