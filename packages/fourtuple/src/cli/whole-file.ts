import { accessSync, closeSync, constants, fchmodSync, fchownSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from './errors.ts';

/** @throws UsageError when nothing can be written there: known before a long run, not after it. */
export function requireWritable(flag: string, path: string): void {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isDirectory() === true) throw new UsageError(`${flag} ${path} is a directory`);
    // A file is put in its place by its directory; a device or a pipe is written itself.
    accessSync(status === undefined || status.isFile() ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${flag} ${path} cannot be written: ${(error as Error).message}`);
  }
}

/** Writes a file whole or not at all: beside it first, then in its place. What is no regular file is written straight. */
export function writeWhole(path: string, pieces: Iterable<string | Uint8Array>): void {
  const isSpecial = statSync(path, { throwIfNoEntry: false })?.isFile() === false;
  const beside = isSpecial ? path : `${path}.${process.pid}.part`;
  const fd = openSync(beside, 'w');
  try {
    for (const piece of pieces) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece;
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    }
    closeSync(fd);
    if (!isSpecial) renameSync(beside, path);
  } catch (error) {
    if (!isSpecial) rmSync(beside, { force: true });
    throw error;
  }
}

/** Replaces the text of a file that is there, whole or not at all; mode and owner stay, and a link stays a link. */
export function writeInPlace(path: string, text: string, encoding: BufferEncoding = 'utf8'): void {
  const real = realpathSync(path);
  const { mode, uid, gid } = statSync(real);
  const beside = `${real}.${process.pid}.part`;
  const fd = openSync(beside, 'wx', 0o600);
  try {
    const bytes = Buffer.from(text, encoding);
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    fchownSync(fd, uid, gid);
    fchmodSync(fd, mode & 0o7777);
    fsyncSync(fd);
    renameSync(beside, real);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
