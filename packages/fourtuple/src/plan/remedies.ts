import { portsInUse, type HostSupply, type ServiceDemand } from './demand.ts';
import { limitsOf, lossAloneOf } from './constraint.ts';
import { closingSeconds } from './hold.ts';
import { busyConnections, poolFor, poolPorts } from './pools.ts';
import type { ConstraintId } from './limit.ts';
import { makePlan, type Plan, type PlanRequest } from './planner.ts';
import { leastFrom } from './search.ts';

export type RemedyId = 'pool' | 'no-port' | 'close-by-peer' | 'tw-reuse' | 'destinations' | 'range' | 'sources' | 'nat-addresses' | 'descriptors' | 'conntrack';

/** A change, and what the plan is with it. */
export interface PlannedRemedy {
  readonly id: RemedyId;
  /** What is to be done, one sentence without its end. */
  readonly title: string;
  /** What it costs or risks; empty when nothing is known. */
  readonly cost: string;
  /** Headroom with it alone: see {@link Plan.headroom}. */
  readonly headroom: number;
  /** Loss of the service that loses most. */
  readonly loss: number;
  /** With it alone no limit loses more than was asked for. */
  readonly suffices: boolean;
  /** The limit that binds then. */
  readonly bindingThen: string | undefined;
}

/** How long a request may wait for a pooled connection, in times of its own length, and how often longer. */
const POOL_WAIT = 0.25;
const POOL_PROBABILITY = 0.01;
/** Seconds after which a pool renews a connection. */
const POOL_LIFETIME = 300;

/**
 * What helps, from the cheapest on: a pool, who closes, destinations, the range, source addresses, the NAT. Each is
 * computed by planning again with it alone; what changes nothing is left out.
 */
export function remediesFor(plan: Plan): PlannedRemedy[] {
  const { request } = plan;
  const { services, host } = request;
  const found: PlannedRemedy[] = [];
  const each = (change: (service: ServiceDemand) => ServiceDemand): PlanRequest => ({ ...request, services: services.map(change) });
  const on = (change: Partial<HostSupply>): PlanRequest => ({ ...request, host: { ...host, ...change } });
  const add = (id: RemedyId, title: string, changed: PlanRequest, cost = ''): void => {
    const then = makePlan(changed);
    // Less than a hundredth more is no help, unless one of several limits that are too tight is so no more.
    if (!(then.headroom > plan.headroom * 1.01) && !(then.headroom >= plan.headroom * (1 - 1e-9) && tightOf(then) < tightOf(plan))) return;
    found.push({ id, title, cost, headroom: then.headroom, loss: Math.max(0, ...then.services.map((one) => one.loss)), suffices: then.headroom >= 1, bindingThen: then.binding?.title });
  };

  const pooled = services.map((service) => pooledDemand(service, host));
  const reused = services.flatMap((service, index) => (pooled[index]!.size === 0 ? [] : [{ service, size: String(pooled[index]!.size) }]));
  if (reused.length > 0) add('pool', `Reuse connections: a pool of ${listOf(reused.map(({ service }) => service), reused.map(({ size }) => size), services.length > 1)} connections, each renewed after ${POOL_LIFETIME} s, serves the same rate of requests`, { ...request, services: pooled.map(({ demand }) => demand) }, 'the programs must keep connections, and the other side must let them');
  if (services.some((service) => service.bindsFirst)) add('no-port', 'Set IP_BIND_ADDRESS_NO_PORT before binding the source address: ports are then shared between destinations', each((service) => ({ ...service, bindsFirst: false })));
  if (services.some((service) => service.closing === 'we' && service.closingShare > 0)) {
    add('close-by-peer', 'Let the other side close first: TIME_WAIT is then its own, and the port is free at once', each((service) => (service.closing === 'we' ? { ...service, closing: 'peer' } : service)), 'the protocol must allow it (HTTP: "Connection: close" by the server)');
    add('tw-reuse', 'Set net.ipv4.tcp_tw_reuse to 1, so that connect() takes over a TIME_WAIT after a second', each((service) => (service.closing === 'we' ? { ...service, closing: 'we-reused' } : service)), 'needs TCP timestamps on both sides; a NAT on the way keeps its own mapping');
  }
  const times = leastDestinations(request) ?? 2;
  add('destinations', `${times === 2 ? 'Twice' : `${times} times`} the destinations (addresses or ports of the other side), ${listOf(services, services.map(({ destinations }) => `${destinations * times} instead of ${destinations}`))}`, timesDestinations(request, times));
  if (host.widestPorts > host.usablePorts) add('range', `Widen net.ipv4.ip_local_port_range to 1024 65535, ${host.widestPorts.toLocaleString('en')} ports instead of ${host.usablePorts.toLocaleString('en')}`, on({ usablePorts: host.widestPorts }), 'reserve the ports of services (ip_local_reserved_ports)');
  const sources = leastSources(request);
  if (sources !== undefined && sources > host.sources) add('sources', `${sources} source addresses instead of ${host.sources}`, on({ sources }), 'the addresses must be routed to this host, and the program must use them');
  const addresses = leastNatAddresses(request);
  if (addresses !== undefined) add('nat-addresses', `${addresses} NAT addresses`, withNatAddresses(request, addresses));
  for (const [id, title] of [['descriptors', 'the limit of file descriptors (LimitNOFILE=)'], ['conntrack', 'net.netfilter.nf_conntrack_max']] as const) {
    const limit = plan.constraints.find((one) => one.id === id);
    if (limit === undefined || limit.ratio <= 1) continue;
    // A quarter more than what would just do.
    const enough = Math.ceil((1.25 * leastFrom(Math.max(1, Math.floor(limit.offered)), (count) => isEnough(request, id, count))) / 64) * 64;
    add(id, `Raise ${title} to ${enough.toLocaleString('en')}`, on(id === 'descriptors' ? { descriptors: enough } : { conntrackMax: enough }));
  }
  return found;
}

/** Limits that lose more than is allowed. */
function tightOf(plan: Plan): number {
  return plan.constraints.filter(({ ratio }) => ratio > 1).length;
}

/** The same requests over pooled connections: new ones are made when old ones are renewed. */
function pooledDemand(service: ServiceDemand, host: HostSupply): { readonly demand: ServiceDemand; readonly size: number } {
  // Requests in bursts: as if each connection of the pool served z requests at once.
  const z = service.peakedness;
  const requests = { requestsPerSecond: service.ratePerSecond / z, requestSeconds: service.lifetimeSeconds };
  const size = busyConnections(requests) === 0 ? 1 : Math.ceil(z * poolFor(requests, service.lifetimeSeconds * POOL_WAIT, POOL_PROBABILITY));
  const ports = poolPorts(size, POOL_LIFETIME, service.closingShare, closingSeconds(service.closing, host.timers));
  // Connections that live long are a pool already.
  if (ports >= portsInUse(service, host)) return { demand: service, size: 0 };
  return { demand: { ...service, ratePerSecond: size / POOL_LIFETIME, lifetimeSeconds: POOL_LIFETIME, peakedness: 1 }, size };
}

const MOST_SOURCES = 4096;
const MOST_TIMES = 64;

function timesDestinations(request: PlanRequest, times: number): PlanRequest {
  return { ...request, services: request.services.map((service) => ({ ...service, destinations: service.destinations * times })) };
}

/** Least whole factor of destinations that is enough. */
function leastDestinations(request: PlanRequest): number | undefined {
  return leastCount(1, MOST_TIMES, (times) => isTight(timesDestinations(request, times), ['source-ports', 'nat-ports']));
}

/** Least number of source addresses with which they are not what binds too early; undefined when that is hopeless or needless. */
function leastSources(request: PlanRequest): number | undefined {
  const tight = (sources: number): boolean => isTight({ ...request, host: { ...request.host, sources } }, ['source-ports', 'bind-pool']);
  return leastCount(request.host.sources, MOST_SOURCES, tight);
}

/** No profile gets more than it can have. */
function withNatAddresses(request: PlanRequest, addresses: number): PlanRequest {
  return { ...request, services: request.services.map((service) => (service.nat === undefined ? service : { ...service, nat: { ...service.nat, addresses: Math.max(service.nat.addresses, Math.min(addresses, service.nat.profile.mostAddresses)) } })) };
}

function leastNatAddresses(request: PlanRequest): number | undefined {
  const demands = request.services.flatMap(({ nat }) => (nat === undefined ? [] : [nat]));
  if (demands.length === 0) return undefined;
  const tight = (addresses: number): boolean => isTight(withNatAddresses(request, addresses), ['nat-ports']);
  return leastCount(Math.min(...demands.map(({ addresses }) => addresses)), Math.max(...demands.map(({ profile }) => profile.mostAddresses)), tight);
}

/** One of these limits loses more than is allowed. */
function isTight({ services, host, loss }: PlanRequest, ids: readonly ConstraintId[]): boolean {
  return limitsOf(services, host).some((one) => ids.includes(one.id) && lossAloneOf(one) > loss);
}

function isEnough(request: PlanRequest, id: 'descriptors' | 'conntrack', count: number): boolean {
  const host = { ...request.host, ...(id === 'descriptors' ? { descriptors: count } : { conntrackMax: count }) };
  return limitsOf(request.services, host).every((one) => one.id !== id || lossAloneOf(one) <= request.loss);
}

function leastCount(now: number, most: number, isTight: (count: number) => boolean): number | undefined {
  if (!isTight(now) || isTight(most)) return undefined;
  let low = now;
  let high = most;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isTight(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** `17` of one service, `17 (web), 4 (db)` of several. */
function listOf(services: readonly ServiceDemand[], texts: readonly string[], isNamed = services.length > 1): string {
  return !isNamed ? texts[0]! : texts.map((text, index) => `${text} (${services[index]!.name})`).join(', ');
}
