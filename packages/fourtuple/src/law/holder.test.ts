import { describe, expect, it } from 'vitest';
import { holderAt, listening } from '../../test/support/law-hand-made.ts';
import { and, isListening, not, or, sameUser, type Truth } from './holder.ts';

const truths: readonly Truth[] = [false, undefined, true];

describe('truths of three values', () => {
  it.each<[string, (...truths: Truth[]) => Truth, Truth[][]]>([
    ['and', and, [[false, false, false], [false, undefined, undefined], [false, undefined, true]]],
    ['or', or, [[false, undefined, true], [undefined, undefined, true], [true, true, true]]],
  ])('%s of any two', (_, operator, table) => {
    expect(truths.map((left) => truths.map((right) => operator(left, right)))).toEqual(table);
  });

  it('not', () => {
    expect(truths.map(not)).toEqual([true, undefined, false]);
  });

  it('of none: and is true, or is false', () => {
    expect([and(), or()]).toEqual([true, false]);
  });

  it('of many: one decides, wherever it stands', () => {
    expect([and(true, undefined, false), or(false, undefined, true), and(true, true, undefined), or(false, false, undefined)]).toEqual([false, true, undefined, undefined]);
  });

  it('the same user, where both are known', () => {
    expect([sameUser({ uid: 0 }, { uid: 0 }), sameUser({ uid: 0 }, { uid: 1000 }), sameUser({ uid: undefined }, { uid: 0 }), sameUser({ uid: undefined }, { uid: undefined })]).toEqual([true, false, undefined, undefined]);
  });
});

describe('isListening', () => {
  it('is of TCP alone', () => {
    expect([isListening(holderAt('0.0.0.0', '', listening)), isListening(holderAt('0.0.0.0')), isListening(holderAt('0.0.0.0', '', { ...listening, protocol: 'udp' }))]).toEqual([true, false, false]);
  });
});
