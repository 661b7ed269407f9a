import { describe, expect, it } from 'vitest';
import { commandFaults, evidence, severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import { rules } from '../rules.ts';
import { conntrackDrops } from './conntrack-drops.ts';
import { snatExhausted } from './snat-exhausted.ts';

const counted = (dropped: number | undefined, failed = 0, conntrackMax: number | undefined = 1000): ReturnType<typeof inspectedOf> => inspectedOf([], { settings: { conntrackMax }, counters: dropped === undefined ? {} : { 'conntrack.drop': dropped, 'conntrack.insert_failed': failed } });

describe('conntrack-drops', () => {
  it.each([undefined, 0])('is silent when nothing was dropped: %s', (dropped) => {
    expect(severities(conntrackDrops, counted(dropped))).toEqual([]);
  });

  it('leaves to source NAT what is of source NAT: of the two one speaks', () => {
    for (const [dropped, failed] of [[5, 0], [5, 5], [0, 5]] as const) {
      expect(severities(conntrackDrops, counted(dropped, failed)).length + severities(snatExhausted, counted(dropped, failed)).length).toBe(dropped > 0 ? 1 : 0);
    }
  });

  it('is for information when it happened at some time, a warning while it happens', () => {
    expect(severities(conntrackDrops, counted(5))).toEqual(['info']);
    expect(severities(conntrackDrops, counted(5), { earlier: { 'conntrack.drop': 5 }, elapsedMs: 1000 })).toEqual(['info']);
    const [finding] = told(conntrackDrops, counted(12), { earlier: { 'conntrack.drop': 5 }, elapsedMs: 2000 });
    expect([finding!.severity, finding!.title]).toEqual(['warning', 'Connection tracking dropped 12 packets since the namespace began, 7 of them in the last 2.0 s']);
  });

  it('doubles the limit, where it is known', () => {
    const command = told(conntrackDrops, counted(5))[0]!.remedies[0]!.command!;
    expect(command).toBe('sysctl -w net.netfilter.nf_conntrack_max=2000');
    expect(commandFaults(command)).toEqual([]);
    const finding = told(conntrackDrops, inspectedOf([], { counters: { 'conntrack.drop': 5 } }))[0]!;
    expect([finding.remedies, evidence(finding, 'nf_conntrack_max')]).toEqual([[], 'unknown']);
  });

  it('both are among the rules, before what is of less weight', () => {
    const ids = rules.map(({ id }) => id);
    expect(ids.indexOf('snat-exhausted')).toBe(ids.indexOf('conntrack-drops') - 1);
    expect(ids.indexOf('conntrack-nearly-full')).toBeLessThan(ids.indexOf('snat-exhausted'));
  });
});
