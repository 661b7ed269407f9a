import { fstatSync, readlinkSync, writeSync } from 'node:fs';
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
    const length = Buffer.byteLength(text);
    let bytes: Buffer | undefined;
    for (let written = 0; written < length; ) {
      try {
        // Most often all of it goes at once, and needs no copy.
        written += written === 0 ? writeSync(this.#fd, text) : writeSync(this.#fd, (bytes ??= Buffer.from(text)), written);
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
    // Most often it is one of these; what Node makes of fstat() takes ten times as long.
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    if (path === '/dev/null' || path.startsWith('pipe:') || path.startsWith('socket:')) return false;
  } catch {
    // Without /proc.
  }
  try {
    const status = fstatSync(fd);
    return status.isCharacterDevice() && status.rdev >>> 8 !== MEMORY_DEVICES;
  } catch {
    return false;
  }
}
