import { describe, expect, it } from 'vitest';
import { established, filled, severities, timeWait, told } from '../../../test/contract/findings.ts';
import { tcp, type SettingsFields } from '../../../test/contract/hand-made.ts';
import type { SocketCursor } from '../../model/index.ts';
import { twReuseOff } from './tw-reuse-off.ts';

const off: SettingsFields = { tcpTwReuse: 0 };
const mixed = (timeWaits: number) => (port: number): SocketCursor => (port - 20_000 < timeWaits ? timeWait(port) : established(port));

describe('tw-reuse-off', () => {
  it.each([
    [4_999, 4_999, []],
    [5_000, 5_000, ['warning']],
    [5_000, 2_500, ['warning']],
    [5_000, 2_499, []],
    [10_000, 10_000, ['warning']],
  ])('%i of 10,000 ports used, %i of them TIME_WAIT: %j', (used, timeWaits, expected) => {
    expect(severities(twReuseOff, filled(used, { settings: off }, mixed(timeWaits)))).toEqual(expected);
  });

  it('is silent when reuse is on', () => {
    expect(severities(twReuseOff, filled(9_000, { settings: { tcpTwReuse: 1, tcpTwReuseDelayMs: 60_000 } }, timeWait))).toEqual([]);
  });

  it.each([
    [{ tcpTwReuse: 0 }, 'tcp_tw_reuse is 0', 'sysctl -w net.ipv4.tcp_tw_reuse=1'],
    [{ tcpTwReuse: 2 }, 'covers loopback alone', 'sysctl -w net.ipv4.tcp_tw_reuse=1'],
    [{ tcpTwReuse: 1, tcpTimestamps: false }, 'tcp_timestamps is 0', 'sysctl -w net.ipv4.tcp_timestamps=1 net.ipv4.tcp_tw_reuse=1'],
  ])('%j: says why, and what to set', (settings, reason, command) => {
    const [finding] = told(twReuseOff, filled(9_000, { settings }, timeWait));
    expect(finding!.title).toContain(reason);
    expect(finding!.remedies.map((remedy) => remedy.command)).toEqual([command]);
  });

  it('a loopback tuple under tcp_tw_reuse=2 is covered: that its TIME_WAIT is younger than the delay is no fault of the setting', () => {
    const young = (port: number): SocketCursor => tcp('timeWait', `127.0.0.1:${port}`, '127.0.0.1:443', { expiresMs: 59_500 });
    expect(severities(twReuseOff, filled(9_000, { settings: { tcpTwReuse: 2 } }, young))).toEqual([]);
  });
});
