import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { UnsupportedError } from '../errors.ts';
import { loadLibc } from '../libc.ts';

/** What a descriptor leads to. */
export interface LinkTarget {
  /** The number in `socket:[123]` or `net:[123]`; -1 for what is not of that kind. */
  inode(kind: 'socket' | 'net'): number;
  text(): string;
}

/** Where the descriptors of one process lead. */
export interface DescriptorLinks {
  /** What a descriptor leads to, valid until the next call; undefined when it is gone or may not be read. */
  follow(name: string): LinkTarget | undefined;
  close(): void;
}

/** PATH_MAX of Linux: the longest target. */
const bytes = Buffer.allocUnsafeSlow(4096);
const COLON = 0x3a;
const OPENING = 0x5b;
const CLOSING = 0x5d;
const ZERO = 0x30;

/**
 * Opens /proc/PID/fd. By readlinkat(2) where koffi can be loaded: the kernel then walks one name instead of four, and no
 * text is made of what is but a number; together a seventh less.
 */
export function openLinks(folder: string): DescriptorLinks {
  try {
    return new LinksAt(folder);
  } catch (error) {
    return error instanceof UnsupportedError ? new LinksByPath(folder) : gone;
  }
}

/** Of a process that is gone or may not be looked into. */
const gone: DescriptorLinks = { follow: () => undefined, close: () => undefined };

/** The target that was followed last. */
class FollowedLink implements LinkTarget {
  protected length = 0;

  inode(kind: 'socket' | 'net'): number {
    const { length } = kind;
    const last = this.length - 1;
    if (last <= length + 2 || bytes[length] !== COLON || bytes[length + 1] !== OPENING || bytes[last] !== CLOSING) return -1;
    for (let index = 0; index < length; index++) if (bytes[index] !== kind.charCodeAt(index)) return -1;
    let inode = 0;
    for (let index = length + 2; index < last; index++) inode = inode * 10 + (bytes[index]! - ZERO);
    return inode;
  }

  text(): string {
    return bytes.toString('utf8', 0, this.length);
  }
}

export class LinksAt extends FollowedLink implements DescriptorLinks {
  readonly #readlinkat = loadLibc().readlinkat;
  readonly #fd: number;

  constructor(folder: string) {
    super();
    this.#fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  follow(name: string): LinkTarget | undefined {
    this.length = this.#readlinkat(this.#fd, name, bytes, bytes.length);
    return this.length < 0 ? undefined : this;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export class LinksByPath extends FollowedLink implements DescriptorLinks {
  readonly #folder: string;

  constructor(folder: string) {
    super();
    this.#folder = folder;
  }

  follow(name: string): LinkTarget | undefined {
    try {
      this.length = bytes.write(readlinkSync(`${this.#folder}/${name}`));
      return this;
    } catch {
      return undefined;
    }
  }

  close(): void {
    // Nothing is open.
  }
}
