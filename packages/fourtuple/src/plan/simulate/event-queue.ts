/** Times with an item each, the earliest first: a heap of four children a node, in typed arrays. Equal times come in any order, always the same. */
export class EventQueue {
  #times = new Float64Array(1024);
  #items = new Int32Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The earliest time; infinity when nothing is left. */
  get nextTime(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!;
  }

  push(time: number, item: number): void {
    if (this.#length === this.#times.length) this.#grow();
    const times = this.#times;
    const items = this.#items;
    let position = this.#length++;
    while (position > 0) {
      const parent = (position - 1) >> 2;
      const above = times[parent]!;
      if (above <= time) break;
      times[position] = above;
      items[position] = items[parent]!;
      position = parent;
    }
    times[position] = time;
    items[position] = item;
  }

  /** Removes the earliest. @returns its item. */
  pop(): number {
    const times = this.#times;
    const items = this.#items;
    const first = items[0]!;
    const length = --this.#length;
    const time = times[length]!;
    const item = items[length]!;
    let position = 0;
    for (;;) {
      let child = (position << 2) + 1;
      if (child >= length) break;
      let least = times[child]!;
      const last = Math.min(child + 4, length);
      for (let other = child + 1; other < last; other++) {
        const otherTime = times[other]!;
        if (otherTime < least) {
          least = otherTime;
          child = other;
        }
      }
      if (least >= time) break;
      times[position] = least;
      items[position] = items[child]!;
      position = child;
    }
    times[position] = time;
    items[position] = item;
    return first;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
    const items = new Int32Array(times.length);
    items.set(this.#items);
    this.#items = items;
  }
}
