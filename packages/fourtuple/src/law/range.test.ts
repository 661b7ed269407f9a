import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveRange, mayMissOne } from './range.ts';

const namespaceRange = { low: 20_000, high: 20_009 };

describe('effectiveRange', () => {
  it.each([
    ['none of its own', undefined, 20_000, 20_009],
    ['inside', { low: 20_002, high: 20_005 }, 20_002, 20_005],
    ['the very same', { low: 20_000, high: 20_009 }, 20_000, 20_009],
    ['one port', { low: 20_004, high: 20_004 }, 20_004, 20_004],
    ['0 leaves the low end', { low: 0, high: 20_003 }, 20_000, 20_003],
    ['0 leaves the high end', { low: 20_003, high: 0 }, 20_003, 20_009],
    ['wholly below is ignored', { low: 10_000, high: 10_010 }, 20_000, 20_009],
    ['wholly above is ignored', { low: 30_000, high: 30_010 }, 20_000, 20_009],
    ['a low end outside is ignored, the high end kept', { low: 19_999, high: 20_003 }, 20_000, 20_003],
    ['a high end outside is ignored, the low end kept', { low: 20_003, high: 20_010 }, 20_003, 20_009],
  ])('%s', (_, own, low, high) => {
    expect(effectiveRange(namespaceRange, own)).toEqual({ low, high });
  });

  it('never leaves the namespace’s range, and never is empty', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(port, port, port, port, (one, other, low, high) => {
        const range = { low: Math.min(one, other), high: Math.max(one, other) };
        const effective = effectiveRange(range, { low, high });
        expect(effective.low).toBeGreaterThanOrEqual(range.low);
        expect(effective.high).toBeLessThanOrEqual(range.high);
        expect(effective.low).toBeLessThanOrEqual(effective.high);
      }),
    );
  });
});

describe('mayMissOne', () => {
  it.each([
    [1, false],
    [2, false],
    [3, true],
    [4, false],
    [5, true],
  ])('%i ports: %s', (size, expected) => {
    expect(mayMissOne({ low: 20_000, high: 20_000 + size - 1 })).toBe(expected);
  });
});
