/** What this process has open to one destination, by source. */
export interface Destination {
  readonly used: Int32Array;
  turn: number;
  open: number;
}

/** Counts of open connections by destination address and port; a destination without one is forgotten. */
export class Destinations {
  readonly #sources: number;
  readonly #byName = new Map<string, Destination>();

  /** @param sources number of source addresses */
  constructor(sources: number) {
    this.#sources = sources;
  }

  /** The destination, made when it is new. */
  at(name: string): Destination {
    let destination = this.#byName.get(name);
    if (destination === undefined) this.#byName.set(name, (destination = { used: new Int32Array(this.#sources), turn: 0, open: 0 }));
    return destination;
  }

  opened(name: string, source: number): void {
    const destination = this.at(name);
    destination.used[source]!++;
    destination.open++;
  }

  closed(name: string, source: number): void {
    const destination = this.#byName.get(name);
    if (destination === undefined) return;
    destination.used[source]!--;
    if (--destination.open <= 0) this.#byName.delete(name);
  }

  /** Forgets a destination that nothing was opened to. */
  settle(name: string): void {
    if (this.#byName.get(name)?.open === 0) this.#byName.delete(name);
  }

  *[Symbol.iterator](): Generator<[string, Destination]> {
    yield* this.#byName;
  }
}
