import { describe, expect, it } from 'vitest';
import { filled, severities, told } from '../../../test/contract/findings.ts';
import { tupleNearlyExhausted } from './tuple-nearly-exhausted.ts';

describe('tuple-nearly-exhausted', () => {
  it.each([
    [7_999, []],
    [8_000, ['warning']],
    [9_499, ['warning']],
    [9_500, ['critical']],
    [9_999, ['critical']],
    [10_000, []],
  ])('%i of 10,000 ports: %j', (used, expected) => {
    expect(severities(tupleNearlyExhausted, filled(used))).toEqual(expected);
  });

  it('takes the thresholds that it is given', () => {
    const thresholds = { warning: 0.1, critical: 0.2 };
    expect([999, 1_000, 2_000].map((used) => severities(tupleNearlyExhausted, filled(used), { thresholds }))).toEqual([[], ['warning'], ['critical']]);
  });

  it('says how many ports are left', () => {
    expect(told(tupleNearlyExhausted, filled(9_999))[0]!.title).toBe('10.0.0.1:many → 10.0.0.9:443: 9,999 of 10,000 source ports used (99.9 %), 1 port left');
  });
});
