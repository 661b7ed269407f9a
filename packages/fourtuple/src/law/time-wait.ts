import type { LawHolder, Truth } from './holder.ts';
import { isLoopbackWords, type Settings, type SocketCursor, TcpState } from '../model/index.ts';

/** TCP_TIMEWAIT_LEN, compiled in: no sysctl changes it. */
export const TIME_WAIT_MS = 60_000;

const LOOPBACK_INTERFACE = 1;

type ReuseSettings = Pick<Settings, 'tcpTwReuse' | 'tcpTwReuseDelayMs' | 'tcpTimestamps'>;

/**
 * Whether an outgoing connect() may take over this TIME_WAIT's four-tuple (`tcp_twsk_unique`, net/ipv4/tcp_ipv4.c):
 * tcp_tw_reuse is 1, or 2 and an end is loopback; timestamps were in use; and it is older than the reuse delay.
 * FIN_WAIT2 buckets never are. Whether timestamps were in use is taken from the current setting: the socket does not
 * tell. The age is what the timer has run of its 60 seconds.
 */
export function isReusableTimeWait(socket: SocketCursor, settings: ReuseSettings): boolean {
  if (socket.state !== TcpState.timeWait || settings.tcpTwReuse === 0 || !settings.tcpTimestamps) return false;
  if (settings.tcpTwReuse === 2 && !touchesLoopback(socket)) return false;
  return TIME_WAIT_MS - socket.expiresMs > settings.tcpTwReuseDelayMs;
}

/**
 * As {@link isReusableTimeWait}, of a holder: whether tcp_tw_reuse would let connect() take its four-tuple over, had it
 * used timestamps.
 */
export function isReusableAge(holder: LawHolder, settings: Pick<ReuseSettings, 'tcpTwReuse' | 'tcpTwReuseDelayMs'> & Partial<Pick<Settings, 'kernel'>>): Truth {
  if (holder.state !== TcpState.timeWait || settings.tcpTwReuse === 0) return false;
  if (settings.tcpTwReuse === 2 && holder.device !== LOOPBACK_INTERFACE && !holder.address.isLoopback && !holder.remote.isLoopback) return false;
  if (holder.ageMs > settings.tcpTwReuseDelayMs) return true;
  // Before Linux 6.14 it had to be of an earlier second of the clock: within one, that is not known.
  return settings.kernel?.hasReuseDelay === false ? undefined : false;
}

/** Of which TIME_WAIT the age matters: of none, of those with a loopback end, of any. */
export const ReuseScope = { none: 0, loopback: 1, any: 2 } as const;
export type ReuseScope = (typeof ReuseScope)[keyof typeof ReuseScope];

/** Which TIME_WAIT can be reusable at all under these settings, without a device. */
export function reuseScope(settings: ReuseSettings): ReuseScope {
  if (settings.tcpTwReuse === 0 || !settings.tcpTimestamps) return ReuseScope.none;
  return settings.tcpTwReuse === 2 ? ReuseScope.loopback : ReuseScope.any;
}

function touchesLoopback(socket: SocketCursor): boolean {
  return (
    socket.interfaceIndex === LOOPBACK_INTERFACE ||
    isLoopbackWords(socket.local0, socket.local1, socket.local2, socket.local3) ||
    isLoopbackWords(socket.remote0, socket.remote1, socket.remote2, socket.remote3)
  );
}
