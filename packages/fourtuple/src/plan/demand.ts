import { closingSeconds, defaultTimers, holdSeconds, type Closing, type KernelTimers } from './hold.ts';
import type { NatProfile } from './nat-profiles.ts';
import type { SourcePolicy } from './source-policy.ts';

/** Connections of one kind, from every host that makes them alike. */
export interface ServiceDemand {
  readonly name: string;
  /** New connections a second of one host, over all its destinations. */
  readonly ratePerSecond: number;
  /** Mean time from connect() to close(), seconds. */
  readonly lifetimeSeconds: number;
  readonly closing: Closing;
  /** Share of the connections that end by `closing`; the others leave their port at once. */
  readonly closingShare: number;
  /** (address, port) pairs over which the connections spread evenly. */
  readonly destinations: number;
  /** Variance over mean of the ports in use: 1 for Poisson arrivals, more for bursts. */
  readonly peakedness: number;
  /** The program calls bind(source, 0) without IP_BIND_ADDRESS_NO_PORT: its ports are shared between no destinations. */
  readonly bindsFirst: boolean;
  /** The one source address that it has; undefined when it spreads over all of the host. */
  readonly source?: string | undefined;
  readonly nat?: NatDemand | undefined;
}

/** The NAT on the way of a service, and how many hosts use it. */
export interface NatDemand {
  readonly profile: NatProfile;
  readonly addresses: number;
  /** Hosts behind it that make the same connections. */
  readonly hosts: number;
}

/** What one host has. Undefined limits are not looked at. */
export interface HostSupply {
  /** Ports that connect() may use: of the range, less the reserved and the explicitly held ones. */
  readonly usablePorts: number;
  /** Ports that {@link usablePorts} would have with a range of 1024 to 65535. */
  readonly widestPorts: number;
  /** Source addresses, and how one is chosen. */
  readonly sources: number;
  readonly policy: SourcePolicy;
  readonly timers: KernelTimers;
  /** net.netfilter.nf_conntrack_max of this host. */
  readonly conntrackMax?: number | undefined;
  /** RLIMIT_NOFILE of the process that connects. */
  readonly descriptors?: number | undefined;
  /** net.ipv4.tcp_max_tw_buckets */
  readonly timeWaitBuckets?: number | undefined;
}

export const defaultDemand = { lifetimeSeconds: 0.05, closing: 'we', closingShare: 1, destinations: 1, peakedness: 1, bindsFirst: false } as const satisfies Partial<ServiceDemand>;

/** Linux's defaults: 32768 to 60999, one address. */
export const defaultSupply: HostSupply = { usablePorts: 28_232, widestPorts: 64_512, sources: 1, policy: 'least-used', timers: defaultTimers };

/** bind(source, 0) takes no TIME_WAIT over, whatever tcp_tw_reuse says (measured). */
function effectiveClosing({ closing, bindsFirst }: Pick<ServiceDemand, 'closing' | 'bindsFirst'>): Closing {
  return bindsFirst && closing === 'we-reused' ? 'we' : closing;
}

/** Seconds that a connection takes its source port. */
export function portHold(service: ServiceDemand, host: HostSupply): number {
  return holdSeconds({ ...service, closing: effectiveClosing(service) }, host.timers);
}

/** Source ports in use on one host on average. */
export function portsInUse(service: ServiceDemand, host: HostSupply): number {
  return service.ratePerSecond * portHold(service, host);
}

/** Connections in TIME_WAIT on one host on average, were there no limit to them. */
export function timeWaitsInUse(service: ServiceDemand, host: HostSupply): number {
  const closing = effectiveClosing(service);
  return closing === 'we' || closing === 'we-reused' ? service.ratePerSecond * service.closingShare * closingSeconds(closing, host.timers) : 0;
}

/**
 * Seconds that a NAT, or this host's connection tracking, keeps a connection: whoever closes first, a FIN leaves its
 * mapping for `fin` seconds, a reset for `reset`.
 */
export function mappingHold(service: ServiceDemand, hold: { readonly fin: number; readonly reset: number }): number {
  return service.lifetimeSeconds + (service.closing === 'reset' ? hold.reset * service.closingShare + hold.fin * (1 - service.closingShare) : hold.fin);
}

/** The program's own requests a second would be `ratePerSecond` too, one on each connection. */
export function withRate(service: ServiceDemand, factor: number): ServiceDemand {
  return { ...service, ratePerSecond: service.ratePerSecond * factor };
}
