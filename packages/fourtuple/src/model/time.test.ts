import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoTime } from './time.ts';

it('isoTime is Date.toISOString() of years 0 to 9999', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }), (date) => {
      expect(isoTime(date)).toBe(date.toISOString());
    }),
    { numRuns: 20_000, examples: [[new Date(0)], [new Date('2024-02-29T23:59:59.999Z')], [new Date('2100-03-01T00:00:00Z')], [new Date('1969-12-31T23:59:59.001Z')]] },
  );
});
