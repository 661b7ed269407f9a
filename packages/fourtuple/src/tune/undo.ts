import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { NamespaceLostError } from '../kernel/index.ts';
import { RESERVED } from '../knobs/index.ts';
import { causeText, TuneError } from './error.ts';
import { inNamespace, namespaceText, type Whereabouts } from './identity.ts';
import { isOpen, recordedFile, type Transaction, type TuneJournal } from './journal.ts';
import { readKey, requireWritableKey, restoreKey } from './live.ts';
import { withTuneLock } from './lock.ts';
import { isPartOf, orderWrites } from './order.ts';
import { isOfSameNamespace, type FileSight, type KeySight, type TransactionSight } from './state.ts';
import { discardPrepared, hasBytes, putBack, readStored, type StoredFile } from './stored-file.ts';
import { survey, type Survey } from './survey.ts';
import { fileError, keyError, shownValue } from './write-errors.ts';

export interface UndoOptions {
  readonly journal: TuneJournal;
  /** Undefined: the last one that is not undone. */
  readonly id: string | undefined;
  /** Also what somebody else changed since is set to what it was before. */
  readonly force: boolean;
  readonly isDone: boolean;
  readonly now: () => Date;
}

/** A key that is set back. */
export interface KeyRestore {
  readonly key: string;
  readonly from: string | undefined;
  readonly to: string;
}

export interface FileRestore {
  readonly path: string;
  /** Undefined: it is taken away. */
  readonly to: StoredFile | undefined;
}

/** What an undo would do, and why it would not. */
export interface UndoPlan {
  readonly sight: TransactionSight;
  /** In the order of writing. */
  readonly keys: readonly KeyRestore[];
  readonly file: FileRestore | undefined;
  readonly refusals: readonly string[];
  readonly limits: readonly string[];
}

export type UndoOutcome =
  | { readonly kind: 'planned' | 'refused' | 'undone' }
  /** It is undone already, or was put back when it failed. */
  | { readonly kind: 'nothing' }
  /** A step failed. What came before it stays undone; the same command goes on from there. */
  | { readonly kind: 'stopped'; readonly why: string; readonly left: readonly string[] }
  /** Everything is as it was, and the journal does not know. */
  | { readonly kind: 'unwritten'; readonly why: string };

export interface Undone {
  readonly plan: UndoPlan;
  readonly outcome: UndoOutcome;
}

/** Sets back what a transaction changed. @returns undefined when there is none to undo. @throws TuneError when there is none of that id, or nothing was changed */
export function undoTransaction(options: UndoOptions): Undone | undefined {
  const { journal, isDone } = options;
  const first = planned(options);
  if (first?.undone.outcome.kind !== 'planned' || !isDone) return first?.undone;
  requirePermitted(first.undone.plan, first.where);
  return withTuneLock(journal, () => {
    const again = planned(options);
    if (again?.undone.outcome.kind !== 'planned') return again?.undone;
    const { plan } = again.undone;
    return { plan, outcome: within(again.where, () => carryOut(plan, options)) };
  });
}

function planned({ journal, id, force }: UndoOptions): { undone: Undone; where: Whereabouts } | undefined {
  const seen = survey(journal);
  const index = id === undefined ? seen.sights.findLastIndex(({ transaction }) => isOpen(transaction)) : seen.sights.findIndex(({ transaction }) => transaction.id === id);
  const sight = seen.sights[index];
  if (sight === undefined && id !== undefined) throw new TuneError(`The journal ${journal.path} has no transaction ${id}.`, '"fourtuple tune status" lists those that it has.');
  if (sight === undefined) return undefined;
  const where = seen.places.get(sight.transaction.id)!;
  if (!isOpen(sight.transaction)) return { where, undone: { plan: { sight, keys: [], file: undefined, refusals: [], limits: [] }, outcome: { kind: 'nothing' } } };
  const plan = within(where, () => planUndo(sight, seen.sights.slice(index + 1), seen, where, force));
  return { where, undone: { plan, outcome: { kind: plan.refusals.length > 0 ? 'refused' : 'planned' } } };
}

function within<T>(where: Whereabouts, work: () => T): T {
  return where.place === 'here' ? inNamespace(where.namespace, work) : work();
}

function planUndo(sight: TransactionSight, later: readonly TransactionSight[], seen: Survey, where: Whereabouts, force: boolean): UndoPlan {
  const { transaction, file } = sight;
  const refusals = laterOnes(transaction, later.map((one) => one.transaction), seen.boot);
  const limits: string[] = [];
  const keys: KeyRestore[] = [];
  if (where.place === 'here') {
    for (const key of sight.keys) {
      const step = keyStep(key, transaction, seen.boot, force);
      if (typeof step === 'string') refusals.push(step);
      else if (step !== undefined) keys.push(step);
    }
  } else if (force && where.place === 'gone') {
    limits.push(`${capital(namespaceText(transaction.namespace))} is gone, and its settings with it.`);
  } else {
    const why = where.place === 'gone' ? 'is not there any more: there is nothing to set back. --force only puts it away, and the file back, if there is one' : `cannot be entered (${where.why})`;
    refusals.push(`${capital(namespaceText(transaction.namespace))} ${why}.`);
  }
  const step = file === undefined ? undefined : fileStep(file, transaction, force);
  if (typeof step === 'string') refusals.push(step);
  const ordered = orderWrites(keys.toReversed(), (key) => (where.place === 'here' ? readKey(key) : undefined));
  return { sight, keys: ordered.map(({ write }) => write), file: typeof step === 'string' ? undefined : step, refusals, limits };
}

/** A later transaction that changed the same thing goes first. */
function laterOnes(transaction: Transaction, later: readonly Transaction[], boot: string): string[] {
  return later
    .filter((one) => isOpen(one) && !(one.boot !== boot && one.file === null))
    .flatMap((one) => {
      const shared = isOfSameNamespace(one, transaction) ? one.keys.filter(({ key }) => transaction.keys.some((own) => own.key === key)).map(({ key }) => key) : [];
      const files = one.file !== null && one.file.path === transaction.file?.path ? [one.file.path] : [];
      const what = [...shared, ...files];
      return what.length === 0 ? [] : [`Transaction ${one.id} changed ${what.join(', ')} later: undo that one first.`];
    });
}

/** @returns what is to be written, why that is refused, or undefined for nothing */
function keyStep({ key, old, new: written, live, state }: KeySight, transaction: Transaction, boot: string, force: boolean): KeyRestore | string | undefined {
  // What a reboot has ended is not ours any more; what only the file could have set is, if it is that.
  const isLapsed = transaction.boot !== boot && transaction.file === null;
  const wasWritten = transaction.boot === boot && transaction.live;
  if (isLapsed || (!wasWritten && state !== 'new')) return undefined;
  if (state === 'old' || state === 'same') return undefined;
  // A long list takes several writes, and an undo can be killed between them.
  const isHalf = key === RESERVED && transaction.last === 'undo-begin' && live !== undefined && isPartOf(live, old);
  if (state === 'new' || isHalf || (force && live !== undefined)) return { key, from: live, to: old };
  if (state === 'unreadable') return force ? undefined : `${key} cannot be read any more, and was set to ${shownValue(written)}. --force leaves it.`;
  return `${key} is ${shownValue(live ?? '')} now: somebody else changed it. It was set to ${shownValue(written)}, and was ${shownValue(old)} before. --force sets it to ${shownValue(old)}.`;
}

function fileStep({ path, state }: FileSight, { file }: Transaction, force: boolean): FileRestore | string | undefined {
  const old = file === null || file.old === null ? undefined : recordedFile(file.old);
  if (state === 'old' || state === 'same') return undefined;
  if (state === 'new' || (force && state === 'other')) return { path, to: old };
  if (state === 'unreadable') return `${path} cannot be read, or is no regular file any more.`;
  return state === 'superseded' ? undefined : `${path} was changed by somebody else. --force ${old === undefined ? 'takes it away' : 'puts it back as it was before'}.`;
}

/** @throws TuneError */
function requirePermitted({ keys, file }: UndoPlan, where: Whereabouts): void {
  within(where, () => {
    for (const { key } of keys) attempt(() => requireWritableKey(key), (error) => keyError(key, error));
    if (file !== undefined) attempt(() => accessSync(dirname(file.path), constants.W_OK), (error) => fileError(file.path, error));
  });
}

/** The file first, then the keys: the reverse of how they came. */
function carryOut(plan: UndoPlan, { journal, now }: UndoOptions): UndoOutcome {
  const { transaction } = plan.sight;
  journal.append({ phase: 'undo-begin', id: transaction.id, at: now().toISOString() });
  try {
    restore(plan);
  } catch (error) {
    if (error instanceof NamespaceLostError) throw error;
    return { kind: 'stopped', why: error instanceof Error ? error.message : String(error), left: leftOf(plan) };
  }
  try {
    journal.append({ phase: 'undone', id: transaction.id, at: now().toISOString() });
    return { kind: 'undone' };
  } catch (error) {
    return { kind: 'unwritten', why: error instanceof Error ? error.message : String(error) };
  }
}

function restore({ sight, keys, file }: UndoPlan): void {
  const path = sight.transaction.file?.path;
  // An apply or an undo that was killed may have left its unfinished file.
  if (path !== undefined) attempt(() => discardPrepared(path), (error) => fileError(path, error));
  if (file !== undefined) attempt(() => putBack(file.path, file.to), (error) => fileError(file.path, error));
  for (const { key, to } of keys) {
    attempt(() => restoreKey(key, to), (error) => keyError(key, error));
    const reads = readKey(key);
    if (reads !== to) throw new TuneError(`${key} reads ${shownValue(reads ?? 'nothing')} after ${shownValue(to)} was written.`, '');
  }
}

/** What is not as it was, a sentence each. */
function leftOf({ keys, file }: UndoPlan): string[] {
  const left: string[] = [];
  const note = (sentence: () => string | undefined, otherwise: string): void => {
    try {
      const text = sentence();
      if (text !== undefined) left.push(text);
    } catch (error) {
      left.push(`${otherwise} (${causeText(error)}).`);
    }
  };
  if (file !== undefined) note(() => (hasBytes(readStored(file.path), file.to?.bytes) ? undefined : `${file.path} is not as it was.`), `${file.path} may not be as it was`);
  for (const { key, to } of keys) {
    note(() => {
      const reads = readKey(key);
      return reads === to ? undefined : `${key} is ${shownValue(reads ?? 'not there')}, and was ${shownValue(to)}.`;
    }, `${key} may not be ${shownValue(to)} again`);
  }
  return left;
}

function attempt(work: () => void, explain: (error: unknown) => TuneError): void {
  try {
    work();
  } catch (error) {
    throw error instanceof TuneError ? error : explain(error);
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
