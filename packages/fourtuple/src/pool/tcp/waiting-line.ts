import type { Lease } from './pool-options.ts';

/** Somebody who waits for a connection. */
export class Waiter {
  readonly since: number;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: unknown) => void;
  /** Connects that failed on its behalf. */
  failedConnects = 0;
  lastError: unknown;
  timer: NodeJS.Timeout | undefined;
  /** Where it asked, for those that look for leaks. */
  stack: string | undefined;
  /** Gives up the connect that is due on its behalf after a wait. */
  stopRetry: (() => void) | undefined;
  /** Takes its listener off the signal that it had. */
  forget: (() => void) | undefined;

  constructor(since: number, resolve: (lease: Lease) => void, reject: (error: unknown) => void) {
    this.since = since;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** No timer and no listener of it stays behind. */
  settle(): void {
    clearTimeout(this.timer);
    this.stopRetry?.();
    this.forget?.();
  }
}

/** First come, first served; anybody may leave at any time, at the same cost in a line of ten thousand. */
export class WaitingLine {
  // A Set keeps the order in which its members came.
  readonly #waiters = new Set<Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  /** The first one on whose behalf no connect is due, who stays. */
  get firstUntried(): Waiter | undefined {
    for (const waiter of this.#waiters) if (waiter.stopRetry === undefined) return waiter;
    return undefined;
  }

  /** Takes the first one out. */
  shift(): Waiter | undefined {
    for (const first of this.#waiters) {
      this.leave(first);
      return first;
    }
    return undefined;
  }

  /** @returns whether it was still there */
  leave(waiter: Waiter): boolean {
    const wasThere = this.#waiters.delete(waiter);
    if (wasThere) waiter.settle();
    return wasThere;
  }

  *[Symbol.iterator](): Generator<Waiter> {
    yield* this.#waiters;
  }
}
