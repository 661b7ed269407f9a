import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readSync, realpathSync, statSync, type Stats } from 'node:fs';
import { join, normalize } from 'node:path';
import { formatOf, lastSysctlFile, sysctlFolders, type LintFile } from '../../../knobs/index.ts';
import { UsageError } from '../../errors.ts';

/** Larger than any file that somebody wrote. */
const MOST_BYTES = 4 << 20;
/** A folder with more files than this was not meant. */
const MOST_FILES = 20_000;
const CHUNK = 65_536;
const NEVER_ENTERED: ReadonlySet<string> = new Set(['.git', 'node_modules', '.terraform', '.hg', '.svn', '__pycache__']);

/** A file with how its bytes are text: what is no UTF-8 has a letter a byte, and is written so again. */
export interface ReadFile extends LintFile {
  readonly encoding: 'utf8' | 'latin1';
}

export interface ReadFiles {
  readonly files: readonly ReadFile[];
  /** One sentence for each file that could not be read. */
  readonly unread: readonly string[];
}

/** The files that arguments name, folders searched; those of folders only if they may have settings. */
export function readFiles(names: readonly string[], stdinName: string): ReadFiles {
  const files: ReadFile[] = [];
  const unread: string[] = [];
  const seen = new Set<string>();
  /** @returns undefined when it cannot be done, which is written down */
  const attempt = <T>(path: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (error instanceof UsageError) throw error;
      unread.push(`${path}: ${(error as Error).message}`);
      return undefined;
    }
  };
  const take = (path: string, isNamed: boolean, read: () => string | Text | undefined): void => {
    if (seen.has(normalize(path))) return;
    seen.add(normalize(path));
    const text = attempt(path, read);
    if (typeof text === 'string') {
      if (isNamed) unread.push(`${path}: ${text}`);
    } else if (text !== undefined && (isNamed || formatOf(path, text.text) !== 'other')) files.push({ path, ...text });
  };
  for (const name of names) {
    if (name === '-') {
      take(stdinName, true, () => readDescriptor(0));
      continue;
    }
    const status = attempt(name, () => statOf(name));
    if (status === undefined) continue;
    if (!status.isDirectory()) take(name, true, () => readText(name, true));
    else for (const path of filesBelow(name, unread)) take(path, false, () => readText(path, false));
  }
  return { files: withLinks(files), unread };
}

/** @throws UsageError when it is not there, and the error of the file system */
function statOf(name: string): Stats {
  const status = statSync(name, { throwIfNoEntry: false });
  if (status === undefined) throw new UsageError(`there is no file ${name}`);
  return status;
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

type Text = Pick<ReadFile, 'text' | 'encoding'>;

const EMPTY: Text = { text: '', encoding: 'utf8' };

/** @returns the text, why it is none, or undefined for what is no file; a masked file is empty. @throws the error of the file system */
function readText(path: string, isNamed: boolean): string | Text | undefined {
  // A link to nowhere masks its like, as one to /dev/null does.
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || (status.isCharacterDevice() && realpathSync(path) === '/dev/null')) return EMPTY;
  // A pipe or a device that a folder has a link to may never end.
  if (!isNamed && !status.isFile()) return undefined;
  const fd = openSync(path, 'r');
  try {
    return readDescriptor(fd);
  } finally {
    closeSync(fd);
  }
}

/** @returns the text, or why it is none */
function readDescriptor(fd: number): string | Text {
  const pieces: Buffer[] = [];
  let length = 0;
  for (let size = Math.min(fstatSync(fd).size, MOST_BYTES) + 1; length <= MOST_BYTES; size = CHUNK) {
    const piece = Buffer.allocUnsafe(size);
    const read = readSome(fd, piece);
    if (read === 0) break;
    length += read;
    pieces.push(piece.subarray(0, read));
  }
  if (length > MOST_BYTES) return `it is larger than ${MOST_BYTES >> 20} MiB`;
  const bytes = Buffer.concat(pieces, length);
  // Compiled files and archives; a sysctl file with a NUL byte has few of them.
  if (bytes.subarray(0, 8192).filter((byte) => byte === 0).length > 16) return 'it is no text';
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  return { text: bytes.toString(encoding), encoding };
}

function readSome(fd: number, bytes: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, bytes, 0, bytes.length, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      // Somebody made it non-blocking, and is not ready.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Marks files that are links to others of them. */
function withLinks(files: readonly ReadFile[]): ReadFile[] {
  const real = new Map<string, string>();
  for (const { path } of files) if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false) real.set(realpathSync(path), path);
  return files.map((file) => {
    if (lstatSync(file.path, { throwIfNoEntry: false })?.isSymbolicLink() !== true || statSync(file.path, { throwIfNoEntry: false }) === undefined) return file;
    const target = real.get(realpathSync(file.path));
    return target === undefined ? file : { ...file, linkTo: target };
  });
}
