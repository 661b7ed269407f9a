import type { FoundNamespace } from '../kernel/index.ts';
import { plural } from '../model/index.ts';
import { bootOutlook, readBootFiles } from './boot-files.ts';
import { identityOf, inNamespace, namespaceText } from './identity.ts';
import { isOpen, type TuneJournal } from './journal.ts';
import { readKey } from './live.ts';
import { isInForce, isOfSameNamespace, type TransactionSight, type TransactionState } from './state.ts';
import { readStored } from './stored-file.ts';
import { survey } from './survey.ts';
import { shownValue } from './write-errors.ts';

export type VerifyStatus = 'ok' | 'warning' | 'critical' | 'unknown';

export interface Deviation {
  readonly severity: 'warning' | 'critical' | 'unknown';
  readonly transaction: string;
  /** One sentence. */
  readonly text: string;
}

export interface Verdict {
  readonly status: VerifyStatus;
  /** One sentence without a full stop. */
  readonly summary: string;
  readonly deviations: readonly Deviation[];
  /** Transactions that hold in the namespace. */
  readonly transactions: readonly string[];
  readonly inode: number;
  readonly name: string;
}

/** Whether everything that was applied in a namespace is still so, and will be after a boot. @throws TuneError when the journal cannot be read */
export function verify(journal: TuneJournal, found: FoundNamespace): Verdict {
  const seen = survey(journal);
  const namespace = identityOf(found);
  const own = seen.sights.filter(({ transaction, state }) => isOpen(transaction) && state !== 'lapsed' && state !== 'gone' && isOfSameNamespace(transaction, { boot: seen.boot, namespace }));
  const deviations = [...own.flatMap((sight) => deviationsOf(sight, seen.boot)), ...inNamespace(found, () => bootDeviations(own))];
  const status = own.length === 0 ? 'unknown' : (['critical', 'unknown', 'warning'] as const).find((one) => deviations.some(({ severity }) => severity === one)) ?? 'ok';
  const summary = own.length === 0 ? `nothing is applied in ${namespaceText(namespace)} by the journal ${journal.path}` : summaryOf(own, deviations);
  return { status, summary, deviations, transactions: own.map(({ transaction }) => transaction.id), inode: namespace.inode, name: namespace.name };
}

function summaryOf(own: readonly TransactionSight[], deviations: readonly Deviation[]): string {
  const [first] = deviations.toSorted((one, other) => RANK[one.severity] - RANK[other.severity]);
  if (first !== undefined) return `${first.text.replace(/\.$/, '')}${deviations.length === 1 ? '' : `, and ${deviations.length - 1} more`}`;
  const keys = new Set(own.flatMap((sight) => sight.keys.map(({ key }) => key)));
  const files = new Set(own.flatMap(({ file }) => (file === undefined ? [] : [file.path])));
  return `${plural(keys.size, 'setting')} as applied${files.size === 0 ? ', without a file: until the next boot' : `, ${[...files].join(', ')} as written`}`;
}

const RANK = { critical: 0, unknown: 1, warning: 2 } as const;

/** What became of a transaction that did not end as it should. */
const unended: Readonly<Partial<Record<TransactionState, string>>> = { torn: 'failed and could not be put back', running: 'is at work', interrupted: 'was interrupted', 'undo-interrupted': 'was interrupted while it was undone' };

function deviationsOf({ transaction, state, keys, file }: TransactionSight, boot: string): Deviation[] {
  const deviation = (severity: Deviation['severity'], text: string): Deviation => ({ severity, transaction: transaction.id, text });
  if (state === 'unknown') return [deviation('unknown', `The namespace of transaction ${transaction.id} cannot be entered.`)];
  const found: Deviation[] = [];
  const what = unended[state];
  if (what !== undefined) found.push(deviation('warning', `Transaction ${transaction.id} ${what}: "fourtuple tune status" tells how far it got.`));
  // Nothing of it is there: it is no drift that its values are not.
  const isStarted = state === 'applied' || state === 'drifted' || keys.some((one) => one.state === 'new' || one.state === 'other') || file?.state === 'new';
  if (!isStarted) return found;
  for (const { key, live, new: written, state: part } of isInForce(transaction, boot) ? keys : []) {
    if (part === 'old' || part === 'other') found.push(deviation('critical', `${key} is ${shownValue(live ?? '')}, not ${shownValue(written)}.`));
    if (part === 'unreadable') found.push(deviation('unknown', `${key} cannot be read.`));
  }
  if (file?.state === 'old' || file?.state === 'other' || file?.state === 'unreadable') found.push(deviation('warning', `${file.path} is not as it was written: the next boot may not have these settings.`));
  return found;
}

/** Settings of the files that other files win over at the next boot. */
function bootDeviations(own: readonly TransactionSight[]): Deviation[] {
  // Of a key the last transaction counts, and the file that it wrote.
  const last = new Map<string, { readonly to: string; readonly path: string; readonly id: string }>();
  for (const { transaction, keys, file } of own) {
    for (const { key, new: to } of keys) {
      if (file === undefined) last.delete(key);
      else last.set(key, { to, path: file.path, id: transaction.id });
    }
  }
  if (last.size === 0) return [];
  const files = readBootFiles();
  return [...last].flatMap(([key, { to, path, id }]) => {
    const { wins } = bootOutlook(files, path, textAt(path), [{ key, to }], tryRead);
    return wins.map(({ file, line, value }): Deviation => ({ severity: 'warning', transaction: id, text: `${file}:${line} sets ${key} = ${shownValue(value)} later than ${path}: the next boot will not have ${shownValue(to)}.` }));
  });
}

function textAt(path: string): string | undefined {
  try {
    return readStored(path)?.bytes.toString('utf8');
  } catch {
    return undefined;
  }
}

function tryRead(key: string): string | undefined {
  try {
    return readKey(key);
  } catch {
    return undefined;
  }
}
