import { exp, ln } from './elementary.ts';

const TWO_POW_MINUS_32 = 1 / 0x1_0000_0000;

/** Layers of the ziggurat, its right end, and the area of a layer (G. Marsaglia, W. W. Tsang, 2000). */
const LAYERS = 256;
const RIGHT = 7.69711747013105;
const AREA = 3.949659822581572e-3;
const MANTISSA = 0x100_0000;

const accept = new Float64Array(LAYERS);
const width = new Float64Array(LAYERS);
const height = new Float64Array(LAYERS);
{
  let edge = RIGHT;
  const base = AREA / exp(-RIGHT);
  accept[0] = (RIGHT / base) * MANTISSA;
  width[0] = base / MANTISSA;
  width[LAYERS - 1] = RIGHT / MANTISSA;
  height[0] = 1;
  height[LAYERS - 1] = exp(-RIGHT);
  for (let layer = LAYERS - 2; layer >= 1; layer--) {
    const inner = -ln(AREA / edge + exp(-edge));
    accept[layer + 1] = (inner / edge) * MANTISSA;
    edge = inner;
    height[layer] = exp(-inner);
    width[layer] = inner / MANTISSA;
  }
}

/**
 * Numbers from a seed: xoshiro128** (D. Blackman, S. Vigna, 2018, public domain), seeded by splitmix32. The same on every
 * machine and in every engine: integer operations, and IEEE arithmetic that is exact.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare = Number.NaN;

  /** @param stream tells runs with the same seed apart, such as the classes of a fleet. */
  constructor(seed: number, stream = 0) {
    let state = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(Math.floor(seed / 0x1_0000_0000) | 0, 0x85ebca77) ^ Math.imul(stream | 0, 0xc2b2ae3d)) | 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = state ^ (state >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) | 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    // All zeros is the one state that never changes.
    this.#d = next() | 1;
  }

  /** 32 random bits, as an integer from 0 on. */
  bits(): number {
    const b = this.#b;
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const c = this.#c ^ this.#a;
    const d = this.#d ^ b;
    this.#b = b ^ c;
    this.#a ^= d;
    this.#c = c ^ (b << 9);
    this.#d = (d << 11) | (d >>> 21);
    return result >>> 0;
  }

  /** Uniform, neither 0 nor 1. */
  uniform(): number {
    return (this.bits() + 0.5) * TWO_POW_MINUS_32;
  }

  /** A whole number from 0 to below `count` (at most 2^32). */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Exponential with mean 1. */
  exponential(): number {
    for (;;) {
      const bits = this.bits();
      const layer = bits & 0xff;
      const position = bits >>> 8;
      const x = position * width[layer]!;
      if (position < accept[layer]!) return x;
      if (layer === 0) return RIGHT - ln(this.uniform());
      if (height[layer]! + this.uniform() * (height[layer - 1]! - height[layer]!) < exp(-x)) return x;
    }
  }

  /** Normal with mean 0 and variance 1, by the polar method (G. Marsaglia, 1964). */
  normal(): number {
    const spare = this.#spare;
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * ln(square)) / square);
      this.#spare = y * scale;
      return x * scale;
    }
  }
}
