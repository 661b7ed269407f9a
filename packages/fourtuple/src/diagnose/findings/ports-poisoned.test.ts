import { describe, expect, it } from 'vitest';
import { evidence, severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf, many, ownersOf, tcp } from '../../../test/contract/hand-made.ts';
import type { Inspected } from '../finding.ts';
import { portsPoisoned } from './ports-poisoned.ts';

const poisoned = (count: number, of = 1_000): Inspected => inspectedOf(many(count, (index) => tcp('boundInactive', `10.0.0.5:${20_000 + index}`, undefined, { inode: 3 })), { settings: { range: [20_000, 20_000 + of - 1] }, owners: ownersOf({ 3: 'leaky' }) });

describe('ports-poisoned', () => {
  it.each([
    [0, []],
    [9, []],
    [10, ['info']],
    [99, ['info']],
    [100, ['warning']],
    [799, ['warning']],
    [800, ['critical']],
    [1_000, ['critical']],
  ])('%i of 1,000 usable ports: %j', (count, expected) => {
    expect(severities(portsPoisoned, poisoned(count))).toEqual(expected);
  });

  it('does not fire for a single port, however small the range', () => {
    expect(severities(portsPoisoned, poisoned(1, 4))).toEqual([]);
    expect(severities(portsPoisoned, poisoned(2, 4))).toEqual(['warning']);
  });

  it('does not count listeners, which are meant to hold their ports', () => {
    const sockets = many(500, (index) => tcp('listen', `0.0.0.0:${20_000 + index}`));
    expect(severities(portsPoisoned, inspectedOf(sockets, { settings: { range: [20_000, 20_999] } }))).toEqual([]);
  });

  it('names the program, the kind and how it is known', () => {
    const [finding] = told(portsPoisoned, poisoned(100));
    expect(finding!.title).toBe('100 ports of the range (10.0 %) are lost to every connect(): held explicitly, most by leaky/100');
    expect(finding!.why).toContain('100 bound, neither listening nor connected (leaky/100; bound-idle)');
    expect(evidence(finding, 'evidence')).toBe('bound-idle');
  });

  it('shows one of the ports to look at', () => {
    expect(told(portsPoisoned, poisoned(100))[0]!.remedies.map((remedy) => remedy.command)).toContain('fourtuple who 20000');
  });
});
