import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../kernel/index.ts';
import { causeText, TuneError } from './error.ts';
import type { NamespaceIdentity } from './identity.ts';
import { syncFolder, type StoredFile } from './stored-file.ts';

export const defaultJournal = '/var/lib/fourtuple/tune.jsonl';

/** What was about to be done. Texts of keys as /proc/sys shows them, without their newline. */
export interface Begin {
  readonly phase: 'begin';
  readonly id: string;
  readonly at: string;
  readonly boot: string;
  readonly namespace: NamespaceIdentity;
  /** False when only the file was meant. */
  readonly live: boolean;
  /** In the order of writing. Old and new may be alike. */
  readonly keys: readonly { readonly key: string; readonly old: string; readonly new: string }[];
  readonly file: { readonly path: string; readonly old: RecordedFile | null; readonly new: RecordedFile } | null;
}

export interface RecordedFile {
  readonly content: string;
  readonly encoding: 'utf8' | 'base64';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What came of it. */
export interface Further {
  readonly phase: 'done' | 'rolled-back' | 'torn' | 'undo-begin' | 'undone';
  readonly id: string;
  readonly at: string;
  /** Why it failed. */
  readonly why?: string | undefined;
}

export type TuneEntry = Begin | Further;

/** A transaction as the journal tells of it. */
export interface Transaction extends Omit<Begin, 'phase'> {
  /** The last thing that was written down of it. */
  readonly last: TuneEntry['phase'];
  readonly lastAt: string;
  readonly why: string | undefined;
}

export function recordFile({ bytes, mode, uid, gid }: StoredFile): RecordedFile {
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  return { content: isText ? text : bytes.toString('base64'), encoding: isText ? 'utf8' : 'base64', mode, uid, gid };
}

export function recordedFile({ content, encoding, mode, uid, gid }: RecordedFile): StoredFile {
  return { bytes: Buffer.from(content, encoding), mode, uid, gid };
}

/** The journal of the transactions: a line of JSON each, on the disk before what it tells of is done. */
export class TuneJournal {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Appends an entry and waits until it is on the disk; what cannot be written whole is taken away again. @throws TuneError */
  append(entry: TuneEntry): void {
    try {
      this.makeFolder();
      const fd = openSync(this.path, 'a+', 0o600);
      let isNew: boolean;
      try {
        isNew = appendLine(fd, JSON.stringify(entry));
      } finally {
        closeSync(fd);
      }
      if (isNew) syncFolder(dirname(this.path));
    } catch (error) {
      throw journalError(this.path, 'written', error);
    }
  }

  makeFolder(): void {
    makeFolder(dirname(this.path));
  }

  /** Oldest first; without a journal none. Lines that a crash cut short, and what is not known here, are passed over. @throws TuneError when it cannot be read */
  transactions(): Transaction[] {
    let text: string;
    try {
      // A device or a pipe has no end, and waits for ever.
      if (!isFileOrFolder(this.path)) throw new TuneError(`The journal ${this.path} is no regular file.`, 'Name another file with --journal.');
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof TuneError) throw error;
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return [];
      throw journalError(this.path, 'read', error);
    }
    return transactionsOf(text.split('\n').flatMap(parseEntry));
  }
}

/** Of a folder, reading tells. @throws the file system's error */
function isFileOrFolder(path: string): boolean {
  const status = statSync(path);
  return status.isFile() || status.isDirectory();
}

function journalError(path: string, deed: string, error: unknown): TuneError {
  const code = errnoOf(error);
  return new TuneError(`The journal ${path} cannot be ${deed} (${causeText(error)}).`, code === 'EACCES' || code === 'EPERM' ? 'Run it as root, or name another file with --journal.' : 'Name another file with --journal.', error);
}

/** Puts the entries of each transaction together, in the order of their beginnings. */
export function transactionsOf(entries: readonly TuneEntry[]): Transaction[] {
  const transactions = new Map<string, Transaction>();
  for (const entry of entries) {
    if (entry.phase === 'begin') {
      const { phase, ...rest } = entry;
      transactions.set(entry.id, { ...rest, last: phase, lastAt: entry.at, why: undefined });
      continue;
    }
    const begun = transactions.get(entry.id);
    if (begun !== undefined) transactions.set(entry.id, { ...begun, last: entry.phase, lastAt: entry.at, why: entry.why ?? begun.why });
  }
  return [...transactions.values()];
}

/** False for one of which nothing is left: undone, or put back when it failed. */
export function isOpen({ last }: Pick<Transaction, 'last'>): boolean {
  return last !== 'undone' && last !== 'rolled-back';
}

/** `20260131-030000`, the time of its beginning in UTC; with a number behind it when that one is taken. */
export function newId(now: Date, taken: readonly Pick<Transaction, 'id'>[]): string {
  const base = now.toISOString().replace(/\.\d+Z$/, '').replaceAll(/[-:]/g, '').replace('T', '-');
  const ids = new Set(taken.map(({ id }) => id));
  let id = base;
  for (let number = 2; ids.has(id); number++) id = `${base}-${number}`;
  return id;
}

const FURTHER: ReadonlySet<unknown> = new Set(['done', 'rolled-back', 'torn', 'undo-begin', 'undone']);

function parseEntry(line: string): TuneEntry[] {
  try {
    const entry = JSON.parse(line) as Partial<Begin> | Partial<Further> | null;
    if (entry === null || typeof entry.id !== 'string' || typeof entry.at !== 'string') return [];
    if (entry.phase === 'begin') return isBegin(entry) ? [entry as Begin] : [];
    return FURTHER.has(entry.phase) ? [entry as Further] : [];
  } catch {
    return [];
  }
}

function isBegin({ boot, namespace, live, keys, file }: Partial<Begin>): boolean {
  const isNamespace = typeof namespace?.inode === 'number' && typeof namespace.name === 'string' && typeof namespace.initial === 'boolean';
  const areKeys = Array.isArray(keys) && keys.every((one: { key?: unknown; old?: unknown; new?: unknown } | null) => typeof one?.key === 'string' && typeof one.old === 'string' && typeof one.new === 'string');
  const isFile = file === null || (typeof file?.path === 'string' && (file.old === null || typeof file.old?.content === 'string') && typeof file.new?.content === 'string');
  return typeof boot === 'string' && typeof live === 'boolean' && isNamespace && areKeys && isFile;
}

const NEWLINE = 10;

/** @returns true for the first line of a file */
function appendLine(fd: number, line: string): boolean {
  const status = fstatSync(fd);
  const isInsideLine = status.isFile() && status.size > 0 && lastByte(fd, status.size) !== NEWLINE;
  // A line that a crash cut short must not swallow the next one.
  const bytes = Buffer.from(`${isInsideLine ? '\n' : ''}${line}\n`, 'utf8');
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
  } catch (error) {
    if (status.isFile()) ftruncateSync(fd, status.size);
    throw error;
  }
  return status.size === 0;
}

function lastByte(fd: number, size: number): number | undefined {
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0];
}

/** Node's own recursive mkdir never returns where the kernel says ENOENT of a folder whose parent is there, as /proc does. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
    syncFolder(dirname(path));
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
    syncFolder(dirname(path));
  }
}
