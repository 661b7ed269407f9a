import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What was about to be done, or was done, to a host. */
export interface JournalEntry {
  readonly at: string;
  readonly command: readonly string[];
  readonly phase: 'begin' | 'end';
  readonly namespace: number;
  readonly deeds: readonly RecordedDeed[];
}

export interface RecordedDeed {
  readonly what: string;
  /** Inode number of the socket; left out for one without a process. */
  readonly inode?: number | undefined;
  readonly outcome?: string | undefined;
}

/** The journal could not be written. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`the journal ${path} cannot be written (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
    this.path = path;
  }
}

const NEWLINE = 10;

/** Root's under /var/lib, anybody else's under XDG_STATE_HOME. */
export function journalPath(env: Readonly<Record<string, string | undefined>>, isRoot: boolean): string {
  if (isRoot) return '/var/lib/fourtuple/journal.jsonl';
  return join(env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? '/tmp', '.local/state'), 'fourtuple/journal.jsonl');
}

/** Appends an entry and waits until it is on the disk. @throws JournalError: then nothing may be done. */
export function writeJournal(path: string, entry: JournalEntry): void {
  try {
    makeFolder(dirname(path));
    const fd = openSync(path, 'a+', 0o600);
    try {
      const line = Buffer.from(`${endsInsideLine(fd) ? '\n' : ''}${JSON.stringify(entry)}\n`, 'utf8');
      for (let written = 0; written < line.length; ) written += writeSync(fd, line, written);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new JournalError(path, error);
  }
}

/** Node's own recursive mkdir never returns where the kernel says ENOENT of a folder whose parent is there, as /proc does. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

/** A line that a crash or a full disk cut short must not swallow the next one. */
function endsInsideLine(fd: number): boolean {
  const status = fstatSync(fd);
  if (!status.isFile() || status.size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, status.size - 1);
  return last[0] !== NEWLINE;
}

/** The entries of a journal, oldest first; lines that a crash cut short are passed over. Empty where there is no journal. */
export function readJournal(path: string): JournalEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      const entry = JSON.parse(line) as Partial<JournalEntry>;
      return Array.isArray(entry.command) && Array.isArray(entry.deeds) ? [entry as JournalEntry] : [];
    } catch {
      return [];
    }
  });
}
