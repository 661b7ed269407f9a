import { describe, expect, it } from 'vitest';
import { commandFaults, severities, told } from '../../../test/contract/findings.ts';
import { inspectedOf } from '../../../test/contract/hand-made.ts';
import { rangeParity } from './range-parity.ts';

const range = (low: number, high: number): ReturnType<typeof inspectedOf> => inspectedOf([], { settings: { range: [low, high] } });

describe('range-parity', () => {
  it.each([
    [32_768, 60_999, []],
    [1024, 65_535, []],
    [1024, 65_534, ['info']],
    [1025, 65_535, ['info']],
  ])('%i-%i: %j', (low, high, expected) => {
    expect(severities(rangeParity, range(low, high))).toEqual(expected);
  });

  it('gives up one port at the low end', () => {
    expect(told(rangeParity, range(1024, 65_534))[0]!.remedies[0]!.command).toBe('sysctl -w net.ipv4.ip_local_port_range="1025 65534"');
  });

  it('offers no range upside down for a range of one port', () => {
    expect(told(rangeParity, range(30_000, 30_000)).flatMap((finding) => finding.remedies.flatMap((remedy) => (remedy.command === undefined ? [] : commandFaults(remedy.command))))).toEqual([]);
  });
});
