import { haveSameCookie } from './identity.ts';
import { isOpen, recordedFile, type Transaction } from './journal.ts';
import { hasBytes, type StoredFile } from './stored-file.ts';

/** What stands where a transaction wrote: its value, what was before it, or something else; `same`: old and new are alike, and it is that. */
export type PartState = 'new' | 'old' | 'same' | 'other' | 'superseded' | 'unreadable';

export interface KeySight {
  readonly key: string;
  readonly old: string;
  readonly new: string;
  /** Text now; undefined where it cannot be read. */
  readonly live: string | undefined;
  readonly state: PartState;
  /** The later transaction that wrote it, for `superseded`. */
  readonly by: string | undefined;
}

export interface FileSight {
  readonly path: string;
  readonly state: PartState;
  readonly by: string | undefined;
}

export type TransactionState =
  | 'applied'
  /** Applied, and something is different now. */
  | 'drifted'
  /** Killed in the middle, or the machine went down. */
  | 'interrupted'
  | 'undo-interrupted'
  /** Failed in the middle, and could not be put back. */
  | 'torn'
  /** Failed in the middle, and was put back. */
  | 'rolled-back'
  | 'undone'
  /** Of a boot before this one, without a file. */
  | 'lapsed'
  /** Its network namespace is not there any more. */
  | 'gone'
  /** Its network namespace cannot be entered. */
  | 'unknown'
  /** Another process is at it. */
  | 'running';

/** A transaction with what is there now. */
export interface TransactionSight {
  readonly transaction: Transaction;
  readonly state: TransactionState;
  readonly keys: readonly KeySight[];
  readonly file: FileSight | undefined;
}

/** What the host shows. */
export interface Eyes {
  readonly boot: string;
  /** Where the namespace of the transaction is. */
  readonly place: 'here' | 'gone' | 'unknown';
  /** Text of a key in that namespace; undefined where it cannot be read. */
  readonly live: (key: string) => string | undefined;
  readonly file: (path: string) => StoredFile | 'unreadable' | undefined;
  /** True while another process holds the lock. */
  readonly isBusy: boolean;
}

/** Compares a transaction with what is there. @param later those behind it in the journal */
export function sightOf(transaction: Transaction, later: readonly Transaction[], eyes: Eyes): TransactionSight {
  const open = later.filter(isOpen);
  const keys = transaction.keys.map((one): KeySight => {
    const live = eyes.place === 'here' ? eyes.live(one.key) : undefined;
    const by = open.findLast((other) => isOfSameNamespace(other, transaction) && other.live && other.keys.some(({ key }) => key === one.key));
    const state = live === undefined ? 'unreadable' : partState({ isNew: live === one.new, isOld: live === one.old, isAlike: one.old === one.new }, by !== undefined);
    return { ...one, live, state, by: state === 'superseded' ? by?.id : undefined };
  });
  const file = transaction.file === null ? undefined : fileSight(transaction.file, open, eyes);
  return { transaction, state: stateOf(transaction, keys, file, eyes), keys, file };
}

/** True for those of one namespace: after a reboot that can be the host's own alone. */
export function isOfSameNamespace(one: Pick<Transaction, 'boot' | 'namespace'>, other: Pick<Transaction, 'boot' | 'namespace'>): boolean {
  const isSureToBe = one.namespace.initial || other.namespace.initial;
  return isSureToBe ? one.namespace.initial && other.namespace.initial : one.boot === other.boot && one.namespace.inode === other.namespace.inode && haveSameCookie(one.namespace, other.namespace);
}

/** True when values of this transaction can still be in force: of the host's own namespace from an earlier boot only through its file. */
export function isInForce({ boot, live, file }: Pick<Transaction, 'boot' | 'live' | 'file'>, currentBoot: string): boolean {
  return boot === currentBoot ? live : file !== null;
}

function fileSight(file: NonNullable<Transaction['file']>, open: readonly Transaction[], eyes: Eyes): FileSight {
  const now = eyes.file(file.path);
  const by = open.findLast((other) => other.file?.path === file.path);
  const old = file.old === null ? undefined : recordedFile(file.old);
  const written = recordedFile(file.new).bytes;
  const state = now === 'unreadable' ? now : partState({ isNew: hasBytes(now, written), isOld: hasBytes(now, old?.bytes), isAlike: hasBytes(old, written) }, by !== undefined);
  return { path: file.path, state, by: state === 'superseded' ? by?.id : undefined };
}

function partState({ isNew, isOld, isAlike }: { readonly isNew: boolean; readonly isOld: boolean; readonly isAlike: boolean }, isWrittenLater: boolean): PartState {
  if (isNew) return isAlike ? 'same' : 'new';
  if (isWrittenLater) return 'superseded';
  return isOld ? 'old' : 'other';
}

function stateOf(transaction: Transaction, keys: readonly KeySight[], file: FileSight | undefined, { boot, place, isBusy }: Eyes): TransactionState {
  const { last } = transaction;
  if (last === 'undone' || last === 'rolled-back') return last;
  if (isBusy && (last === 'begin' || last === 'undo-begin')) return 'running';
  if (place !== 'here') return place;
  if (transaction.boot !== boot && transaction.file === null) return 'lapsed';
  if (last === 'torn') return 'torn';
  if (last === 'begin') return 'interrupted';
  if (last === 'undo-begin') return 'undo-interrupted';
  const isStanding = (state: PartState | undefined): boolean => state === undefined || state === 'new' || state === 'same' || state === 'superseded';
  const areKeysStanding = !isInForce(transaction, boot) || keys.every(({ state }) => isStanding(state));
  return areKeysStanding && isStanding(file?.state) ? 'applied' : 'drifted';
}
