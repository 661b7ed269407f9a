import { describe, expect, it } from 'vitest';
import { severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf, many, tcp, udp } from '../../../test/contract/hand-made.ts';
import type { Inspected } from '../finding.ts';
import type { SocketCursor } from '../../model/index.ts';
import { bindPoolExhausted } from './bind-pool-exhausted.ts';
import { bindPoolNearlyExhausted } from './bind-pool-nearly-exhausted.ts';

const within = (sockets: SocketCursor[]): Inspected => inspectedOf(sockets, { settings: { range: [20_000, 20_099] } });

/** Connections to any destinations, which hold the ports of 10.0.0.1. */
const connections = (count: number): SocketCursor[] => many(count, (index) => tcp('established', `10.0.0.1:${20_000 + index}`, `10.0.0.${10 + (index % 100)}:443`));
/** One of them replaced by a bound socket: a program binds here. */
const withBinder = (count: number): SocketCursor[] => [...connections(count - 1), tcp('boundInactive', `10.0.0.1:${20_000 + count - 1}`)];

describe('bind-pool-exhausted', () => {
  it('is silent while one port is left', () => {
    expect(severities(bindPoolExhausted, within(withBinder(99)))).toEqual([]);
  });

  it('is critical where programs bind source addresses', () => {
    expect(severities(bindPoolExhausted, within(withBinder(100)))).toEqual(['critical']);
  });

  it('is for information where none is seen to', () => {
    const [finding] = told(bindPoolExhausted, within(connections(100)));
    expect(finding!.severity).toBe('info');
    expect(finding!.why).toContain('No program was seen to bind so now');
  });

  it('is critical for UDP, whose every socket meets it', () => {
    const [finding] = told(bindPoolExhausted, within(many(100, (index) => udp(`0.0.0.0:${20_000 + index}`))));
    expect(finding).toMatchObject({ severity: 'critical', title: 'The UDP bind pool of 0.0.0.0 is exhausted: 100 of 100 ports held (100 %), 0 ports left' });
  });

  it('names the address that is full, not the wildcards that are full with it', () => {
    expect(told(bindPoolExhausted, within(withBinder(100))).map((finding) => finding.title)).toEqual(['The TCP bind pool of 10.0.0.1 is exhausted: 100 of 100 ports held (100 %), 0 ports left']);
  });

  it('names a wildcard when only that is full', () => {
    const sockets = [...connections(50), ...many(50, (index) => tcp('established', `10.0.0.2:${20_050 + index}`, '10.0.0.9:443'))];
    expect(told(bindPoolExhausted, within(sockets)).map((finding) => finding.title)).toEqual([expect.stringContaining('TCP bind pool of 0.0.0.0 is exhausted')]);
  });
});

describe('bind-pool-nearly-exhausted', () => {
  it.each([
    [79, []],
    [80, ['warning']],
    [94, ['warning']],
    [95, ['critical']],
    [99, ['critical']],
    [100, []],
  ])('%i of 100 ports where programs bind: %j', (used, expected) => {
    expect(severities(bindPoolNearlyExhausted, within(withBinder(used)))).toEqual(expected);
  });

  it('is for information where no program binds', () => {
    expect(severities(bindPoolNearlyExhausted, within(connections(95)))).toEqual(['info']);
  });
});
