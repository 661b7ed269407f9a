import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grouped, percent, plural } from './text.ts';

describe('grouped', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [28_232, '28,232'],
    [1_000_000, '1,000,000'],
    [-1234, '-1,234'],
    [-123, '-123'],
    [1234.6, '1,235'],
  ])('%d is written %s', (value, expected) => {
    expect(grouped(value)).toBe(expected);
  });

  it('loses no digit', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(Number(grouped(value).replaceAll(',', ''))).toBe(value);
      }),
    );
  });
});

describe('percent', () => {
  it.each([
    [0, '0.0 %'],
    [0.5, '50.0 %'],
    [0.9996, '99.9 %'],
    [0.999999999, '99.9 %'],
    [1, '100 %'],
    [1.2, '100 %'],
  ])('%d is written %s', (ratio, expected) => {
    expect(percent(ratio)).toBe(expected);
  });

  it('says 100 of no pool that has something left', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64_512 }), fc.nat(), (capacity, used) => {
        expect(percent((used % capacity) / capacity)).not.toBe('100 %');
      }),
    );
  });

  it('writes every thousandth as it is', () => {
    const wrong = Array.from({ length: 1000 }, (_, thousandth) => thousandth).filter((thousandth) => percent(thousandth / 1000) !== `${(thousandth / 10).toFixed(1)} %`);
    expect(wrong).toEqual([]);
  });
});

describe('plural', () => {
  it.each([
    [0, '0 ports'],
    [1, '1 port'],
    [2, '2 ports'],
    [1234, '1,234 ports'],
  ])('%d: %s', (count, expected) => {
    expect(plural(count, 'port')).toBe(expected);
  });

  it('takes an irregular form', () => {
    expect(plural(2, 'process', 'processes')).toBe('2 processes');
  });
});
