import { describe, expect, it } from 'vitest';
import { evidence, severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import { snatExhausted } from './snat-exhausted.ts';

const counted = (failed: number | undefined, dropped: number | undefined, count?: number): ReturnType<typeof inspectedOf> =>
  inspectedOf([], { counters: { ...(failed === undefined ? {} : { 'conntrack.insert_failed': failed }), ...(dropped === undefined ? {} : { 'conntrack.drop': dropped }), ...(count === undefined ? {} : { 'conntrack.count': count }) } });
const earlier = (failed: number): { earlier: Record<string, number>; elapsedMs: number } => ({ earlier: { 'conntrack.insert_failed': failed, 'conntrack.drop': failed }, elapsedMs: 2000 });

describe('snat-exhausted', () => {
  it.each([
    // Two connections raced for one entry, and nothing was lost.
    [5, 0],
    // The table was full: another finding.
    [0, 5],
    [0, 0],
    [undefined, undefined],
    [undefined, 3],
  ])('is silent: insert_failed %s, drop %s', (failed, dropped) => {
    expect(severities(snatExhausted, counted(failed, dropped))).toEqual([]);
  });

  it('is for information when it happened at some time', () => {
    expect(severities(snatExhausted, counted(5, 5))).toEqual(['info']);
    expect(severities(snatExhausted, counted(5, 5), earlier(5))).toEqual(['info']);
  });

  it('is a warning while it happens', () => {
    const [finding] = told(snatExhausted, counted(1200, 1300, 77), earlier(1000));
    expect(finding!.severity).toBe('warning');
    expect(finding!.title).toBe('Source NAT found no port for 1,200 packets since the namespace began, 200 of them in the last 2.0 s');
    expect(['conntrack.insert_failed', 'conntrack.drop', 'conntrack.count'].map((name) => evidence(finding, name))).toEqual([1200, 1300, 77]);
  });

  it('says of what it does not know that it does not', () => {
    expect(evidence(told(snatExhausted, counted(5, 5))[0], 'conntrack.count')).toBe('unknown');
  });

  it('advises nothing that changes the host', () => {
    expect(told(snatExhausted, counted(5, 5))[0]!.remedies.map(({ command }) => command)).toEqual(['conntrack -L --src-nat', undefined]);
  });
});
