import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './suggest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['a', '', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['sport', 'sprot', 2],
    ['dport', 'sport', 1],
    ['same', 'same', 0],
  ])('%j to %j takes %i', (left, right, expected) => {
    expect(editDistance(left, right)).toBe(expected);
    expect(editDistance(right, left)).toBe(expected);
  });

  it('is at least the difference of the lengths, and at most the longer one', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (left, right) => {
        const distance = editDistance(left, right);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(left.length - right.length));
        expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
        expect(distance === 0).toBe(left === right);
      }),
    );
  });

  it('goes no longer way than over a third word', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });
    fc.assert(
      fc.property(word, word, word, (one, other, third) => {
        expect(editDistance(one, other)).toBeLessThanOrEqual(editDistance(one, third) + editDistance(third, other));
      }),
    );
  });
});

describe('nearest', () => {
  it.each([
    ['sprot', ' (did you mean "sport"?)'],
    ['dprt', ' (did you mean "dport"?)'],
    // Found after all, the word itself is no proposal.
    ['sport', ' (did you mean "dport"?)'],
    ['completely', ''],
    ['', ''],
    ['x', ''],
  ])('%j%s', (word, expected) => {
    expect(nearest(word, ['sport', 'dport'])).toBe(expected);
  });

  it('says nothing without candidates', () => {
    expect(nearest('sport', [])).toBe('');
  });
});
