/**
 * Finds many phrases in one pass (Aho and Corasick, 1975): most lines of a log hold none, and hundreds of regular
 * expressions on each of them would be what a log takes.
 */
export class PhraseFinder {
  readonly #classes: Uint8Array;
  readonly #others = new Map<number, number>();
  readonly #width: number;
  /** Next state for (state, class of character). */
  readonly #next: Uint16Array;
  /** For each state the phrase that ends there, or −1. */
  readonly #found: Int32Array;

  /** @param phrases lower case; ASCII capitals in the text are the same. At most 65,535 characters in all. */
  constructor(phrases: readonly string[]) {
    const alphabet = [...new Set(phrases.join(''))];
    this.#width = alphabet.length + 1;
    this.#classes = new Uint8Array(128);
    alphabet.forEach((letter, index) => this.#learn(letter, index + 1));
    const size = phrases.reduce((sum, phrase) => sum + phrase.length, 1);
    if (size > 65_535 || this.#width > 255) throw new RangeError('too many phrases for one finder');
    this.#next = new Uint16Array(size * this.#width);
    this.#found = new Int32Array(size).fill(-1);
    this.#link(this.#plant(phrases));
  }

  /** Index of the phrase that ends first, or −1. */
  first(text: string): number {
    let state = 0;
    for (let index = 0; index < text.length; index++) {
      state = this.#next[state * this.#width + this.#classOf(text.charCodeAt(index))] ?? 0;
      const phrase = this.#found[state] ?? -1;
      if (phrase >= 0) return phrase;
    }
    return -1;
  }

  #learn(letter: string, index: number): void {
    const code = letter.charCodeAt(0);
    if (code >= 128) {
      this.#others.set(code, index);
      return;
    }
    this.#classes[code] = index;
    this.#classes[letter.toUpperCase().charCodeAt(0)] = index;
  }

  #classOf(code: number): number {
    return code < 128 ? (this.#classes[code] ?? 0) : (this.#others.get(code) ?? 0);
  }

  /** The trie; state 0 is its root. */
  #plant(phrases: readonly string[]): number {
    let states = 1;
    phrases.forEach((phrase, index) => {
      let state = 0;
      for (let at = 0; at < phrase.length; at++) {
        const slot = state * this.#width + this.#classOf(phrase.charCodeAt(at));
        state = this.#next[slot] ?? 0;
        if (state === 0) state = this.#next[slot] = states++;
      }
      this.#found[state] = index;
    });
    return states;
  }

  /** Fills in, breadth first, where a state goes on when its own phrase does not. */
  #link(states: number): void {
    const fallback = new Uint16Array(states);
    const queue: number[] = [];
    for (let letter = 0; letter < this.#width; letter++) {
      const child = this.#next[letter] ?? 0;
      if (child !== 0) queue.push(child);
    }
    for (const state of queue) {
      const behind = fallback[state] ?? 0;
      if ((this.#found[state] ?? -1) < 0) this.#found[state] = this.#found[behind] ?? -1;
      for (let letter = 0; letter < this.#width; letter++) {
        const slot = state * this.#width + letter;
        const child = this.#next[slot] ?? 0;
        const instead = this.#next[behind * this.#width + letter] ?? 0;
        if (child === 0) {
          this.#next[slot] = instead;
        } else {
          fallback[child] = instead;
          queue.push(child);
        }
      }
    }
  }
}
