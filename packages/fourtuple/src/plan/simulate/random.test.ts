import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const DRAWS = 400_000;

function moments(draw: () => number): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (let one = 0; one < DRAWS; one++) {
    const value = draw();
    sum += value;
    squares += value * value;
  }
  const mean = sum / DRAWS;
  return { mean, variance: squares / DRAWS - mean * mean };
}

describe('Random', () => {
  it('gives the same numbers for ever', () => {
    const random = new Random(1);
    expect(Array.from({ length: 4 }, () => random.bits())).toEqual([3489177841,3014799513,2877886430,2681372995]);
    expect([random.exponential(), random.normal(), random.uniform()]).toEqual([0.6883745056508241,1.7459681414161676,0.8275503754848614]);
  });

  it('gives others for another seed, stream or upper half of a seed', () => {
    const first = (seed: number, stream?: number): number => new Random(seed, stream).bits();
    expect(new Set([first(1), first(2), first(1, 1), first(1, 2), first(1 + 2 ** 32), first(0)]).size).toBe(6);
  });

  it('is uniform between its ends, and whole below a count', () => {
    const random = new Random(3);
    const { mean, variance } = moments(() => random.uniform());
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / DRAWS));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(1e-3);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 }), fc.integer({ min: 1, max: 1e6 }), (seed, count) => {
        const one = new Random(seed);
        for (let draw = 0; draw < 20; draw++) {
          const value = one.uniform();
          const whole = one.below(count);
          expect(value > 0 && value < 1 && Number.isInteger(whole) && whole >= 0 && whole < count).toBe(true);
        }
      }),
    );
  });

  it('is exponential, tail included', () => {
    const random = new Random(4);
    let long = 0;
    const { mean, variance } = moments(() => {
      const value = random.exponential();
      if (value > 8) long++;
      return value;
    });
    expect(Math.abs(mean - 1)).toBeLessThan(4 / Math.sqrt(DRAWS));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(8 / DRAWS));
    const expected = DRAWS * Math.exp(-8);
    expect(Math.abs(long - expected)).toBeLessThan(4 * Math.sqrt(expected));
  });

  it('is normal', () => {
    const random = new Random(5);
    let far = 0;
    const { mean, variance } = moments(() => {
      const value = random.normal();
      if (Math.abs(value) > 1.959964) far++;
      return value;
    });
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(DRAWS));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / DRAWS));
    expect(Math.abs(far / DRAWS - 0.05)).toBeLessThan(0.002);
  });
});
