/** Ports that this process has in use to one destination, by source. */
export class Destination {
  /** Of each source: open connections, and closed ones whose TIME_WAIT holds the port. */
  readonly used: Int32Array;
  /** Choices of a source so far. */
  turn = 0;
  open = 0;
  readonly #waits = new Waits();
  /** Of each source: until when it is known to have no port. */
  #emptyUntil: Float64Array | undefined;
  #keptUntil = Number.NEGATIVE_INFINITY;
  /** The latest time that this destination was told. */
  #seen = 0;

  constructor(sources: number) {
    this.used = new Int32Array(sources);
  }

  /** Ports in TIME_WAIT of all sources. */
  get waiting(): number {
    return this.#waits.size;
  }

  get isIdle(): boolean {
    return this.open === 0 && this.waiting === 0 && this.#keptUntil <= this.#seen;
  }

  /** Lets go of the ports whose time is over. */
  expire(now: number): void {
    this.#seen = now;
    for (let source = this.#waits.take(now); source !== undefined; source = this.#waits.take(now)) this.used[source]!--;
  }

  opened(source: number): void {
    this.used[source]!++;
    this.open++;
  }

  /** @param until when the port is free again, milliseconds of the connector's clock; undefined for at once */
  closed(source: number, until: number | undefined): void {
    this.open--;
    if (until === undefined) {
      this.used[source]!--;
      if (this.#emptyUntil !== undefined) this.#emptyUntil[source] = 0;
    } else this.#waits.add(source, until);
  }

  /** The kernel had no port from this source. @param until when to ask again */
  markEmpty(source: number, until: number): void {
    this.#emptyUntil ??= new Float64Array(this.used.length);
    this.#emptyUntil[source] = until;
    this.#keptUntil = until;
  }

  isEmpty(source: number, now: number): boolean {
    return this.#emptyUntil !== undefined && this.#emptyUntil[source]! > now;
  }

  /** Ports in TIME_WAIT by source. */
  waitingBySource(): Int32Array {
    const counts = new Int32Array(this.used.length);
    this.#waits.count(counts);
    return counts;
  }
}

/** Ports in TIME_WAIT in the order in which they end, which is that of their beginning. */
class Waits {
  #until = new Float64Array(0);
  #sources = new Int32Array(0);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(source: number, until: number): void {
    if (this.#size === this.#until.length) this.#grow();
    const at = (this.#first + this.#size++) % this.#until.length;
    this.#until[at] = until;
    this.#sources[at] = source;
  }

  /** The source of the first one, if its time is over. */
  take(now: number): number | undefined {
    if (this.#size === 0 || this.#until[this.#first]! > now) return undefined;
    const source = this.#sources[this.#first]!;
    this.#first = (this.#first + 1) % this.#until.length;
    this.#size--;
    return source;
  }

  count(into: Int32Array): void {
    for (let step = 0; step < this.#size; step++) into[this.#sources[(this.#first + step) % this.#until.length]!]!++;
  }

  #grow(): void {
    const length = Math.max(16, this.#until.length * 2);
    const until = new Float64Array(length);
    const sources = new Int32Array(length);
    for (let step = 0; step < this.#size; step++) {
      const from = (this.#first + step) % this.#until.length;
      until[step] = this.#until[from]!;
      sources[step] = this.#sources[from]!;
    }
    this.#until = until;
    this.#sources = sources;
    this.#first = 0;
  }
}

/** How often destinations that are idle are looked for, in milliseconds. */
const SWEEP_MS = 10_000;

/** Destinations by address and port, as `address port`; one of which nothing is open nor waits is forgotten. */
export class Destinations {
  readonly #sources: number;
  readonly #byName = new Map<string, Destination>();
  #swept = 0;

  /** @param sources number of source addresses */
  constructor(sources: number) {
    this.#sources = sources;
  }

  /** The destination, made when it is new. */
  at(name: string, now: number): Destination {
    let destination = this.#byName.get(name);
    if (destination === undefined) {
      this.#sweep(now);
      this.#byName.set(name, (destination = new Destination(this.#sources)));
    }
    destination.expire(now);
    return destination;
  }

  /** Forgets the destination if nothing is left of it. */
  settle(name: string, destination: Destination): void {
    if (destination.isIdle && this.#byName.get(name) === destination) this.#byName.delete(name);
  }

  #sweep(now: number): void {
    if (now - this.#swept < SWEEP_MS) return;
    this.#swept = now;
    for (const [name, destination] of this.#byName) {
      destination.expire(now);
      this.settle(name, destination);
    }
  }

  /** @param now of the clock, after which no port that is free again is counted */
  *entries(now: number): Generator<[string, Destination]> {
    for (const [name, destination] of this.#byName) {
      destination.expire(now);
      if (destination.isIdle) this.#byName.delete(name);
      else yield [name, destination];
    }
  }
}
