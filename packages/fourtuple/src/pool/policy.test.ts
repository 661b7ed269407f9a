import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSource, sourcePolicies } from './policy.ts';

function usage(...used: number[]): { count: number; used: Int32Array; turn: number; key: string } {
  return { count: used.length, used: Int32Array.from(used), turn: 0, key: '' };
}

describe('the choice of a source', () => {
  const choice = fc.record({ used: fc.array(fc.nat(100), { minLength: 1, maxLength: 50 }), turn: fc.nat(), key: fc.string(), random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }) });

  it.each(sourcePolicies)('%s names one of them, always the same in the same case', (policy) => {
    fc.assert(
      fc.property(choice, ({ used, turn, key, random }) => {
        const index = chooseSource(policy, { ...usage(...used), turn, key }, () => random);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeLessThan(used.length);
        expect(Number.isInteger(index)).toBe(true);
        expect(chooseSource(policy, { ...usage(...used), turn, key }, () => random)).toBe(index);
      }),
    );
  });

  it('least-used: none has fewer', () => {
    fc.assert(
      fc.property(choice, ({ used, turn }) => {
        expect(used[chooseSource('least-used', { ...usage(...used), turn }, Math.random)]).toBe(Math.min(...used));
      }),
    );
  });

  it('least-used: equals share', () => {
    const chosen = [0, 1, 2, 3, 4, 5].map((turn) => chooseSource('least-used', { ...usage(1, 1, 1), turn }, Math.random));
    expect(chosen).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('two-choices: two different ones, the less used of them', () => {
    const numbers = [0.4, 0.99];
    let call = 0;
    expect(chooseSource('two-choices', usage(0, 5, 4, 3), () => numbers[call++ % 2]!)).toBe(0);
    call = 0;
    expect(chooseSource('two-choices', usage(9, 5, 4, 3), () => numbers[call++ % 2]!)).toBe(1);
    // The most used of all is never chosen.
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (one, other) => {
        const both = [one, other];
        expect(chooseSource('two-choices', usage(1, 9, 2), () => both.shift()!)).not.toBe(1);
      }),
    );
  });

  it('round-robin: one after the other', () => {
    expect([0, 1, 2, 3, 4].map((turn) => chooseSource('round-robin', { ...usage(9, 0, 5), turn }, Math.random))).toEqual([0, 1, 2, 0, 1]);
  });

  it('hash: keys spread over all', () => {
    const counts = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let key = 0; key < 8000; key++) counts[chooseSource('hash', { ...usage(...counts), key: `tenant ${key}` }, Math.random)]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('of one, that one', () => {
    expect(sourcePolicies.map((policy) => chooseSource(policy, { ...usage(7), turn: 5, key: 'x' }, () => 0.9))).toEqual([0, 0, 0, 0]);
  });
});
