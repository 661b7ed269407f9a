/** Events by their time, the earliest first: a binary heap of numbers, which makes no garbage. */
export class EventHeap {
  readonly #times: number[] = [];
  readonly #events: number[] = [];

  /** Infinity when there is none. */
  get earliest(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  push(time: number, event: number): void {
    let at = this.#times.length;
    this.#times.push(time);
    this.#events.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#times[above]! <= time) break;
      this.#put(at, above);
      at = above;
    }
    this.#times[at] = time;
    this.#events[at] = event;
  }

  /** Takes the earliest event out. @throws Error when there is none. */
  pop(): number {
    const [event] = this.#events;
    if (event === undefined) throw new Error('there is no event');
    const time = this.#times.pop()!;
    const last = this.#events.pop()!;
    const size = this.#times.length;
    if (size === 0) return event;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= size) break;
      if (below + 1 < size && this.#times[below + 1]! < this.#times[below]!) below++;
      if (this.#times[below]! >= time) break;
      this.#put(at, below);
      at = below;
    }
    this.#times[at] = time;
    this.#events[at] = last;
    return event;
  }

  #put(to: number, from: number): void {
    this.#times[to] = this.#times[from]!;
    this.#events[to] = this.#events[from]!;
  }
}
