const WORDS = 65536 / 32;
const UNCOUNTED = -1;
/** What a set without members holds, one for all: most sets of most hosts stay so. Never written to. */
const NOTHING = new Int32Array(WORDS);

/** A set of ports 0..65535 as a bitmap of 8 KiB. Mutable; `clone` before keeping somebody else's. */
export class PortSet {
  #words: Int32Array;
  /** First and last word that may hold a member; empty (first above last) when nothing was ever added. */
  #first: number;
  #last: number;
  /** Number of members, or UNCOUNTED after a change of many at once. */
  #size: number;

  constructor(words?: Uint32Array) {
    if (words !== undefined && words.length !== WORDS) throw new RangeError(`a port set has ${WORDS} words, not ${words.length}`);
    this.#words = words === undefined ? NOTHING : new Int32Array(words.buffer, words.byteOffset, WORDS);
    this.#first = words === undefined ? WORDS : 0;
    this.#last = words === undefined ? -1 : WORDS - 1;
    this.#size = words === undefined ? 0 : UNCOUNTED;
  }

  /** True for a set to which nothing was ever added. */
  get isNeverFilled(): boolean {
    return this.#last < this.#first;
  }

  static of(ports: Iterable<number>): PortSet {
    const set = new PortSet();
    for (const port of ports) set.add(port);
    return set;
  }

  /**
   * Reads the kernel's bitmap list as `ip_local_reserved_ports` prints it: `1,2-4,10`. Empty text is the empty set.
   * @returns undefined when the text is not such a list.
   */
  static parseList(text: string): PortSet | undefined {
    const set = new PortSet();
    const trimmed = text.trim();
    if (trimmed === '') return set;
    for (const part of trimmed.split(',')) {
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
      if (match === null) return undefined;
      const low = Number(match[1]);
      const high = match[2] === undefined ? low : Number(match[2]);
      if (low > high || high > 65535) return undefined;
      set.addRange(low, high);
    }
    return set;
  }

  add(port: number): void {
    const word = port >>> 5;
    const held = this.#words[word]!;
    const bit = 1 << (port & 31);
    if ((held & bit) !== 0) return;
    if (this.#words === NOTHING) this.#words = new Int32Array(WORDS);
    if (word < this.#first) this.#first = word;
    if (word > this.#last) this.#last = word;
    this.#words[word] = held | bit;
    if (this.#size !== UNCOUNTED) this.#size++;
  }

  delete(port: number): void {
    if (!this.has(port)) return;
    this.#words[port >>> 5]! &= ~(1 << (port & 31));
    if (this.#size !== UNCOUNTED) this.#size--;
  }

  has(port: number): boolean {
    return (this.#words[port >>> 5]! & (1 << (port & 31))) !== 0;
  }

  addRange(low: number, high: number): void {
    if (low > high) return;
    if (this.#words === NOTHING) this.#words = new Int32Array(WORDS);
    const size = this.isNeverFilled ? high - low + 1 : UNCOUNTED;
    this.#first = Math.min(this.#first, low >>> 5);
    this.#last = Math.max(this.#last, high >>> 5);
    let port = low;
    while (port <= high && (port & 31) !== 0) this.add(port++);
    const end = (high + 1) >>> 5;
    if (port >>> 5 < end) {
      this.#words.fill(-1, port >>> 5, end);
      port = end << 5;
    }
    while (port <= high) this.add(port++);
    this.#size = size;
  }

  /**
   * The bitmap itself, for a loop that has no time for {@link add}: bit `port & 31` of word `port >>> 5`. Who sets bits says
   * so by {@link noteWritten} before anybody else looks at the set, which would see some of it until then.
   * @internal
   */
  get bitmap(): Int32Array {
    if (this.#words === NOTHING) this.#words = new Int32Array(WORDS);
    return this.#words;
  }

  /** @internal @param added how many bits were set in the {@link bitmap} that were not, all of them of ports from `low` to `high`. */
  noteWritten(added: number, low: number, high: number): void {
    this.#first = Math.min(this.#first, low >>> 5);
    this.#last = Math.max(this.#last, high >>> 5);
    if (this.#size !== UNCOUNTED) this.#size += added;
  }

  addAll(other: PortSet): this {
    if (other.isNeverFilled) return this;
    if (this.#words === NOTHING) this.#words = new Int32Array(WORDS);
    this.#size = UNCOUNTED;
    const theirs = other.#words;
    for (let index = other.#first; index <= other.#last; index++) this.#words[index]! |= theirs[index]!;
    this.#first = Math.min(this.#first, other.#first);
    this.#last = Math.max(this.#last, other.#last);
    return this;
  }

  deleteAll(other: PortSet): this {
    if (other.isNeverFilled) return this;
    this.#size = UNCOUNTED;
    const theirs = other.#words;
    for (let index = Math.max(this.#first, other.#first); index <= Math.min(this.#last, other.#last); index++) this.#words[index]! &= ~theirs[index]!;
    return this;
  }

  clear(): void {
    this.#first = WORDS;
    this.#last = -1;
    this.#size = 0;
    if (this.#words !== NOTHING) this.#words.fill(0);
  }

  clone(): PortSet {
    const copy = new PortSet();
    if (this.isNeverFilled) return copy;
    copy.#words = this.#words.slice();
    copy.#first = this.#first;
    copy.#last = this.#last;
    copy.#size = this.#size;
    return copy;
  }

  get size(): number {
    if (this.#size === UNCOUNTED) {
      let count = 0;
      for (let index = this.#first; index <= this.#last; index++) count += bitCount(this.#words[index]!);
      this.#size = count;
    }
    return this.#size;
  }

  /** Number of members that are also in `other`; nothing is allocated. */
  countCommon(other: PortSet): number {
    const theirs = other.#words;
    let count = 0;
    for (let index = Math.max(this.#first, other.#first); index <= Math.min(this.#last, other.#last); index++) count += bitCount(this.#words[index]! & theirs[index]!);
    return count;
  }

  equals(other: PortSet): boolean {
    const theirs = other.#words;
    return this.#words.every((word, index) => word === theirs[index]);
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let index = this.#first; index <= this.#last; index++) {
      let word = this.#words[index]!;
      while (word !== 0) {
        const bit = 31 - Math.clz32(word & -word);
        yield index * 32 + bit;
        word &= word - 1;
      }
    }
  }

  /** The kernel's list form: `1,2-4,10`. */
  toString(): string {
    const parts: string[] = [];
    let start = -1;
    let last = -2;
    const close = (): void => {
      if (start >= 0) parts.push(start === last ? `${start}` : `${start}-${last}`);
    };
    for (const port of this) {
      if (port !== last + 1) {
        close();
        start = port;
      }
      last = port;
    }
    close();
    return parts.join(',');
  }
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
