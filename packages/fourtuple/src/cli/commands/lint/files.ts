import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatOf, lastSysctlFile, sysctlFolders, type LintFile } from '../../../knobs/index.ts';
import { UsageError } from '../../errors.ts';

/** Larger than any file that somebody wrote. */
const MOST_BYTES = 4 << 20;
/** A folder with more files than this was not meant. */
const MOST_FILES = 20_000;
const NEVER_ENTERED: ReadonlySet<string> = new Set(['.git', 'node_modules', '.terraform', '.hg', '.svn', '__pycache__']);

export interface ReadFiles {
  readonly files: readonly LintFile[];
  /** One sentence for each file that could not be read. */
  readonly unread: readonly string[];
}

/** The files that arguments name, folders searched; those of folders only if they may have settings. */
export function readFiles(names: readonly string[], stdinName: string): ReadFiles {
  const files: LintFile[] = [];
  const unread: string[] = [];
  const seen = new Set<string>();
  const take = (path: string, isNamed: boolean): void => {
    if (seen.has(path)) return;
    seen.add(path);
    try {
      const read = readText(path);
      if (read === undefined) {
        if (isNamed) unread.push(`${path}: it is larger than ${MOST_BYTES >> 20} MiB, or no text`);
      } else if (isNamed || formatOf(path, read) !== 'other') files.push({ path, text: read });
    } catch (error) {
      unread.push(`${path}: ${(error as Error).message}`);
    }
  };
  for (const name of names) {
    if (name === '-') {
      files.push({ path: stdinName, text: readDescriptor(0) ?? '' });
      continue;
    }
    const status = statSync(name, { throwIfNoEntry: false });
    if (status === undefined) throw new UsageError(`there is no file ${name}`);
    if (!status.isDirectory()) take(name, true);
    else for (const path of filesBelow(name, unread)) take(path, false);
  }
  return { files: withLinks(files), unread };
}

/** The sysctl files of this host, wherever they are. */
export function hostFiles(): ReadFiles {
  const names = [...sysctlFolders, lastSysctlFile].filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  // /lib is a link to /usr/lib where the two are merged: its files would be those of the other once more.
  const own = names.filter((path) => path !== '/lib/sysctl.d' || realpathSync(path) === path);
  return readFiles(own, '');
}

function* filesBelow(folder: string, unread: string[]): Generator<string> {
  let count = 0;
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    let entries;
    try {
      entries = readdirSync(at, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));
    } catch (error) {
      unread.push(`${at}: ${(error as Error).message}`);
      continue;
    }
    folders.push(...entries.filter((entry) => entry.isDirectory() && !NEVER_ENTERED.has(entry.name)).map((entry) => join(at, entry.name)).reverse());
    for (const entry of entries) {
      const path = join(at, entry.name);
      if (entry.isFile() || (entry.isSymbolicLink() && /(?:^|\/)sysctl\.d\/[^/]+$/.test(path))) {
        if (++count > MOST_FILES) throw new UsageError(`${folder} has more than ${MOST_FILES.toLocaleString('en')} files: name the folders that are meant`);
        yield path;
      }
    }
  }
}

/** @returns undefined for what is no text, or too large; a device or a masked file is empty. @throws the error of the file system */
function readText(path: string): string | undefined {
  // A link to nowhere masks its like, and a device is never read: it may never end.
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || (status.isCharacterDevice() && realpathSync(path) === '/dev/null')) return '';
  const fd = openSync(path, 'r');
  try {
    return readDescriptor(fd);
  } finally {
    closeSync(fd);
  }
}

function readDescriptor(fd: number): string | undefined {
  if (fd !== 0 && fstatSync(fd).size > MOST_BYTES) return undefined;
  const bytes = Buffer.alloc(MOST_BYTES + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) read = readSync(fd, bytes, length, bytes.length - length, null);
  if (length > MOST_BYTES) return undefined;
  const text = bytes.subarray(0, length);
  // Compiled files and archives; a sysctl file with a NUL byte has few of them.
  return text.subarray(0, 8192).filter((byte) => byte === 0).length > 16 ? undefined : text.toString('utf8');
}

/** Marks files that are links to others of them. */
function withLinks(files: readonly LintFile[]): LintFile[] {
  const real = new Map<string, string>();
  for (const { path } of files) if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false) real.set(realpathSync(path), path);
  return files.map((file) => {
    if (lstatSync(file.path, { throwIfNoEntry: false })?.isSymbolicLink() !== true || statSync(file.path, { throwIfNoEntry: false }) === undefined) return file;
    const target = real.get(realpathSync(file.path));
    return target === undefined ? file : { ...file, linkTo: target };
  });
}
