interface Calls {
  readonly all: Set<() => void>;
  readonly listener: () => void;
}

/** What to call when signals abort, with one listener a signal, however many wait with it: Node warns of more than ten. */
export class AbortCalls {
  readonly #bySignal = new WeakMap<AbortSignal, Calls>();

  /** @returns what takes it off again */
  add(signal: AbortSignal, call: () => void): () => void {
    const calls = this.#bySignal.get(signal) ?? this.#listen(signal);
    calls.all.add(call);
    return () => {
      if (!calls.all.delete(call) || calls.all.size > 0) return;
      signal.removeEventListener('abort', calls.listener);
      this.#bySignal.delete(signal);
    };
  }

  #listen(signal: AbortSignal): Calls {
    const all = new Set<() => void>();
    const listener = (): void => {
      for (const call of all) call();
    };
    signal.addEventListener('abort', listener, { once: true });
    const calls = { all, listener };
    this.#bySignal.set(signal, calls);
    return calls;
  }
}
