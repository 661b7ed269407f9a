import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelFires } from './level-rule.ts';
import { seriesOf } from '../../../test/support/series-of.ts';
import { limitsOf } from './target.ts';

describe('the level rule', () => {
  it.each([
    [940, undefined, false],
    [941, undefined, true],
    [930, 920, true],
    [920, 920, false],
    [942, 990, true],
  ])('with %d of 1,000 ports in use and the target %s: %s', (used, target, expected) => {
    expect(levelFires(seriesOf(10, () => used), limitsOf(1000, target))).toBe(expected);
  });

  it('does not mind two wild minutes of five', () => {
    expect(levelFires(seriesOf(20, (minute) => (minute >= 18 ? 1000 : 100)), limitsOf(1000))).toBe(false);
    expect(levelFires(seriesOf(20, (minute) => (minute >= 17 ? 1000 : 100)), limitsOf(1000))).toBe(true);
  });

  it('needs three minutes of the five', () => {
    expect(levelFires(seriesOf(20, (minute) => (minute < 18 ? undefined : 1000)), limitsOf(1000))).toBe(false);
    expect(levelFires(seriesOf(20, (minute) => (minute < 17 ? undefined : 1000)), limitsOf(1000))).toBe(true);
  });

  it('fires also for more use, for fewer ports and for a lower target', () => {
    const share = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(fc.array(share, { minLength: 5, maxLength: 5 }), share, share, share, (minutes, more, fewer, target) => {
        const fires = (add: number, capacity: number, limit: number): boolean => levelFires(seriesOf(5, (minute) => minutes[minute]! + add), limitsOf(capacity, Math.min(capacity, limit)));
        if (!fires(0, 1000, target)) return;
        expect([fires(more, 1000, target), fires(0, fewer, target), fires(0, 1000, Math.min(target, fewer))]).toEqual([true, true, true]);
      }),
    );
  });
});
