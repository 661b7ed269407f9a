import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { knobPath, RESERVED } from '../knobs/index.ts';

/** Longer than any list of ports: every second one takes 190,000 bytes. */
const LONGEST = 1 << 18;
/** The kernel reads at most a page of one write: proc_do_large_bitmap(). */
const PIECE = 4000;

/**
 * Text of a key as /proc/sys shows it to this thread's network namespace, without its newline; undefined where it is not there.
 * One read: a second one begins anew or says nothing, by the kind of key.
 * @throws the file system's error where it may not be read
 */
export function readKey(key: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(pathOf(key), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.allocUnsafe(LONGEST);
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, LONGEST, null)).replace(/\n$/, '');
  } finally {
    closeSync(fd);
  }
}

/** Writes a value as sysctl does: in one go, with a newline. @throws the kernel's error */
export function writeKey(key: string, text: string): void {
  writePieces(key, [text]);
}

/**
 * Writes back what {@link readKey} gave. A list of reserved ports may have become longer than one write can say: the kernel adds what follows in the
 * same open file to what came first.
 */
export function restoreKey(key: string, text: string): void {
  writePieces(key, key === RESERVED ? piecesOf(text) : [text]);
}

/** Opens a key for writing and does not write. @throws the file system's error where it may not be written */
export function requireWritableKey(key: string): void {
  closeSync(openSync(pathOf(key), constants.O_WRONLY));
}

function writePieces(key: string, pieces: readonly string[]): void {
  const fd = openSync(pathOf(key), constants.O_WRONLY | constants.O_TRUNC);
  try {
    for (const piece of pieces) writeSync(fd, `${piece}\n`);
  } finally {
    closeSync(fd);
  }
}

/** Cuts a list at its commas. */
export function piecesOf(list: string): string[] {
  const pieces: string[] = [];
  let rest = list;
  while (rest.length > PIECE) {
    const cut = rest.lastIndexOf(',', PIECE);
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  return [...pieces, rest];
}

function pathOf(key: string): string {
  return `/proc/sys/${knobPath(key)}`;
}
