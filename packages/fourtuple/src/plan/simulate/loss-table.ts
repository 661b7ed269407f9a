import type { SourcePolicy } from '../source-policy.ts';
import { lossOver } from '../sources.ts';

const DENSE = 2048;
const SPARSE = 256;
/** Loss that nobody would notice: one connection in a million million. */
const NOTHING = 1e-12;

/**
 * The loss of one tuple by its load, read from a table: a lookup costs a few nanoseconds, the formula microseconds.
 * Linear between 2,048 loads around the capacity, and in 1/load above them: within 0.1 % of the formula where the loss is above 1e-6.
 */
export class LossTable {
  /** Ports of the tuple on all its source addresses. */
  readonly capacity: number;
  /** Load over capacity up to which nothing is lost. */
  readonly quietShare: number;
  readonly #dense = new Float64Array(DENSE + 2);
  readonly #sparse = new Float64Array(SPARSE + 2);
  readonly #high: number;
  readonly #scale: number;

  /** @param loss by load in units of the capacity; grows with it. */
  constructor(capacity: number, loss: (share: number) => number) {
    this.capacity = capacity;
    let low = 0;
    let above = 4;
    for (let round = 0; round < 40; round++) {
      const middle = (low + above) / 2;
      if (loss(middle) <= NOTHING) low = middle;
      else above = middle;
    }
    this.quietShare = low;
    this.#high = Math.max(1 + 2 * (1 - low), 1.05);
    this.#scale = DENSE / (this.#high - low);
    for (let point = 0; point <= DENSE; point++) this.#dense[point] = loss(low + point / this.#scale);
    this.#dense[DENSE + 1] = this.#dense[DENSE]!;
    for (let point = 1; point <= SPARSE; point++) this.#sparse[point] = loss((this.#high * SPARSE) / point);
    // An infinite load loses everything.
    this.#sparse[0] = 1;
    this.#sparse[SPARSE + 1] = this.#sparse[SPARSE]!;
  }

  /** Of a load in units of the capacity. */
  lossOf(share: number): number {
    if (share < this.#high) {
      const position = (share - this.quietShare) * this.#scale;
      if (!(position > 0)) return 0;
      const point = Math.trunc(position);
      const from = this.#dense[point]!;
      return from + (this.#dense[point + 1]! - from) * (position - point);
    }
    const position = (this.#high / share) * SPARSE;
    const point = Math.trunc(position);
    const from = this.#sparse[point]!;
    return from + (this.#sparse[point + 1]! - from) * (position - point);
  }

  /**
   * Sum of weight times loss of the first `count` hosts.
   * @param weights shares of the load, which each host's load is proportional to.
   * @param unit load over capacity of a host with weight 1.
   */
  weightedLoss(weights: Float64Array, count: number, unit: number): number {
    const dense = this.#dense;
    const sparse = this.#sparse;
    const low = this.quietShare;
    const high = this.#high;
    const scale = this.#scale;
    const sparseScale = high * SPARSE;
    let sum = 0;
    for (let host = 0; host < count; host++) {
      const weight = weights[host]!;
      const share = weight * unit;
      const isDense = share < high;
      const position = isDense ? (share - low) * scale : sparseScale / share;
      const table = isDense ? dense : sparse;
      const point = position | 0;
      const from = table[point]!;
      sum += weight * (from + (table[point + 1]! - from) * (position - point));
    }
    return sum;
  }
}

/** The table of a tuple with so many source addresses. Tables are kept: services are often alike. */
export class LossTables {
  readonly #known = new Map<string, LossTable>();

  of(policy: SourcePolicy, addresses: number, ports: number, peakedness: number): LossTable {
    const key = `${policy} ${addresses} ${ports} ${peakedness}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const capacity = addresses * ports;
    const table = new LossTable(capacity, (share) => lossOver(policy, addresses, ports, share * capacity, peakedness));
    this.#known.set(key, table);
    return table;
  }
}
