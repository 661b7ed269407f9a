import type { Closing } from '../hold.ts';
import type { NatProfile } from '../nat-profiles.ts';
import type { SourcePolicy } from '../source-policy.ts';
import type { RateCurve } from './curve.ts';

/** Hosts that are alike but for how busy each is. */
export interface HostClass {
  readonly name: string;
  readonly count: number;
  /** Standard deviation of the logarithm of a host's share of the load; the shares have mean 1. 0: all alike. */
  readonly spread: number;
  /** Hours that the clocks of the hosts are ahead; hosts are dealt to them in turn. */
  readonly zones: readonly number[];
  /** Name of the NAT that they stand behind. */
  readonly nat: string | undefined;
}

/** What every host of a class does. Rates are those of one host of the class on average. */
export interface FleetService {
  readonly name: string;
  /** Name of the class. */
  readonly hosts: string;
  /** New connections a second, to all its destinations together, where the curve is 1. */
  readonly ratePerSecond: number;
  readonly lifetimeSeconds: number;
  readonly closing: Closing;
  readonly closingShare: number;
  /** Shares of the connections that each destination gets, sum 1. Equal ones are computed once. */
  readonly destinations: readonly number[];
  readonly curve: RateCurve;
  readonly peakedness: number;
  /** Ports of one source address. */
  readonly ports: number;
  readonly sourceAddresses: number;
  readonly policy: SourcePolicy;
}

export interface FleetNat {
  readonly name: string;
  readonly profile: NatProfile;
  readonly addresses: number;
}

export interface FleetSpec {
  /** Number of steps, and the length of one, seconds. */
  readonly steps: number;
  readonly stepSeconds: number;
  /** Time of day at the first step, hours, on the clocks of zone 0. */
  readonly startHour: number;
  readonly seed: number;
  readonly hosts: readonly HostClass[];
  readonly services: readonly FleetService[];
  readonly nats: readonly FleetNat[];
}

/** Tuples of all hosts: (source, destination, port). */
export function tupleCount(spec: FleetSpec): number {
  return spec.services.reduce((sum, service) => sum + (spec.hosts.find(({ name }) => name === service.hosts)?.count ?? 0) * service.destinations.length, 0);
}
