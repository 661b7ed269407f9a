const EMPTY = 0;

/**
 * Numbers keys of `width` 32-bit words in order of first sight: open addressing over typed arrays, no string and no
 * object a key. The key to look up is written to {@link key} first.
 */
export class WordTable {
  readonly width: number;
  /** The key of the next {@link intern} or {@link find}. */
  readonly key: Uint32Array;
  #slots: Uint32Array = new Uint32Array(64);
  #words: Uint32Array;
  #size = 0;

  constructor(width: number) {
    this.width = width;
    this.key = new Uint32Array(width);
    this.#words = new Uint32Array(32 * width);
  }

  get size(): number {
    return this.#size;
  }

  /** Number of the key in {@link key}; a new one when it was not seen before. */
  intern(): number {
    const slot = this.#slotOf();
    const held = this.#slots[slot]!;
    if (held !== EMPTY) return held - 1;
    const id = this.#size++;
    if ((id + 1) * this.width > this.#words.length) {
      const larger = new Uint32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words.set(this.key, id * this.width);
    this.#slots[slot] = id + 1;
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  /** As {@link intern} for keys of four words, which are by far the most: nothing is looped over. */
  internFour(w0: number, w1: number, w2: number, w3: number): number {
    const slots = this.#slots;
    const words = this.#words;
    const mask = slots.length - 1;
    let slot = hashFour(w0, w1, w2, w3) & mask;
    for (;;) {
      const held = slots[slot]!;
      if (held === EMPTY) break;
      const base = (held - 1) * 4;
      if (words[base] === w0 && words[base + 1] === w1 && words[base + 2] === w2 && words[base + 3] === w3) return held - 1;
      slot = (slot + 1) & mask;
    }
    const { key } = this;
    key[0] = w0;
    key[1] = w1;
    key[2] = w2;
    key[3] = w3;
    return this.intern();
  }

  /** Number of the key in {@link key}, or -1. */
  find(): number {
    return this.#slots[this.#slotOf()]! - 1;
  }

  /** Word `index` of key number `id`. */
  word(id: number, index: number): number {
    return this.#words[id * this.width + index]!;
  }

  clear(): void {
    this.#slots.fill(EMPTY);
    this.#size = 0;
  }

  #slotOf(): number {
    const { key, width } = this;
    const slots = this.#slots;
    const words = this.#words;
    const mask = slots.length - 1;
    let slot = hashWords(key, 0, width) & mask;
    for (;;) {
      const held = slots[slot]!;
      if (held === EMPTY) return slot;
      const base = (held - 1) * width;
      let index = 0;
      while (index < width && words[base + index] === key[index]) index++;
      if (index === width) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 4);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#size; id++) {
      let slot = hashWords(this.#words, id * this.width, this.width) & mask;
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}

/** {@link hashWords} of four words, unrolled; both must agree. */
function hashFour(w0: number, w1: number, w2: number, w3: number): number {
  let hash = Math.imul(0x9e3779b9 ^ w0, 0x85ebca6b);
  hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ w1, 0x85ebca6b);
  hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ w2, 0x85ebca6b);
  hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ w3, 0x85ebca6b);
  hash = (hash << 13) | (hash >>> 19);
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** Multiply and rotate each word in, then the finaliser of MurmurHash3 (public domain). */
function hashWords(words: Uint32Array, from: number, width: number): number {
  let hash = 0x9e3779b9;
  for (let index = from; index < from + width; index++) {
    hash = Math.imul(hash ^ words[index]!, 0x85ebca6b);
    hash = (hash << 13) | (hash >>> 19);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) >>> 0;
}
