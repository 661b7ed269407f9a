import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * A /proc tree, the live one or a captured one. Everything is synchronous: an asynchronous read runs on a thread of
 * libuv's pool, which may live in another network namespace.
 */
export class ProcFs {
  readonly root: string;

  constructor(root = '/proc') {
    this.root = root;
  }

  /**
   * Reads a small file whole: as UTF-8, which Node does in one call. Bytes that are none become U+FFFD.
   * @throws the file system's error.
   */
  read(path: string): string {
    return readFileSync(`${this.root}/${path}`, 'utf8');
  }

  has(path: string): boolean {
    try {
      return existsSync(`${this.root}/${path}`);
    } catch {
      // `node --permission` does not let it be asked.
      return false;
    }
  }

  /** The content, or undefined when the file is missing or may not be read. */
  tryRead(path: string): string | undefined {
    try {
      return this.read(path);
    } catch {
      return undefined;
    }
  }

  /** True when a link is there but may not be read. */
  isForbidden(path: string): boolean {
    try {
      readlinkSync(`${this.root}/${path}`);
      return false;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'EACCES' || code === 'EPERM';
    }
  }

  /** True when not even process 1 shows: a /proc with hidepid. */
  hidesProcesses(): boolean {
    return this.tryRead('1/comm') === undefined && this.tryRead('self/comm') !== undefined;
  }

  tryLink(path: string): string | undefined {
    try {
      return readlinkSync(`${this.root}/${path}`);
    } catch {
      return undefined;
    }
  }

  /** Names in a directory; empty when it is missing or may not be read. */
  list(path: string): string[] {
    try {
      return readdirSync(`${this.root}/${path}`);
    } catch {
      return [];
    }
  }

  /** Process ids, ascending. */
  processIds(): number[] {
    return this.list('')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((left, right) => left - right);
  }
}

/** The directory of the calling thread's own network files: `/proc/net` would be the main thread's. */
export const OWN_NET = 'thread-self/net';
