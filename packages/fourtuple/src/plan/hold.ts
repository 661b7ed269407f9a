/** Who ends a connection, and how: that decides how long its port stays taken after it. */
export type Closing =
  /** We send the first FIN: TIME_WAIT is ours. */
  | 'we'
  /** We send the first FIN, and tcp_tw_reuse lets the next connect() take the port over after its delay (timestamps on). */
  | 'we-reused'
  /** The peer sends the first FIN: our port is free at once. */
  | 'peer'
  /** A reset (SO_LINGER 0): free at once on both sides. */
  | 'reset'
  /** We close, the peer never does: the orphan's FIN_WAIT2 lasts tcp_fin_timeout. */
  | 'peer-never';

export const closings = ['we', 'we-reused', 'peer', 'reset', 'peer-never'] as const satisfies readonly Closing[];

export interface KernelTimers {
  /** CONFIG_HZ: the timer wheel's grain lengthens TIME_WAIT. */
  readonly hz: number;
  readonly finTimeoutSeconds: number;
  readonly reuseDelaySeconds: number;
}

export const defaultTimers: KernelTimers = { hz: 250, finTimeoutSeconds: 60, reuseDelaySeconds: 1 };

/** TCP_TIMEWAIT_LEN, compiled in; tcp_fin_timeout does not change it. */
const TIME_WAIT_SECONDS = 60;

/** Mean lateness of a 60 s timer by HZ: measured at 250 (61.1 s), derived from the wheel's grain at the others. */
const lateness: Readonly<Record<number, number>> = { 100: 2.6, 250: 1.1, 300: 0.9, 1000: 2.1 };

/** How long a TIME_WAIT lasts on average, in seconds: 61.1 at HZ = 250. */
export function timeWaitSeconds(hz: number): number {
  const late = lateness[hz];
  if (late === undefined) throw new RangeError(`HZ is one of ${Object.keys(lateness).join(', ')}, not ${hz}`);
  return TIME_WAIT_SECONDS + late;
}

/** How long a port stays taken after its connection, in seconds (measured, but for other HZ than 250). */
export function closingSeconds(closing: Closing, timers: KernelTimers = defaultTimers): number {
  switch (closing) {
    case 'we':
      return timeWaitSeconds(timers.hz);
    case 'we-reused':
      return timers.reuseDelaySeconds;
    case 'peer':
    case 'reset':
      return 0;
    case 'peer-never':
      return finWait2Seconds(timers.finTimeoutSeconds);
  }
}

/** Above 60 s an orphan's FIN_WAIT2 lives 2·(T − 60): first as an orphan, then as a bucket (measured: 61 → 2.7, 70 → 21, 90 → 62.6). */
function finWait2Seconds(timeout: number): number {
  return timeout <= TIME_WAIT_SECONDS ? Math.max(timeout, 0.5) : 2 * (timeout - TIME_WAIT_SECONDS);
}

/** One kind of connections to one destination. */
export interface Traffic {
  /** New connections a second. */
  readonly ratePerSecond: number;
  /** Mean time from connect() to close(), seconds. */
  readonly lifetimeSeconds: number;
  readonly closing: Closing;
  /** Share of the connections that end in this way; the others end without holding their port. */
  readonly closingShare: number;
  /** Variance over mean of the ports in use: 1 for Poisson, more for bursts. */
  readonly peakedness: number;
}

/** Mean time that a connection takes its port, seconds: S + φ·T. */
export function holdSeconds(traffic: Pick<Traffic, 'lifetimeSeconds' | 'closing' | 'closingShare'>, timers: KernelTimers = defaultTimers): number {
  return traffic.lifetimeSeconds + traffic.closingShare * closingSeconds(traffic.closing, timers);
}

/** Ports in use on average (J. Little, 1961): rate times hold. */
export function portsNeeded(traffic: Traffic, timers: KernelTimers = defaultTimers): number {
  return traffic.ratePerSecond * holdSeconds(traffic, timers);
}

/** Closes a second from which on tcp_max_tw_buckets overflows: what is above it skips TIME_WAIT. */
export function timeWaitOverflowRate(buckets: number, hz = defaultTimers.hz): number {
  return buckets / timeWaitSeconds(hz);
}
