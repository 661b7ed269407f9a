import { exp } from './elementary.ts';
import type { HostClass } from './fleet-spec.ts';
import { Random } from './random.ts';

/** The hosts of one class in one time zone, the busiest first. */
export interface HostGroup {
  readonly zoneHours: number;
  /** Shares of the load, falling; 1 is the mean of the class. */
  readonly weights: Float64Array;
  /** Number within the class, from 0 on, of the busiest one. */
  readonly busiest: number;
  /** Sum of the first so many weights; one longer than they. */
  readonly sums: Float64Array;
}

/** Draws how busy each host is. @param stream the class's place in the fleet. */
export function hostGroups(hosts: HostClass, seed: number, stream: number): HostGroup[] {
  const random = new Random(seed, stream);
  const shift = -0.5 * hosts.spread * hosts.spread;
  const all = Float64Array.from({ length: hosts.count }, () => (hosts.spread === 0 ? 1 : exp(shift + hosts.spread * random.normal())));
  const zones = hosts.zones.length;
  return hosts.zones.flatMap((zoneHours, zone) => {
    const weights = all.filter((_, host) => host % zones === zone);
    if (weights.length === 0) return [];
    const most = weights.reduce((high, weight) => Math.max(high, weight), 0);
    const busiest = all.findIndex((weight, host) => weight === most && host % zones === zone);
    weights.sort().reverse();
    const sums = new Float64Array(weights.length + 1);
    for (let host = 0; host < weights.length; host++) sums[host + 1] = sums[host]! + weights[host]!;
    return [{ zoneHours, weights, busiest, sums }];
  });
}

/** How many of the falling weights are above a limit. */
export function countAbove(weights: Float64Array, limit: number): number {
  let low = 0;
  let high = weights.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (weights[middle]! > limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
