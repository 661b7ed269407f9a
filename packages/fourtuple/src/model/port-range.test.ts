import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLocalPortRange, hasOddSize, parsePortRange, rangeContains, rangeSize } from './port-range.ts';

describe('parsePortRange', () => {
  it.each([
    ['32768\t60999\n', 32768, 60999],
    ['1024 65535', 1024, 65535],
    ['1-65535', 1, 65535],
    ['1024:2048', 1024, 2048],
    ['1024, 2048', 1024, 2048],
    ['5000 5000', 5000, 5000],
  ])('reads %j', (text, low, high) => {
    expect(parsePortRange(text)).toEqual({ low, high });
  });

  it.each(['', '1024', '0 65535', '1024 65536', '2000 1000', '1 2 3', 'abc', '1024 99999', '-1 5', '1e3 2000', '0x400 2000', '123456 123457'])('refuses %j, as the kernel does or as ambiguous', (text) => {
    expect(parsePortRange(text)).toBeUndefined();
  });

  it('reads every legal range in the kernel\'s own form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }), (one, other) => {
        const range = { low: Math.min(one, other), high: Math.max(one, other) };
        expect(parsePortRange(`${range.low}\t${range.high}\n`)).toEqual(range);
      }),
    );
  });
});

describe('a range', () => {
  it('has 28,232 ports by default', () => {
    expect(rangeSize(defaultLocalPortRange)).toBe(28_232);
  });

  it('holds both its ends', () => {
    expect([9, 10, 20, 21].map((port) => rangeContains({ low: 10, high: 20 }, port))).toEqual([false, true, true, false]);
  });

  it.each([
    [10, 10, true],
    [10, 11, false],
    [10, 12, true],
    [11, 13, true],
    [32768, 60999, false],
  ])('%i-%i has an odd number of ports: %s', (low, high, expected) => {
    expect(hasOddSize({ low, high })).toBe(expected);
  });
});
