import { describe, expect, it } from 'vitest';
import { aliasSampler, batchMoments, batchSampler, sampler, type BatchSize, type Distribution } from './distributions.ts';
import { Random } from './random.ts';

const DRAWS = 300_000;

describe('lifetimes', () => {
  it.each<[Distribution, number]>([
    [{ kind: 'exponential', mean: 2 }, 4],
    [{ kind: 'constant', mean: 2 }, 0],
    [{ kind: 'lognormal', mean: 2, sigma: 0.5 }, 4 * (Math.exp(0.25) - 1)],
    // Two exponentials: twice the mean square of each, less the square of the mean.
    [{ kind: 'hyperexponential', mean: 2, share: 0.1, factor: 5 }, 2 * (0.1 * 100 + 0.9 * (10 / 9) ** 2) - 4],
  ])('%o has its mean and variance', (distribution, variance) => {
    const draw = sampler(distribution, new Random(1));
    let sum = 0;
    let squares = 0;
    for (let one = 0; one < DRAWS; one++) {
      const value = draw();
      sum += value;
      squares += value * value;
    }
    expect(Math.abs(sum / DRAWS - 2)).toBeLessThan(5 * Math.sqrt(variance / DRAWS) + 1e-12);
    expect(Math.abs(squares / DRAWS - (sum / DRAWS) ** 2 - variance)).toBeLessThan(0.04 * variance + 1e-9);
  });

  it.each<Distribution>([
    { kind: 'exponential', mean: -1 },
    { kind: 'constant', mean: Number.NaN },
    { kind: 'lognormal', mean: 1, sigma: -1 },
    { kind: 'hyperexponential', mean: 1, share: 0.5, factor: 3 },
    { kind: 'hyperexponential', mean: 1, share: 0, factor: 3 },
  ])('refuses %o', (distribution) => {
    expect(() => sampler(distribution, new Random(1))).toThrow(RangeError);
  });
});

describe('batches', () => {
  it.each<BatchSize>([{ kind: 'fixed', size: 7 }, { kind: 'geometric', mean: 10 }, { kind: 'geometric', mean: 1 }])('%o has its moments', (batch) => {
    const draw = batchSampler(batch, new Random(1));
    const { mean, square } = batchMoments(batch);
    const sizes = Array.from({ length: DRAWS }, draw);
    expect(sizes.every((size) => Number.isInteger(size) && size >= 1)).toBe(true);
    expect(Math.abs(sizes.reduce((sum, size) => sum + size, 0) / DRAWS / mean - 1)).toBeLessThan(0.01);
    expect(Math.abs(sizes.reduce((sum, size) => sum + size * size, 0) / DRAWS / square - 1)).toBeLessThan(0.03);
  });

  it.each<BatchSize>([{ kind: 'fixed', size: 0 }, { kind: 'fixed', size: 1.5 }, { kind: 'geometric', mean: 0.5 }])('refuses %o', (batch) => {
    expect(() => batchSampler(batch, new Random(1))).toThrow(RangeError);
  });
});

describe('keys', () => {
  it('come as often as they weigh', () => {
    const weights = [5, 1, 0, 3, 1];
    const draw = aliasSampler(weights, new Random(1));
    const counts = weights.map(() => 0);
    for (let one = 0; one < DRAWS; one++) counts[draw()]!++;
    counts.forEach((count, key) => expect(Math.abs(count / DRAWS - weights[key]! / 10)).toBeLessThan(0.005));
    expect(counts[2]).toBe(0);
  });
});
