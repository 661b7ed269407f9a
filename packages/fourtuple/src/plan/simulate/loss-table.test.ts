import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lossOver } from '../sources.ts';
import { policies } from '../source-policy.ts';
import { LossTables } from './loss-table.ts';

const tables = new LossTables();

describe('the table of losses', () => {
  it.each([
    [10, 1, 1],
    [64, 1, 1],
    [64, 8, 1],
    [1000, 1, 10],
    [1024, 1, 100],
    [28_232, 1, 1],
    [28_232, 2, 50],
    [64_512, 1, 10],
  ])('%i ports, %i addresses, peakedness %i: is the formula within 0.1 % where the loss counts', (ports, addresses, peakedness) => {
    for (const policy of ['random', 'retry'] as const) {
      const table = tables.of(policy, addresses, ports, peakedness);
      const capacity = ports * addresses;
      for (let share = 0.01; share < 6; share *= 1.003) {
        const exact = lossOver(policy, addresses, ports, share * capacity, peakedness);
        const found = table.lossOf(share);
        const allowed = exact > 1e-6 ? 1e-3 * exact : 1e-6;
        expect(Math.abs(found - exact)).toBeLessThan(allowed);
      }
      expect(table.lossOf(1e9)).toBeCloseTo(1, 6);
    }
  });

  it('sums over hosts what it says of each', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 5, noNaN: true }), { minLength: 1, maxLength: 50 }), fc.double({ min: 1e-3, max: 3, noNaN: true }), (shares, unit) => {
        const table = tables.of('retry', 1, 1000, 10);
        const weights = Float64Array.from(shares).sort().reverse();
        const loud = weights.filter((weight) => weight * unit > table.quietShare);
        const wanted = weights.reduce((sum, weight) => sum + weight * table.lossOf(weight * unit), 0);
        expect(table.weightedLoss(weights, loud.length, unit)).toBeCloseTo(wanted, 9);
      }),
    );
  });

  it('grows with the load, whatever the policy', () => {
    fc.assert(
      fc.property(fc.constantFrom(...policies), fc.double({ min: 0, max: 5, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (policy, share, more) => {
        const table = tables.of(policy, 4, 256, 5);
        expect(table.lossOf(share + more)).toBeGreaterThanOrEqual(table.lossOf(share) - 1e-12);
      }),
    );
  });
});
