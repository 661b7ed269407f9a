import { exp, ln } from './elementary.ts';
import type { Random } from './random.ts';

/** How long a connection lasts, from connect() to close(). */
export type Distribution =
  | { readonly kind: 'exponential'; readonly mean: number }
  | { readonly kind: 'constant'; readonly mean: number }
  /** `sigma` is the standard deviation of the logarithm. */
  | { readonly kind: 'lognormal'; readonly mean: number; readonly sigma: number }
  /** A share lasts `factor` times the mean, the others what is left for them; both kinds exponential. */
  | { readonly kind: 'hyperexponential'; readonly mean: number; readonly share: number; readonly factor: number };

/** @returns a function that draws; seconds. @throws RangeError for parameters that no distribution has. */
export function sampler(distribution: Distribution, random: Random): () => number {
  const { mean } = distribution;
  if (!(mean >= 0 && Number.isFinite(mean))) throw new RangeError(`a mean lifetime is a number from 0 on, not ${mean}`);
  switch (distribution.kind) {
    case 'exponential':
      return () => mean * random.exponential();
    case 'constant':
      return () => mean;
    case 'lognormal': {
      const { sigma } = distribution;
      if (!(sigma >= 0 && sigma <= 5)) throw new RangeError(`the sigma of a lognormal is from 0 to 5, not ${sigma}`);
      const shift = -0.5 * sigma * sigma;
      return () => mean * exp(shift + sigma * random.normal());
    }
    case 'hyperexponential': {
      const { share, factor } = distribution;
      if (!(share > 0 && share < 1 && factor > 0 && share * factor < 1)) throw new RangeError(`share and share times factor of a hyperexponential lie between 0 and 1, not ${share} and ${share * factor}`);
      const long = mean * factor;
      const short = (mean * (1 - share * factor)) / (1 - share);
      return () => (random.uniform() < share ? long : short) * random.exponential();
    }
  }
}

/** How many connections are asked for at one moment. */
export type BatchSize = { readonly kind: 'fixed'; readonly size: number } | { readonly kind: 'geometric'; readonly mean: number };

/** @returns a function that draws whole numbers from 1 on. */
export function batchSampler(batch: BatchSize, random: Random): () => number {
  if (batch.kind === 'fixed') {
    const { size } = batch;
    if (!(Number.isInteger(size) && size >= 1)) throw new RangeError(`a batch has a whole number of connections from 1 on, not ${size}`);
    return () => size;
  }
  const { mean } = batch;
  if (!(mean >= 1 && mean <= 1e6)) throw new RangeError(`a mean batch is from 1 to a million, not ${mean}`);
  if (mean === 1) return () => 1;
  // The whole part of an exponential is geometric: P(X > k) = (1 - 1/mean)^k.
  const scale = -1 / ln(1 - 1 / mean);
  return () => 1 + Math.floor(scale * random.exponential());
}

/** Mean and mean square of a batch's size, for its peakedness. */
export function batchMoments(batch: BatchSize): { readonly mean: number; readonly square: number } {
  return batch.kind === 'fixed' ? { mean: batch.size, square: batch.size * batch.size } : { mean: batch.mean, square: batch.mean * (2 * batch.mean - 1) };
}

/** Draws keys 0 … count-1 with probabilities proportional to weights, in one step each (A. J. Walker's alias method, 1977). */
export function aliasSampler(weights: readonly number[], random: Random): () => number {
  const count = weights.length;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const chance = Float64Array.from(weights, (weight) => (weight * count) / sum);
  const alias = Uint32Array.from({ length: count }, (_, index) => index);
  const small: number[] = [];
  const large: number[] = [];
  chance.forEach((value, index) => (value < 1 ? small : large).push(index));
  while (small.length > 0 && large.length > 0) {
    const below = small.pop()!;
    const above = large.at(-1)!;
    alias[below] = above;
    const left = chance[above]! - (1 - chance[below]!);
    chance[above] = left;
    if (left < 1) small.push(large.pop()!);
  }
  for (const left of [...small, ...large]) chance[left] = 1;
  return () => {
    const index = random.below(count);
    return random.uniform() < chance[index]! ? index : alias[index]!;
  };
}
