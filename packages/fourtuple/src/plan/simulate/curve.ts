/** How a rate changes over time: a factor on the given one. All that is given is multiplied. */
export interface RateCurve {
  /** A day's wave: 1 + swing·cos, highest at `peakHour`. */
  readonly daily?: { readonly swing: number; readonly peakHour: number };
  /** Factors at full hours, joined by straight lines and repeated. */
  readonly hourly?: readonly number[];
  readonly spikes?: readonly Spike[];
}

export interface Spike {
  readonly atSeconds: number;
  readonly seconds: number;
  readonly factor: number;
}

const HOUR = 3600;
const DAY = 86_400;

/** The factor at a time in seconds since midnight of zone 0. @param zoneHours the hosts' clock is ahead by this; spikes come at once everywhere. */
export function factorAt(curve: RateCurve, seconds: number, zoneHours = 0): number {
  const local = seconds + zoneHours * HOUR;
  let factor = 1;
  if (curve.daily !== undefined) factor += curve.daily.swing * Math.cos((2 * Math.PI * (local - curve.daily.peakHour * HOUR)) / DAY);
  if (curve.hourly !== undefined && curve.hourly.length > 0) factor *= hourlyFactor(curve.hourly, local / HOUR);
  for (const spike of curve.spikes ?? []) if (seconds >= spike.atSeconds && seconds < spike.atSeconds + spike.seconds) factor *= spike.factor;
  return factor;
}

function hourlyFactor(factors: readonly number[], hour: number): number {
  const whole = Math.floor(hour);
  const at = ((whole % factors.length) + factors.length) % factors.length;
  const from = factors[at]!;
  return from + (factors[(at + 1) % factors.length]! - from) * (hour - whole);
}

/** No factor of the curve is above this. */
export function mostFactor(curve: RateCurve): number {
  const daily = curve.daily === undefined ? 1 : 1 + curve.daily.swing;
  const hourly = curve.hourly === undefined || curve.hourly.length === 0 ? 1 : Math.max(...curve.hourly);
  const spikes = curve.spikes ?? [];
  // The most of them at once is at the begin of one.
  const together = spikes.map(({ atSeconds }) => spikes.reduce((product, one) => (atSeconds >= one.atSeconds && atSeconds < one.atSeconds + one.seconds ? product * Math.max(1, one.factor) : product), 1));
  return daily * hourly * Math.max(1, ...together);
}
