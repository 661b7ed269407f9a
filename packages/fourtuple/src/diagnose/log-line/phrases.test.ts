import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PhraseFinder } from './phrases.ts';

it('finds what includes() finds, in any text', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', ' '), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.uniqueArray(letters, { minLength: 1, maxLength: 12 }), fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', 'B', 'é', 'x', ' '), maxLength: 60 }), (phrases, text) => {
      const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      const first = new PhraseFinder(phrases).first(text);
      expect(first >= 0).toBe(phrases.some((phrase) => lower.includes(phrase)));
      expect(lower).toContain(phrases[first] ?? '');
    }),
    { numRuns: 2000 },
  );
});

it('refuses more phrases than its tables hold', () => {
  expect(() => new PhraseFinder(['a'.repeat(70_000)])).toThrow(RangeError);
});
