import { type HostSupply, type ServiceDemand } from './demand.ts';
import { closingSeconds } from './hold.ts';
import { busyConnections, poolFor, poolPorts } from './pools.ts';
import { makePlan, type Plan, type PlanRequest } from './planner.ts';

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
    // Less than a hundredth more is no help.
    if (!(then.headroom > plan.headroom * 1.01)) return;
    found.push({ id, title, cost, headroom: then.headroom, loss: Math.max(0, ...then.services.map((one) => one.loss)), suffices: then.headroom >= 1, bindingThen: then.binding?.title });
  };

  const pooled = services.map((service) => pooledDemand(service, host));
  add('pool', `Reuse connections: a pool of ${listOf(services, pooled.map(({ size }) => String(size)))} connections, each renewed after ${POOL_LIFETIME} s, serves the same rate of requests`, { ...request, services: pooled.map(({ demand }) => demand) }, 'the programs must keep connections, and the other side must let them');
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
  if (addresses !== undefined) add('nat-addresses', `${addresses} NAT addresses`, each((service) => (service.nat === undefined ? service : { ...service, nat: { ...service.nat, addresses: Math.max(addresses, service.nat.addresses) } })));
  for (const [id, title] of [['descriptors', 'the limit of file descriptors (LimitNOFILE=)'], ['conntrack', 'net.netfilter.nf_conntrack_max']] as const) {
    const limit = plan.constraints.find((one) => one.id === id);
    if (limit === undefined || limit.ratio <= 1) continue;
    const enough = Math.ceil((limit.capacity * limit.ratio * 1.25) / 1024) * 1024;
    add(id, `Raise ${title} to ${enough.toLocaleString('en')}`, on(id === 'descriptors' ? { descriptors: enough } : { conntrackMax: enough }));
  }
  return found;
}

/** The same requests over pooled connections: new ones are made when old ones are renewed. */
function pooledDemand(service: ServiceDemand, host: HostSupply): { readonly demand: ServiceDemand; readonly size: number } {
  const requests = { requestsPerSecond: service.ratePerSecond, requestSeconds: service.lifetimeSeconds };
  const size = busyConnections(requests) === 0 ? 1 : poolFor(requests, service.lifetimeSeconds * POOL_WAIT, POOL_PROBABILITY);
  const ports = poolPorts(size, POOL_LIFETIME, service.closingShare, closingSeconds(service.closing, host.timers));
  // As arrivals: each connection of the pool is one that lives long.
  const lifetimeSeconds = POOL_LIFETIME;
  const demand = { ...service, ratePerSecond: size / lifetimeSeconds, lifetimeSeconds, peakedness: 1 };
  return { demand: ports < service.ratePerSecond * service.lifetimeSeconds ? service : demand, size };
}

const MOST_SOURCES = 4096;
const MOST_TIMES = 64;

function timesDestinations(request: PlanRequest, times: number): PlanRequest {
  return { ...request, services: request.services.map((service) => ({ ...service, destinations: service.destinations * times })) };
}

/** Least whole factor of destinations that is enough. */
function leastDestinations(request: PlanRequest): number | undefined {
  return leastCount(1, MOST_TIMES, (times) => makePlan(timesDestinations(request, times)).constraints.some(({ id, ratio }) => (id === 'source-ports' || id === 'nat-ports') && ratio > 1));
}

/** Least number of source addresses with which they are not what binds too early; undefined when that is hopeless or needless. */
function leastSources(request: PlanRequest): number | undefined {
  const tight = (sources: number): boolean => makePlan({ ...request, host: { ...request.host, sources } }).constraints.some(({ id, ratio }) => (id === 'source-ports' || id === 'bind-pool') && ratio > 1);
  return leastCount(request.host.sources, MOST_SOURCES, tight);
}

function leastNatAddresses(request: PlanRequest): number | undefined {
  const demands = request.services.flatMap(({ nat }) => (nat === undefined || nat.profile.scope === 'per-host' ? [] : [nat]));
  if (demands.length === 0) return undefined;
  const most = Math.max(...demands.map(({ profile }) => profile.mostAddresses));
  const withAddresses = (addresses: number): PlanRequest => ({ ...request, services: request.services.map((service) => (service.nat === undefined ? service : { ...service, nat: { ...service.nat, addresses: Math.max(addresses, service.nat.addresses) } })) });
  const tight = (addresses: number): boolean => makePlan(withAddresses(addresses)).constraints.some(({ id, ratio }) => id === 'nat-ports' && ratio > 1);
  const now = Math.min(...demands.map(({ addresses }) => addresses));
  return leastCount(now, most, tight);
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
function listOf(services: readonly ServiceDemand[], texts: readonly string[]): string {
  return services.length === 1 ? texts[0]! : texts.map((text, index) => `${text} (${services[index]!.name})`).join(', ');
}
