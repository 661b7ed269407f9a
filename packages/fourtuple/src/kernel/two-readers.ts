import { closeSync, readSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { KernelError } from './errors.ts';

const READING = 'read sockets of the kernel';
/**
 * The kernel gives at most 32 KiB a read where pages have 4 KiB, and whole records; where they are larger it cuts the last one, unless
 * the size is a multiple of theirs: this is one of 8, 16, 24, 32, 40, 48, 64 and 80.
 */
export const READ_BYTES = 32_640;
/** Reads that may wait to be taken. */
const SLOTS = 16;
/** Descriptors that may be open and wait to be read. */
const QUEUE = 8;

/** Places of the shared words; the queue of descriptors and the slots follow. */
const Place = { state: 0, total: 1, filled: 2, next: 3, queue: 4, slots: 4 + QUEUE } as const;
/** Of the thread. */
const State = { starting: 0, ready: 1, done: 2, stop: 3 } as const;
/** What is in a slot: nothing, so many bytes, the end, or below it the negative of an errno. */
const FREE = 0;
const END = -1;

/** A thread that is not there by then is done without. */
const START_TIMEOUT_MS = 5000;
/** Longer than any read of the kernel takes. */
const READ_TIMEOUT_MS = 60_000;

interface Shared {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

const layout = { Place, State, FREE, END, SLOTS, QUEUE, READ_BYTES };

/**
 * Reads descriptors of the kernel in two threads, this one and one of its own, and hands everything to one taker: where
 * the kernel takes its time for each read, that is half of it on a host with two processors.
 */
export class TwoReaders {
  readonly #words = new Int32Array(new SharedArrayBuffer((Place.slots + SLOTS) * 4));
  readonly #bytes = new Uint8Array(new SharedArrayBuffer(SLOTS * READ_BYTES));
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #worker: Worker;

  /** Starts the thread, which takes some 40 ms: do it before what else is to be prepared. @throws where threads are not permitted */
  constructor() {
    const shared: Shared = { words: this.#words, bytes: this.#bytes };
    // Its module takes two milliseconds to load, which most hosts have no use for.
    const { Worker: Thread } = process.getBuiltinModule('node:worker_threads');
    // A text, so that the thread loads nothing of ours.
    this.#worker = new Thread(`(${readBeside.toString()})(require('node:worker_threads').workerData, require('node:fs'));`, {
      eval: true,
      workerData: { shared, layout },
      trackUnmanagedFds: false,
      // Else its streams would be joined with ours, which makes a pipe of the caller's non-blocking for good.
      stdout: true,
      stderr: true,
      // Nothing that NODE_OPTIONS loads: it may wait for this thread, which does not answer while it counts.
      execArgv: [],
      env: {},
    });
    this.#worker.unref();
    // Whoever waits for it sees that it is not there.
    this.#worker.on('error', () => undefined);
  }

  /** Waits until the thread is there. @returns false when it is not to be had */
  isReady(): boolean {
    return Atomics.wait(this.#words, Place.state, State.starting, START_TIMEOUT_MS) !== 'timed-out';
  }

  /**
   * Reads everything to the end, pausing after each piece.
   * @param open gives the descriptors one after the other, a few ahead of their being read; they are closed here. A single
   * one is read by the thread while this one does with it what is to be done.
   * @param total how many there will be
   * @param take gets bytes that are valid until it returns: what one read gave
   * @throws KernelError
   */
  *read(open: (index: number) => number, total: number, take: (bytes: Uint8Array, length: number) => void): Generator<void> {
    const words = this.#words;
    const buffer = this.#buffer;
    let own = -1;
    let slot = 0;
    let hasEnded = false;
    try {
      if (total === 0) return;
      Atomics.store(words, Place.total, total);
      Atomics.notify(words, Place.total);
      for (;;) {
        this.#fill(open, total);
        const place = Place.slots + slot;
        const length = Atomics.load(words, place);
        if (length > 0) {
          buffer.set(this.#bytes.subarray(slot * READ_BYTES, slot * READ_BYTES + length));
          Atomics.store(words, place, FREE);
          Atomics.notify(words, place);
          slot = (slot + 1) % SLOTS;
          take(buffer, length);
          yield;
        } else if (length < END) {
          throw new KernelError(READING, END - length);
        } else {
          hasEnded ||= length === END;
          if (own < 0 && total > 1) own = this.#nextOwn(total);
          if (own >= 0) {
            const got = readSome(own, buffer);
            if (got === 0) {
              closeSync(own);
              own = -1;
            } else if (got > 0) {
              take(buffer, got);
            }
            yield;
          } else if (total > 1 && Atomics.load(words, Place.next) < total) {
            // The thread was quicker: there is more to open for both.
            continue;
          } else if (hasEnded) {
            return;
          } else if (Atomics.wait(words, place, FREE, READ_TIMEOUT_MS) === 'timed-out') {
            throw new Error('the thread that reads does not answer');
          }
        }
      }
    } finally {
      if (own >= 0) closeSync(own);
      this.close();
    }
  }

  /** Opens some more, so that neither thread waits for one. */
  #fill(open: (index: number) => number, total: number): void {
    const words = this.#words;
    for (let filled = words[Place.filled]!; filled < total && filled < Atomics.load(words, Place.next) + QUEUE; filled++) {
      words[Place.queue + (filled % QUEUE)] = open(filled);
      Atomics.store(words, Place.filled, filled + 1);
      Atomics.notify(words, Place.filled);
    }
  }

  /** The next descriptor that nobody reads; -1 when there is none. */
  #nextOwn(total: number): number {
    const words = this.#words;
    for (;;) {
      const next = Atomics.load(words, Place.next);
      // What is not open yet will be at the next turn.
      if (next >= total || next >= words[Place.filled]!) return -1;
      const fd = words[Place.queue + (next % QUEUE)]!;
      if (Atomics.compareExchange(words, Place.next, next, next + 1) === next) return fd;
    }
  }

  /** Ends the thread, and closes what nobody has read. */
  close(): void {
    const words = this.#words;
    // It must not read from a number that may be another file's soon.
    if (Atomics.compareExchange(words, Place.state, State.ready, State.stop) === State.ready) {
      for (let place = Place.total; place < words.length; place++) Atomics.notify(words, place);
      Atomics.wait(words, Place.state, State.stop, READ_TIMEOUT_MS);
    }
    const filled = words[Place.filled]!;
    for (let next = Atomics.load(words, Place.next); next < filled; next++) closeSync(words[Place.queue + (next % QUEUE)]!);
    Atomics.store(words, Place.next, filled);
    void this.#worker.terminate();
  }
}

/** @returns 0 at the end, -1 when the kernel pauses: after a million objects for which nothing was written */
export function readSome(fd: number, buffer: Uint8Array): number {
  try {
    return readSync(fd, buffer);
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return -1;
    throw errno === undefined ? error : new KernelError(READING, -errno);
  }
}

interface FileCalls {
  readonly readSync: (fd: number, into: Uint8Array, at: number, length: number, position: null) => number;
  readonly closeSync: (fd: number) => void;
}

/** What the thread runs: it knows nothing but its arguments. It is told to stop by its state, and looks at that now and then. */
function readBeside({ shared: { words, bytes }, layout: { Place: place, State: state, FREE: free, END: end, SLOTS: slots, QUEUE: queue, READ_BYTES: most } }: { readonly shared: Shared; readonly layout: typeof layout }, { readSync: read, closeSync: close }: FileCalls): void {
  const soonMs = 20;
  let slot = 0;
  let outcome = end;
  Atomics.store(words, place.state, state.ready);
  Atomics.notify(words, place.state);
  while (Atomics.load(words, place.total) === 0 && Atomics.load(words, place.state) !== state.stop) Atomics.wait(words, place.total, 0, soonMs);
  while (outcome === end && Atomics.load(words, place.state) !== state.stop) {
    const next = Atomics.load(words, place.next);
    if (next >= Atomics.load(words, place.total)) break;
    if (next >= Atomics.load(words, place.filled)) {
      Atomics.wait(words, place.filled, next, soonMs);
      continue;
    }
    const fd = words[place.queue + (next % queue)]!;
    if (Atomics.compareExchange(words, place.next, next, next + 1) !== next) continue;
    while (Atomics.load(words, place.state) !== state.stop) {
      const at = place.slots + slot;
      const held = Atomics.load(words, at);
      if (held !== free) {
        Atomics.wait(words, at, held, soonMs);
        continue;
      }
      let length = 0;
      try {
        length = read(fd, bytes, slot * most, most, null);
      } catch (error) {
        const { code, errno } = error as { readonly code?: string; readonly errno?: number };
        // The kernel pauses: after a million objects for which nothing was written.
        if (code === 'EAGAIN') continue;
        outcome = end + (errno ?? end);
      }
      if (length === 0) break;
      slot = (slot + 1) % slots;
      Atomics.store(words, at, length);
      Atomics.notify(words, at);
    }
    close(fd);
  }
  const last = place.slots + slot;
  while (Atomics.load(words, last) !== free && Atomics.load(words, place.state) !== state.stop) Atomics.wait(words, last, Atomics.load(words, last), soonMs);
  Atomics.store(words, last, outcome);
  Atomics.notify(words, last);
  Atomics.store(words, place.state, state.done);
  Atomics.notify(words, place.state);
}
