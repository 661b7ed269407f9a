import { describe, expect, it } from 'vitest';
import { settingsOf, tcp, type SettingsFields, type SocketFields } from '../../test/contract/hand-made.ts';
import { TcpState } from '../model/index.ts';
import { isReusableTimeWait, TIME_WAIT_MS } from './time-wait.ts';

/** A client's TIME_WAIT of this age, as sock_diag shows it. */
function reusable(destination: string, ageMs: number, settings: SettingsFields, fields: SocketFields = {}): boolean {
  const source = destination.includes(':') ? '[2001:db8::1]' : destination === '127.0.0.1' ? '127.0.0.1' : '10.7.0.9';
  const socket = tcp('timeWait', `${source}:40000`, `${destination.includes(':') ? `[${destination}]` : destination}:80`, { expiresMs: TIME_WAIT_MS - ageMs, ...fields });
  return isReusableTimeWait(socket, settingsOf(settings));
}

describe('which TIME_WAIT an outgoing connect() may take over (measured: kernel-facts.md, table 1a)', () => {
  it.each([
    [0, '127.0.0.1', true, 1000, false, false],
    [0, '10.7.0.1', true, 1000, false, false],
    [1, '127.0.0.1', true, 1000, false, true],
    [1, '10.7.0.1', true, 1000, false, true],
    [2, '127.0.0.1', true, 1000, false, true],
    [2, '10.7.0.1', true, 1000, false, false],
    [1, '10.7.0.1', false, 1000, false, false],
    [1, '10.7.0.1', true, 1, true, true],
    [1, '10.7.0.1', true, 5000, false, false],
  ])('tcp_tw_reuse %i to %s, timestamps %s, delay %i ms: after 0.05 s %s, after 1.2 s %s', (tcpTwReuse, destination, tcpTimestamps, tcpTwReuseDelayMs, young, old) => {
    const settings = { tcpTwReuse, tcpTimestamps, tcpTwReuseDelayMs };
    expect([reusable(destination, 50, settings), reusable(destination, 1200, settings)]).toEqual([young, old]);
  });

  it('never a FIN_WAIT2 bucket', () => {
    const socket = tcp('finWait2', '10.7.0.9:40000', '10.7.0.1:80', { timer: 3, expiresMs: 10_000 });
    expect(isReusableTimeWait(socket, settingsOf({ tcpTwReuse: 1 }))).toBe(false);
  });

  it.each(Object.values(TcpState).filter((state) => state !== TcpState.timeWait))('never state %i', (state) => {
    const socket = Object.assign(tcp('timeWait', '127.0.0.1:40000', '127.0.0.1:80'), { state, expiresMs: 0 });
    expect(isReusableTimeWait(socket, settingsOf({ tcpTwReuse: 1 }))).toBe(false);
  });

  it.each([
    ['::1', {}],
    ['::ffff:127.0.0.1', { family: 10 }],
    ['10.7.0.1', { interfaceIndex: 1 }],
  ])('tcp_tw_reuse 2 covers %s %j', (destination, fields) => {
    expect(reusable(destination, 2000, { tcpTwReuse: 2 }, fields)).toBe(true);
  });

  it('tcp_tw_reuse 2 covers a loopback source too', () => {
    expect(isReusableTimeWait(tcp('timeWait', '127.0.0.2:40000', '10.7.0.1:80'), settingsOf({ tcpTwReuse: 2 }))).toBe(true);
  });

  it.each([
    ['2001:db8::2', {}],
    ['10.7.0.1', { interfaceIndex: 2 }],
  ])('tcp_tw_reuse 2 does not cover %s %j', (destination, fields) => {
    expect(reusable(destination, 2000, { tcpTwReuse: 2 }, fields)).toBe(false);
  });

  it('not at the very end of the delay, but past it', () => {
    expect([1000, 1001].map((age) => reusable('10.7.0.1', age, { tcpTwReuse: 1 }))).toEqual([false, true]);
  });
});
