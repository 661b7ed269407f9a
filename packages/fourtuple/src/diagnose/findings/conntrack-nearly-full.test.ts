import { describe, expect, it } from 'vitest';
import { evidence, severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import { conntrackNearlyFull } from './conntrack-nearly-full.ts';

const table = (count: number | undefined, conntrackMax: number | undefined): ReturnType<typeof inspectedOf> => inspectedOf([], { settings: { conntrackMax }, counters: count === undefined ? {} : { 'conntrack.count': count, 'conntrack.drop': 3 } });

describe('conntrack-nearly-full', () => {
  it.each([
    [749, []],
    [750, ['warning']],
    [949, ['warning']],
    [950, ['critical']],
    [1_000, ['critical']],
    [1_200, ['critical']],
  ])('%i of 1,000 entries: %j', (count, expected) => {
    expect(severities(conntrackNearlyFull, table(count, 1_000))).toEqual(expected);
  });

  it.each([
    [undefined, 1_000],
    [1_000, undefined],
    [0, 0],
  ])('is silent without a table: count %s, limit %s', (count, max) => {
    expect(severities(conntrackNearlyFull, table(count, max))).toEqual([]);
  });

  it('shows what was dropped, and doubles the limit', () => {
    const [finding] = told(conntrackNearlyFull, table(900, 1_000));
    expect([evidence(finding, 'conntrack.drop'), evidence(finding, 'conntrack.insert_failed')]).toEqual([3, 0]);
    expect(finding!.remedies[0]!.command).toBe('sysctl -w net.netfilter.nf_conntrack_max=2000');
  });
});
