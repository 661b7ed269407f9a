import { constraintsOf, limitsOf, lossAloneOf, type Constraint } from './constraint.ts';
import { portHold, portsInUse, timeWaitsInUse, withRate, type HostSupply, type ServiceDemand } from './demand.ts';
import { connectMicroseconds } from './connect-cost.ts';
import { timeWaitSeconds } from './hold.ts';
import { natLossOf } from './nat-search.ts';

/** What is asked: one host's services, and how many of their connections may fail. */
export interface PlanRequest {
  readonly services: readonly ServiceDemand[];
  readonly host: HostSupply;
  /** Share of the connections that may fail, 1e-6 for one in a million. */
  readonly loss: number;
  /** Growth of every rate in a month: 0.1 for 10 %. */
  readonly growthPerMonth: number;
}

export interface ServicePlan {
  readonly service: ServiceDemand;
  /** Seconds that a connection takes its port. */
  readonly holdSeconds: number;
  /** Source ports in use on one host on average, over all destinations. */
  readonly ports: number;
  /** The limits on its way, the tightest first. */
  readonly constraints: readonly Constraint[];
  /** Share of its connections that fail: by any of them. */
  readonly loss: number;
  /** Rate at which the tightest limit loses what was asked for, with all services growing alike. */
  readonly safeRatePerSecond: number;
}

export interface Plan {
  readonly request: PlanRequest;
  readonly services: readonly ServicePlan[];
  /** Every limit, the tightest first. */
  readonly constraints: readonly Constraint[];
  /** The first and the second of them. */
  readonly binding: Constraint | undefined;
  readonly second: Constraint | undefined;
  /** Factor by which all rates may grow until the binding limit loses what was asked for; below 1 they are too high. */
  readonly headroom: number;
  /** Months until then at the growth that was given; 0 when it is over, undefined without growth. */
  readonly monthsLeft: number | undefined;
  /** What is worth knowing and limits nothing. */
  readonly notes: readonly string[];
}

/** Need, capacity, loss and the binding limit of every service of a host. */
export function makePlan(request: PlanRequest): Plan {
  const { services, host, loss } = request;
  const constraints = byTightness(constraintsOf(services, host, loss));
  const [binding, second] = constraints;
  const headroom = headroomOf(request, constraints);
  const planned = services.map((service): ServicePlan => {
    const own = constraints.filter((one) => one.services.includes(service.name));
    const tightest = own[0];
    return { service, holdSeconds: portHold(service, host), ports: portsInUse(service, host), constraints: own, loss: together(own), safeRatePerSecond: tightest === undefined || tightest.ratio === 0 ? Number.POSITIVE_INFINITY : isMixed(services) ? service.ratePerSecond * headroomOf(request, own) : service.ratePerSecond / tightest.ratio };
  });
  return { request, services: planned, constraints, binding, second, headroom, monthsLeft: monthsUntil(headroom, request.growthPerMonth), notes: [...timeWaitNotes(request), ...cliffNotes(planned, host), ...burstNotes(services, host), ...natNotes(services)] };
}

/** Programs that bind first take ports away from those that do not, and the other way round: then limits move with the rates. */
function isMixed(services: readonly ServiceDemand[]): boolean {
  return services.some(({ bindsFirst }) => bindsFirst) && services.some(({ bindsFirst }) => !bindsFirst);
}

const PRECISE = 1e-5;
/** A millionth of today's rates is none. */
const LEAST_FACTOR = 1e-6;

/** Factor on all rates at which one of these limits begins to lose more than is allowed. */
function headroomOf(request: PlanRequest, constraints: readonly Constraint[]): number {
  const tightest = constraints[0];
  if (tightest === undefined || tightest.ratio === 0) return Number.POSITIVE_INFINITY;
  if (!isMixed(request.services)) return 1 / tightest.ratio;
  const meant = new Set(constraints.map(({ id, services }) => `${id} ${services.join()}`));
  const holds = (factor: number): boolean => {
    const { services, host, loss } = scaled(request, factor);
    return limitsOf(services, host).every((one) => lossAloneOf(one) <= loss || !meant.has(`${one.id} ${[...one.contributions.keys()].join()}`));
  };
  let low = LEAST_FACTOR;
  // What others take, or no port at all, may leave nothing at any rate.
  if (!holds(low)) return 0;
  // Below today's rates there is more than by proportion, above them less.
  let high = Math.max(1, 1 / tightest.ratio);
  while (high - low > PRECISE * high) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The same with every rate times a factor. */
export function scaled(request: PlanRequest, factor: number): PlanRequest {
  return { ...request, services: request.services.map((service) => withRate(service, factor)) };
}

function byTightness(constraints: Constraint[]): Constraint[] {
  return constraints.sort((left, right) => right.ratio - left.ratio || right.offered / right.capacity - left.offered / left.capacity);
}

/** 1 - Π(1 - B): a connection needs all of them, and each is judged by what the others let through. */
function together(constraints: readonly Constraint[]): number {
  return -Math.expm1(constraints.reduce((sum, { loss }) => sum + Math.log1p(-loss), 0));
}

function monthsUntil(headroom: number, growth: number): number | undefined {
  if (growth === 0) return undefined;
  if (headroom <= 1) return 0;
  return growth < 0 || headroom === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : Math.log(headroom) / Math.log1p(growth);
}

function timeWaitNotes({ services, host }: PlanRequest): string[] {
  const { timeWaitBuckets } = host;
  if (timeWaitBuckets === undefined) return [];
  const inUse = services.reduce((sum, service) => sum + timeWaitsInUse(service, host), 0);
  if (inUse <= timeWaitBuckets) return [];
  const from = timeWaitBuckets / timeWaitSeconds(host.timers.hz);
  return [`TIME_WAIT would hold ${Math.round(inUse).toLocaleString('en')} ports, and tcp_max_tw_buckets allows ${timeWaitBuckets.toLocaleString('en')}: above ${from.toFixed(0)} closes/s the kernel skips TIME_WAIT, so that fewer ports are taken than is said here, and late packets may meet new connections.`];
}

const CLIFF = 0.5;

function cliffNotes(planned: readonly ServicePlan[], host: HostSupply): string[] {
  return planned
    .filter(({ constraints }) => host.usablePorts > 3 && constraints.some(({ id, capacity, offered }) => id === 'source-ports' && offered > capacity * CLIFF && offered <= capacity))
    .map(({ service }) => `${service.name}: above half of its ports connect() becomes slow, about ${cliffText(host.usablePorts)} instead of 10 µs, unless the program sets IP_LOCAL_PORT_RANGE.`);
}

/** Hayward's formula was compared with simulation up to a fifth of the ports. */
const MOST_PEAKEDNESS = 0.2;

function burstNotes(services: readonly ServiceDemand[], host: HostSupply): string[] {
  return services.filter(({ peakedness }) => peakedness > 1 && peakedness > host.usablePorts * host.sources * MOST_PEAKEDNESS).map(({ name, peakedness }) => `${name}: a peakedness of ${peakedness} is more than a fifth of the ports: its loss is a guess.`);
}

/** A fruitless walk over half of the ports, at 50 ns a port (measured). */
function cliffText(ports: number): string {
  const microseconds = connectMicroseconds(ports, 0.75, false);
  return microseconds < 1000 ? `${Math.round(microseconds / 10) * 10} µs` : `${(microseconds / 1000).toFixed(1)} ms`;
}

function natNotes(services: readonly ServiceDemand[]): string[] {
  return services.flatMap(({ name, nat }) => {
    if (nat === undefined) return [];
    const { profile, addresses } = nat;
    return [
      ...(addresses > profile.mostAddresses ? [`${name}: ${profile.title} takes ${profile.mostAddresses} addresses at most, not ${addresses}.`] : profile.quotaAddresses !== undefined && addresses > profile.quotaAddresses ? [`${name}: more than ${profile.quotaAddresses} addresses of ${profile.title} must be asked for (a quota).`] : []),
      ...(profile.hasBoundedSearch === true && profile.searchTries === undefined && natLossOf(profile.ports, 1) === undefined ? [`${name}: the port search of ${profile.title} is bounded, so that it fails before its ports are full; for ${profile.ports.toLocaleString('en')} ports that was not simulated, and the worst of the sizes that were is taken.`] : []),
    ];
  });
}
