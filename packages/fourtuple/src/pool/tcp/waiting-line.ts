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

  /** The first one, who stays. */
  get first(): Waiter | undefined {
    for (const waiter of this.#waiters) return waiter;
    return undefined;
  }

  /** Takes the first one out. */
  shift(): Waiter | undefined {
    const { first } = this;
    if (first !== undefined) this.leave(first);
    return first;
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
