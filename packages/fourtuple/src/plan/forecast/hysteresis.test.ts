import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Hysteresis } from './hysteresis.ts';

const states = (firing: string): string => {
  const hysteresis = new Hysteresis();
  return Array.from(firing, (sign) => (hysteresis.update(sign === 'x') ? 'A' : '-')).join('');
};

describe('Hysteresis', () => {
  it.each([
    ['x.x.x.x', '-------'],
    ['xx.....', '-AAA---'],
    ['xx..x...', '-AAAAAA-'],
    ['xx..x..x..x', '-AAAAAAAAAA'],
    ['xxxxx...xx', '-AAAAAA--A'],
  ])('raises after two in a row and clears after three quiet ones: %s', (firing, expected) => {
    expect(states(firing)).toBe(expected);
  });

  it('changes only after so many in a row, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (firing, raiseAfter, clearAfter) => {
        const hysteresis = new Hysteresis(raiseAfter, clearAfter);
        let before = false;
        firing.forEach((isFiring, index) => {
          const after = hysteresis.update(isFiring);
          const last = (count: number): boolean[] => firing.slice(Math.max(0, index + 1 - count), index + 1);
          const isDue = before ? last(clearAfter).length === clearAfter && last(clearAfter).every((sign) => !sign) : last(raiseAfter).length === raiseAfter && last(raiseAfter).every(Boolean);
          expect(after).toBe(isDue ? !before : before);
          before = after;
        });
      }),
    );
  });

  it.each([[0, 3], [2, 0], [1.5, 3], [2, Number.NaN]])('refuses counts of %d and %d', (raiseAfter, clearAfter) => {
    expect(() => new Hysteresis(raiseAfter, clearAfter)).toThrow(RangeError);
  });
});
