import { describe, expect, it } from 'vitest';
import { leastFrom, zeroOf } from './search.ts';

describe('leastFrom', () => {
  it.each([0, 1, 2, 3, 17, 1000, 1e12])('finds %d, and asks for each doubling and halving only', (wanted) => {
    let asked = 0;
    const found = leastFrom(0, (count) => {
      asked++;
      return count >= wanted;
    });
    expect(found).toBe(wanted);
    expect(asked).toBeLessThan(2 * Math.log2(wanted + 2) + 4);
  });

  it('does not look below its start, nor for ever', () => {
    expect(leastFrom(5, () => true)).toBe(5);
    expect(() => leastFrom(0, () => false)).toThrow(RangeError);
  });
});

describe('zeroOf', () => {
  it('finds it to the last bit', () => {
    expect(zeroOf((value) => value * value - 2, 0, 2)).toBeCloseTo(Math.SQRT2, 15);
    expect(zeroOf((value) => value - 1e300, 1, 1e308)).toBeCloseTo(1e300, -286);
    expect(zeroOf(() => 1, 3, 4)).toBeCloseTo(3, 14);
  });
});
