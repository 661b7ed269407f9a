import { describe, expect, it } from 'vitest';
import { commandFaults, severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import type { Counters } from '../../model/index.ts';
import { timeWaitOverflow } from './time-wait-overflow.ts';

const overflow = 'TcpExt.TCPTimeWaitOverflow';
const counted = (counters: Counters, tcpMaxTwBuckets: number | undefined = 1_000): ReturnType<typeof inspectedOf> => inspectedOf([], { counters, settings: { tcpMaxTwBuckets } });

describe('time-wait-overflow', () => {
  it('is silent when nothing overflowed', () => {
    expect(severities(timeWaitOverflow, counted({ [overflow]: 0, 'sockstat.TCP.tw': 799 }))).toEqual([]);
  });

  it('is for information when it happened at some time', () => {
    expect(severities(timeWaitOverflow, counted({ [overflow]: 5 }))).toEqual(['info']);
    expect(severities(timeWaitOverflow, counted({ [overflow]: 5 }), { earlier: { [overflow]: 5 }, elapsedMs: 1000 })).toEqual(['info']);
  });

  it('is a warning while it happens', () => {
    const [finding] = told(timeWaitOverflow, counted({ [overflow]: 12 }), { earlier: { [overflow]: 5 }, elapsedMs: 2000 });
    expect(finding!.severity).toBe('warning');
    expect(finding!.title).toContain('12 times since the namespace began, 7 of them in the last 2.0 s');
  });

  it('is a warning when the table is 80 % full', () => {
    expect(severities(timeWaitOverflow, counted({ 'sockstat.TCP.tw': 800 }))).toEqual(['warning']);
  });

  it('offers no limit above one that is unlimited', () => {
    expect(told(timeWaitOverflow, counted({ [overflow]: 5 }, -1))[0]!.remedies).toEqual([]);
  });

  it('raises the limit', () => {
    expect(told(timeWaitOverflow, counted({ [overflow]: 5 }))[0]!.remedies[0]!.command).toBe('sysctl -w net.ipv4.tcp_max_tw_buckets=2000');
  });

  it('raises a limit of 0 (no TIME_WAIT at all) to more than 0', () => {
    const command = told(timeWaitOverflow, counted({ [overflow]: 5, 'sockstat.TCP.tw': 0 }, 0))[0]!.remedies[0]?.command;
    expect(command === undefined ? [] : commandFaults(command)).toEqual([]);
    expect(command).not.toBe('sysctl -w net.ipv4.tcp_max_tw_buckets=0');
  });
});
