import { endpointText, type Settings, type Snapshot } from '../../../model/index.ts';
import { measure, measureSnapshot, type Measurement } from '../../../observe/index.ts';
import { closingSeconds, peakednessOfUse, type PlanRequest, type ServiceDemand } from '../../../plan/index.ts';
import type { NamespaceUsage, TupleUsage } from '../../../usage/index.ts';
import { UsageError } from '../../errors.ts';
import { loadInput, namespaceNamed, selectNamespaces } from '../../gather.ts';
import type { ServiceFlags } from './command.ts';
import { supplyOf } from './request.ts';

/** Destinations that are planned one by one; the others are few connections each. */
const MOST_SERVICES = 20;
/** Taken for the lifetime of connections of which nothing shows how often they are made: only their number counts. */
const LASTING_SECONDS = 3600;

/** What was seen at one moment. */
interface Seen {
  readonly settings: Settings;
  readonly usage: NamespaceUsage;
  readonly limits: readonly string[];
  /** By destination, where a series showed it. */
  readonly peakedness: ReadonlyMap<string, number>;
}

/**
 * The services and limits of this host, or of a recording: one service a destination. How often connections are made is
 * told by TIME_WAIT (rate = number / length); where there is none, connections are taken for lasting ones. Of a recording
 * with several snapshots the busiest is planned, and all of them tell the peakedness.
 */
export async function readHost(flags: ServiceFlags): Promise<{ request: PlanRequest; limits: readonly string[] }> {
  const { settings, usage, limits, peakedness } = await seen(flags);
  const timers = { hz: supplyOf(flags).timers.hz, finTimeoutSeconds: settings.tcpFinTimeoutSeconds ?? 60, reuseDelaySeconds: settings.tcpTwReuseDelayMs / 1000 };
  const groups = [...byDestination(usage)].map(([name, tuples]) => ({ name, tuples, used: usedOf(tuples) })).sort((left, right) => right.used - left.used);
  if (groups.length === 0) throw new UsageError('there are no outgoing connections to plan from: give --rate or --services');
  const shown = groups.slice(0, MOST_SERVICES);
  const usable = Math.max(0, usage.usablePorts - usage.poisonedPorts);
  const lasting = shown.filter(({ tuples }) => waitingOf(tuples) === 0).length;
  const request: PlanRequest = {
    services: shown.map(({ name, tuples }) => serviceOf(name, tuples, flags.peakedness ?? peakedness.get(name) ?? 1, closingSeconds('we', timers))),
    host: {
      usablePorts: usable,
      widestPorts: Math.max(usable, 64_512 - settings.reservedPorts.size - usage.poisonedPorts),
      sources: Math.max(...shown.map(({ tuples }) => new Set(tuples.map(({ source }) => source.toString())).size)),
      policy: flags.policy,
      timers,
      conntrackMax: flags.conntrack ?? settings.conntrackMax,
      descriptors: flags.descriptors,
      timeWaitBuckets: settings.tcpMaxTwBuckets,
    },
    loss: flags.loss,
    growthPerMonth: flags.growth,
  };
  return {
    request,
    limits: [
      ...limits,
      ...(groups.length > MOST_SERVICES ? [`Of ${groups.length} destinations the ${MOST_SERVICES} with most ports are planned.`] : []),
      ...(lasting > 0 ? [`${lasting === shown.length ? 'Connections' : `Connections to ${lasting} of the destinations`} have no TIME_WAIT here and are taken for lasting ones: how often they are made does not show, only how many there are.`] : []),
    ],
  };
}

async function seen(flags: ServiceFlags): Promise<Seen> {
  if (flags.input === undefined) {
    const { settings, usage } = measure(namespaceNamed(flags.namespace), { owners: 'none', probes: 'auto', source: 'auto' });
    return { settings, usage, limits: [...usage.limits, 'Counted at one moment: plan for the busiest one, from a recording of it (fourtuple record --every 60s; plan --input FILE), which shows bursts as well.'], peakedness: new Map() };
  }
  if (flags.at !== undefined) {
    const recording = await loadInput({ input: flags.input, at: flags.at, source: 'auto' });
    return { ...recorded(recording!, flags), limits: [readFrom(recording!), ...recording!.limits], peakedness: new Map() };
  }
  return seenInSeries(flags, (await import('../../recording.ts')).loadSeries(flags.input));
}

/** The busiest of the snapshots, and the peakedness of each destination over all of them. */
function seenInSeries(flags: ServiceFlags, series: Iterable<Snapshot>): Seen {
  let busiest: { measured: Measurement; snapshot: Snapshot; used: number } | undefined;
  const times: number[] = [];
  const used = new Map<string, number[]>();
  for (const snapshot of series) {
    const measured = recorded(snapshot, flags);
    let total = 0;
    for (const [name, tuples] of byDestination(measured.usage)) {
      const ports = usedOf(tuples);
      total += ports;
      let values = used.get(name);
      if (values === undefined) used.set(name, (values = []));
      while (values.length < times.length) values.push(0);
      values.push(ports);
    }
    times.push(Date.parse(snapshot.takenAt));
    if (busiest === undefined || total > busiest.used) busiest = { measured, snapshot, used: total };
  }
  const { measured, snapshot } = busiest!;
  const limits = [readFrom(snapshot), ...snapshot.limits];
  const peakedness = new Map<string, number>();
  if (times.length < LEAST_SNAPSHOTS) return { ...measured, limits: [...limits, ...(times.length > 1 ? [`It is the busiest of ${times.length} snapshots; from ${LEAST_SNAPSHOTS} on they would show how bursty arrivals are.`] : [])], peakedness };
  const sampleSeconds = (times.at(-1)! - times[0]!) / 1000 / (times.length - 1);
  const capacity = Math.max(1, measured.usage.usablePorts - measured.usage.poisonedPorts);
  let fewest = Number.POSITIVE_INFINITY;
  for (const [name, values] of used) {
    while (values.length < times.length) values.push(0);
    const estimate = peakednessOfUse(values, capacity, sampleSeconds);
    peakedness.set(name, estimate.peakedness);
    fewest = Math.min(fewest, estimate.windows);
  }
  return { ...measured, limits: [...limits, `It is the busiest of ${times.length} snapshots; all of them tell the peakedness${fewest < RELIABLE_WINDOWS ? `, from ${Math.floor(fewest)} windows of a minute only: it may be off by half and more` : ''}.`], peakedness };
}

const LEAST_SNAPSHOTS = 10;
const RELIABLE_WINDOWS = 30;

function recorded(recording: Snapshot, flags: ServiceFlags): Measurement {
  const chosen = selectNamespaces(recording, { namespace: flags.namespace });
  if (chosen.namespaces.length > 1) throw new UsageError(`the recording has several namespaces: choose one by --namespace (${chosen.namespaces.map(({ id }) => id.name).join(', ')})`);
  const [measured] = measureSnapshot(chosen);
  if (measured === undefined) throw new UsageError('the recording has no namespace');
  return measured;
}

function readFrom({ takenAt, host }: Snapshot): string {
  return `Read from a recording of ${takenAt} on ${host}.`;
}

function byDestination(usage: NamespaceUsage): Map<string, TupleUsage[]> {
  const found = new Map<string, TupleUsage[]>();
  for (const tuple of usage.tuples.top()) {
    const name = endpointText(tuple.destination, tuple.destinationPort);
    const tuples = found.get(name);
    if (tuples === undefined) found.set(name, [tuple]);
    else tuples.push(tuple);
  }
  return found;
}

function usedOf(tuples: readonly TupleUsage[]): number {
  return tuples.reduce((sum, { used }) => sum + used, 0);
}

/** TIME_WAIT that take a port: those that connect() may take over do not. */
function waitingOf(tuples: readonly TupleUsage[]): number {
  return tuples.reduce((sum, { timeWait, reusableTimeWait }) => sum + timeWait - reusableTimeWait, 0);
}

function serviceOf(name: string, tuples: readonly TupleUsage[], peakedness: number, timeWaitSeconds: number): ServiceDemand {
  const waiting = waitingOf(tuples);
  const living = usedOf(tuples) - waiting;
  const base = { name, closingShare: 1, destinations: 1, peakedness, bindsFirst: false, nat: undefined };
  if (waiting === 0) return { ...base, ratePerSecond: living / LASTING_SECONDS, lifetimeSeconds: LASTING_SECONDS, closing: 'peer' };
  const ratePerSecond = waiting / timeWaitSeconds;
  return { ...base, ratePerSecond, lifetimeSeconds: Math.max(0, living) / ratePerSecond, closing: 'we' };
}
