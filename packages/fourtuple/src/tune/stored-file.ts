import { closeSync, fchmodSync, fchownSync, fstatSync, fsyncSync, lstatSync, openSync, readFileSync, renameSync, rmSync, unlinkSync, writeSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../kernel/index.ts';
import { TuneError } from './error.ts';

/** A file whole: enough to put it back. */
export interface StoredFile {
  readonly bytes: Buffer;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What is there; undefined for nothing. @throws TuneError for what is no regular file of one name: replacing it would not be undone by putting it back */
export function readStored(path: string): StoredFile | undefined {
  let status: Stats;
  try {
    status = lstatSync(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  if (!status.isFile()) throw new TuneError(`${path} is ${status.isSymbolicLink() ? 'a symbolic link' : status.isDirectory() ? 'a folder' : 'no regular file'}.`, 'Name a file with --file.');
  if (status.nlink > 1) throw new TuneError(`${path} has more than one name (hard links).`, 'Name another file with --file.');
  return { bytes: readFileSync(path), mode: status.mode & 0o7777, uid: status.uid, gid: status.gid };
}

/** Where a file is written before it takes its place. It does not end in .conf: nobody reads it at boot. */
export function pathBeside(path: string): string {
  return join(dirname(path), `${basename(path)}.fourtuple-new`);
}

/** Writes a file beside its place and waits until it is on the disk; {@link commitFile} puts it there. */
export function prepareFile(path: string, { bytes, mode, uid, gid }: StoredFile): void {
  const beside = pathBeside(path);
  rmSync(beside, { force: true });
  const fd = openSync(beside, 'wx', 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    const own = fstatSync(fd);
    if (own.uid !== uid || own.gid !== gid) fchownSync(fd, uid, gid);
    // Not at open(): there the umask would have its say.
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

export function commitFile(path: string): void {
  renameSync(pathBeside(path), path);
  syncFolder(dirname(path));
}

/** Takes away what {@link prepareFile} left beside a file, if anything. */
export function discardPrepared(path: string): void {
  rmSync(pathBeside(path), { force: true });
}

/** Puts a file back as it was; undefined: as none was there. */
export function putBack(path: string, old: StoredFile | undefined): void {
  if (old === undefined) {
    unlinkSync(path);
    syncFolder(dirname(path));
    return;
  }
  prepareFile(path, old);
  commitFile(path);
}

/** Waits until a new name, or one that is gone, is on the disk. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some file systems have no such thing for folders.
    if (errnoOf(error) !== 'EINVAL') throw error;
  } finally {
    closeSync(fd);
  }
}

export function hasBytes(file: StoredFile | undefined, bytes: Buffer | undefined): boolean {
  return file === undefined || bytes === undefined ? file === bytes : file.bytes.equals(bytes);
}
