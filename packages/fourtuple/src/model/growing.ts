type NumericArray = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int32Array | Float64Array;

const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
const MASK = CHUNK - 1;
const FIRST_CHUNK = 256;

/**
 * A numeric column that grows by chunks: no doubling copy, so that the peak is the data itself.
 * The first chunk alone starts with nothing and quadruples, for the host with three sockets.
 */
export class Column<A extends NumericArray> {
  readonly #make: (length: number) => A;
  readonly #chunks: A[];
  #last: A;
  #base = 0;
  length = 0;

  constructor(make: (length: number) => A) {
    this.#make = make;
    this.#last = make(0);
    this.#chunks = [this.#last];
  }

  push(value: number): void {
    let index = this.length - this.#base;
    if (index === this.#last.length) {
      this.#grow();
      index = this.length - this.#base;
    }
    this.#last[index] = value;
    this.length++;
  }

  /** The array that the next values go into, with room for one at least, from {@link end} on: for who writes many at once, and then says how many by {@link wrote}. */
  get tail(): A {
    if (this.length - this.#base === this.#last.length) this.#grow();
    return this.#last;
  }

  /** Where the next value goes in {@link tail}. */
  get end(): number {
    return this.length - this.#base;
  }

  wrote(count: number): void {
    this.length += count;
  }

  /** Appends zeros; their number divides the size of a chunk. */
  pushZeros(count: number): void {
    if (this.length - this.#base === this.#last.length) this.#grow();
    const from = this.length - this.#base;
    this.#last.fill(0, from, from + count);
    this.length += count;
  }

  at(index: number): number {
    return this.#chunks[index >>> CHUNK_BITS]![index & MASK]!;
  }

  set(index: number, value: number): void {
    this.#chunks[index >>> CHUNK_BITS]![index & MASK] = value;
  }

  increment(index: number): void {
    this.#chunks[index >>> CHUNK_BITS]![index & MASK]!++;
  }

  clear(): void {
    this.#last = this.#chunks[0]!;
    this.#chunks.length = 1;
    this.#base = 0;
    this.length = 0;
  }

  /** One contiguous copy of the values. */
  toArray(): A {
    const array = this.#make(this.length);
    this.#chunks.forEach((chunk, index) => {
      const from = index << CHUNK_BITS;
      array.set(chunk.subarray(0, Math.min(chunk.length, this.length - from)), from);
    });
    return array;
  }

  #grow(): void {
    if (this.#last.length < CHUNK) {
      const larger = this.#make(Math.min(CHUNK, Math.max(FIRST_CHUNK, this.#last.length * 4)));
      larger.set(this.#last);
      this.#chunks[this.#chunks.length - 1] = larger;
      this.#last = larger;
      return;
    }
    this.#base += CHUNK;
    this.#last = this.#make(CHUNK);
    this.#chunks.push(this.#last);
  }
}

export const u8 = (): Column<Uint8Array> => new Column((length) => new Uint8Array(length));
export const i8 = (): Column<Int8Array> => new Column((length) => new Int8Array(length));
export const u16 = (): Column<Uint16Array> => new Column((length) => new Uint16Array(length));
export const u32 = (): Column<Uint32Array> => new Column((length) => new Uint32Array(length));
export const f64 = (): Column<Float64Array> => new Column((length) => new Float64Array(length));
