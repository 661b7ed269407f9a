import { describe, expect, it } from 'vitest';
import { severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import type { Counters } from '../../model/index.ts';
import { acceptQueueOverflow } from './accept-queue-overflow.ts';

const name = 'TcpExt.ListenOverflows';
const counted = (counters: Counters, somaxconn: number | undefined): ReturnType<typeof inspectedOf> => inspectedOf([], { counters, settings: { somaxconn } });

describe('accept-queue-overflow', () => {
  it('is silent when no queue overflowed, or nothing is known', () => {
    expect(severities(acceptQueueOverflow, counted({ [name]: 0 }, 128))).toEqual([]);
    expect(severities(acceptQueueOverflow, counted({}, 128))).toEqual([]);
  });

  it('is for information when one did at some time', () => {
    expect(severities(acceptQueueOverflow, counted({ [name]: 9 }, 128))).toEqual(['info']);
    expect(severities(acceptQueueOverflow, counted({ [name]: 9 }, 128), { earlier: { [name]: 9 }, elapsedMs: 60_000 })).toEqual(['info']);
  });

  it('is a warning while it happens', () => {
    const [finding] = told(acceptQueueOverflow, counted({ [name]: 9 }, 128), { earlier: { [name]: 2 }, elapsedMs: 60_000 });
    expect(finding!.severity).toBe('warning');
    expect(finding!.title).toContain('7 of them in the last 60 s');
  });

  it.each([
    [128, 4096],
    [4096, 8192],
    [undefined, 8192],
  ])('raises somaxconn from %s to %i', (somaxconn, raised) => {
    expect(told(acceptQueueOverflow, counted({ [name]: 1 }, somaxconn))[0]!.remedies.map((remedy) => remedy.command)).toContain(`sysctl -w net.core.somaxconn=${raised}`);
  });
});
