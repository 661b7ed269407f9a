import { fstatSync, writeSync } from 'node:fs';
import type { Output } from './context.ts';

const MEMORY_DEVICES = 1;

/**
 * Output that is no terminal: written straight to the descriptor. Node's own stream would load a dozen modules, and
 * reports a closed pipe or a full disk only later; here it is known at once.
 */
export class FdOutput implements Output {
  readonly isTTY = false;
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    for (let written = 0; written < bytes.length; ) {
      try {
        written += writeSync(this.#fd, bytes, written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        // The other end shares a non-blocking pipe and is slow: wait a little.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  }
}

const asked = new Map<number, boolean>();

/** True when the descriptor is a character device other than /dev/null and its like, so possibly a terminal. */
export function mayBeTerminal(fd: number): boolean {
  const known = asked.get(fd) ?? isTerminalLike(fd);
  asked.set(fd, known);
  return known;
}

function isTerminalLike(fd: number): boolean {
  try {
    const status = fstatSync(fd);
    return status.isCharacterDevice() && status.rdev >>> 8 !== MEMORY_DEVICES;
  } catch {
    return false;
  }
}
