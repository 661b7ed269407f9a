import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bar } from './bar.ts';

describe('bar', () => {
  it.each([
    [0, true, '░░░░'],
    [0.5, true, '██░░'],
    [1, true, '████'],
    [0.125, true, '▌░░░'],
    [0.0001, true, '▏░░░'],
    [0.9999, true, '███▉'],
    [0, false, '....'],
    [0.5, false, '##..'],
    [1, false, '####'],
    [0.0001, false, '#...'],
    [0.9999, false, '###.'],
    [-1, true, '░░░░'],
    [7, true, '████'],
  ])('%d, Unicode %s: %s', (ratio, isUnicode, expected) => {
    expect(bar(ratio, 4, isUnicode)).toBe(expected);
  });

  it('always takes its width, and is full or empty only when the pool is', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 2, max: 40 }), fc.boolean(), (ratio, width, isUnicode) => {
        const text = bar(ratio, width, isUnicode);
        expect(Array.from(text)).toHaveLength(width);
        expect(text === (isUnicode ? '█' : '#').repeat(width)).toBe(ratio >= 1);
        expect(text === (isUnicode ? '░' : '.').repeat(width)).toBe(ratio <= 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('does not shrink when the ratio grows', () => {
    const cells = (ratio: number): number => Array.from(bar(ratio, 10, true)).reduce((sum, cell) => sum + ' ▏▎▍▌▋▊▉█'.indexOf(cell === '░' ? ' ' : cell), 0);
    const ratio = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(ratio, ratio, (one, other) => {
        expect(cells(Math.min(one, other))).toBeLessThanOrEqual(cells(Math.max(one, other)));
      }),
    );
  });
});
