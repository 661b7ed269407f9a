import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What was about to be done, or was done, to a host. */
export interface JournalEntry {
  readonly at: string;
  readonly command: readonly string[];
  readonly phase: 'begin' | 'end';
  readonly namespace: number;
  readonly deeds: readonly { readonly what: string; readonly outcome?: string | undefined }[];
}

/** Root's under /var/lib, anybody else's under XDG_STATE_HOME. */
export function journalPath(env: Readonly<Record<string, string | undefined>>, isRoot: boolean): string {
  if (isRoot) return '/var/lib/fourtuple/journal.jsonl';
  return join(env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? '/tmp', '.local/state'), 'fourtuple/journal.jsonl');
}

/** Appends an entry and waits until it is on the disk. @throws the file system's error: then nothing may be done. */
export function writeJournal(path: string, entry: JournalEntry): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openSync(path, 'a', 0o600);
  try {
    writeSync(fd, `${JSON.stringify(entry)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
