import { describe, expect, it } from 'vitest';
import { evidence, filled, severities, told } from '../../../test/contract/findings.ts';
import { connectCliff } from './connect-cliff.ts';

describe('connect-cliff', () => {
  it.each([
    [5_000, []],
    [5_001, ['warning']],
    [7_999, ['warning']],
    [8_000, []],
  ])('%i of 10,000 ports: %j (below, the warning threshold has its own finding)', (used, expected) => {
    expect(severities(connectCliff, filled(used))).toEqual(expected);
  });

  it('does not fire for a small pool, whose search costs nothing', () => {
    expect(severities(connectCliff, filled(1_100, { settings: { range: [20_000, 21_998] } }))).toEqual([]);
    expect(severities(connectCliff, filled(1_100, { settings: { range: [20_000, 21_999] } }))).toEqual(['warning']);
  });

  it('says how many ports a connect() tries', () => {
    expect(evidence(told(connectCliff, filled(6_000))[0], 'portsScannedPerConnect')).toBe(5_000);
  });

  it('advises the socket option first', () => {
    expect(told(connectCliff, filled(6_000))[0]!.remedies[0]!.title).toContain('IP_LOCAL_PORT_RANGE');
  });
});
