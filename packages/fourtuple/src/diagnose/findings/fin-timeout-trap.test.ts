import { describe, expect, it } from 'vitest';
import { severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import { finTimeoutTrap } from './fin-timeout-trap.ts';

const timeout = (tcpFinTimeoutSeconds: number | undefined): ReturnType<typeof inspectedOf> => inspectedOf([], { settings: { tcpFinTimeoutSeconds } });

describe('fin-timeout-trap', () => {
  it.each([
    [undefined, []],
    [-1, []],
    [5, []],
    [60, []],
    [61, ['info']],
    [89, ['info']],
    [90, []],
    [120, []],
  ])('tcp_fin_timeout=%s: %j', (seconds, expected) => {
    expect(severities(finTimeoutTrap, timeout(seconds))).toEqual(expected);
  });

  it('says how long an orphan lives then (measured: 70 gives 21 s)', () => {
    expect(told(finTimeoutTrap, timeout(70))[0]!.title).toBe('tcp_fin_timeout=70 makes orphaned FIN_WAIT2 live about 20 s');
  });
});
