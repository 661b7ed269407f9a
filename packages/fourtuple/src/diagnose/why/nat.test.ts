import { describe, expect, it } from 'vitest';
import { timeoutVerdicts } from './nat.ts';

const names = { failed: 'conntrack.insert_failed', drop: 'conntrack.drop', overflows: 'TcpExt.ListenOverflows', retransmits: 'TcpExt.TCPSynRetrans' } as const;

describe('timeoutVerdicts', () => {
  const told = (grown: Partial<Record<keyof typeof names, number>>, elapsedMs = 2500): string[] => {
    // Both looks begin at 10: what was there before does not count.
    const before = Object.fromEntries(Object.values(names).map((name) => [name, 10]));
    const after = Object.fromEntries(Object.entries(names).map(([key, name]) => [name, 10 + (grown[key as keyof typeof names] ?? 0)]));
    return timeoutVerdicts({ before, after, elapsedMs });
  };

  it.each([
    [{}, []],
    [{ failed: 3, drop: 5 }, [/Source NAT on this host found no port for 3 packets in the last 2\.5 s/]],
    // Alone it is a race that was settled otherwise.
    [{ failed: 3 }, []],
    [{ drop: 5 }, [/table dropped 5 packets .*it is full/]],
    [{ overflows: 7 }, [/full accept queue 7 times/]],
    [{ failed: 1, drop: 1, overflows: 2 }, [/Source NAT/, /accept queue/]],
    [{ retransmits: 4 }, [/4 SYNs were sent again .*ports of this host are not the reason/]],
    // What has a reason here needs no guess about the way.
    [{ retransmits: 4, drop: 1 }, [/it is full/]],
    [{ retransmits: 4, overflows: 1 }, [/accept queue/]],
    [{ drop: -5 }, []],
  ])('%j', (grown, expected) => {
    const verdicts = told(grown);
    expect(verdicts).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(verdicts[index]).toMatch(pattern);
    expect(verdicts.filter((text) => !text.endsWith('.'))).toEqual([]);
  });

  it('says how long it looked', () => {
    expect(told({ drop: 1 }, 300)[0]).toContain('in the last 0.3 s');
    expect(told({ drop: 1 }, 61_400)[0]).toContain('in the last 61 s');
  });

  it('is silent where there are no counters', () => {
    expect(timeoutVerdicts({ before: {}, after: {}, elapsedMs: 1 })).toEqual([]);
  });
});
