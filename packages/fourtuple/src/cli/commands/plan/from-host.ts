import { endpointText, type Settings, type Snapshot } from '../../../model/index.ts';
import { loadBpfReaders, measure, measureSnapshot, type Measurement } from '../../../observe/index.ts';
import { closingSeconds, peakednessOfUse, type PlanRequest, type ServiceDemand } from '../../../plan/index.ts';
import type { NamespaceUsage, TupleUsage } from '../../../usage/index.ts';
import { UsageError } from '../../errors.ts';
import { loadInput, namespaceNamed, selectNamespaces } from '../../gather.ts';
import type { ServiceFlags } from './command.ts';
import { supplyOf } from './request.ts';

/** Tuples that are planned one by one; the others are few connections each. */
const MOST_TUPLES = 20;
/** Taken for the lifetime of connections of which nothing shows how often they are made: only their number counts. */
const LASTING_SECONDS = 3600;

/** What was seen at one moment. */
interface Seen {
  readonly settings: Settings;
  readonly usage: NamespaceUsage;
  readonly limits: readonly string[];
  /** By tuple, where a series showed it. */
  readonly peakedness: ReadonlyMap<string, number>;
}

/**
 * The services and limits of this host, or of a recording: one service a tuple, and one more for those of its connections
 * that were bound first. How often connections are made is told by TIME_WAIT (rate = number / length); where there is
 * none, connections are taken for lasting ones. Of a recording
 * with several snapshots the busiest is planned, and all of them tell the peakedness.
 */
export async function readHost(flags: ServiceFlags): Promise<{ request: PlanRequest; limits: readonly string[] }> {
  const { settings, usage, limits, peakedness } = await seen(flags);
  const timers = { hz: supplyOf(flags).timers.hz, finTimeoutSeconds: settings.tcpFinTimeoutSeconds ?? 60, reuseDelaySeconds: settings.tcpTwReuseDelayMs / 1000 };
  const tuples = usage.tuples.top().filter(({ used, explicit }) => used + explicit > 0).toSorted((left, right) => right.used + right.explicit - left.used - left.explicit);
  if (tuples.length === 0) throw new UsageError('there are no outgoing connections to plan from: give --rate or --services');
  const shown = tuples.slice(0, MOST_TUPLES);
  // Their ports are planned as ports of services, not as lost ones.
  const boundFirst = shown.reduce((sum, { explicit }) => sum + explicit, 0);
  const usable = Math.max(0, usage.usablePorts - usage.poisonedPorts + Math.min(usage.poisonedPorts, boundFirst));
  const services = shown.flatMap((tuple) => servicesOf(tuple, flags.peakedness ?? peakedness.get(nameOf(tuple)) ?? 1, closingSeconds('we', timers)));
  const lasting = services.filter(({ lifetimeSeconds, closing }) => closing === 'peer' && lifetimeSeconds === LASTING_SECONDS).length;
  const request: PlanRequest = {
    services,
    host: {
      usablePorts: usable,
      widestPorts: Math.max(usable, 64_512 - settings.reservedPorts.size - usage.poisonedPorts + Math.min(usage.poisonedPorts, boundFirst)),
      // Each tuple has its own source.
      sources: 1,
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
      ...(tuples.length > MOST_TUPLES ? [`Of ${tuples.length} tuples the ${MOST_TUPLES} with most ports are planned.`] : []),
      ...(lasting > 0 ? [`${lasting === services.length ? 'Connections' : `Connections of ${lasting} of the ${services.length} services`} have no TIME_WAIT of their own here and are taken for lasting ones: how often they are made does not show, only how many there are.`] : []),
    ],
  };
}

async function seen(flags: ServiceFlags): Promise<Seen> {
  if (flags.input === undefined) {
    await loadBpfReaders();
    const { settings, usage } = measure(namespaceNamed(flags.namespace), { owners: 'none', probes: 'auto', source: 'auto' });
    return { settings, usage, limits: [...usage.limits, 'Counted at one moment: plan for the busiest one, from a recording of it (fourtuple record --every 60s; plan --input FILE), which shows bursts as well.'], peakedness: new Map() };
  }
  if (flags.at !== undefined) {
    const recording = await loadInput({ input: flags.input, at: flags.at, source: 'auto' });
    return { ...recorded(recording!, flags), limits: [readFrom(recording!), ...recording!.limits], peakedness: new Map() };
  }
  return seenInSeries(flags, (await import('../../recording.ts')).loadSeries(flags.input));
}

/** The busiest of the snapshots, and the peakedness of each tuple over all of them. */
function seenInSeries(flags: ServiceFlags, series: Iterable<Snapshot>): Seen {
  let busiest: { measured: Measurement; snapshot: Snapshot; used: number } | undefined;
  const times: number[] = [];
  const used = new Map<string, number[]>();
  for (const snapshot of series) {
    const measured = recorded(snapshot, flags);
    let total = 0;
    for (const tuple of measured.usage.tuples.top()) {
      const name = nameOf(tuple);
      const ports = tuple.used + tuple.explicit;
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

function nameOf({ source, destination, destinationPort }: TupleUsage): string {
  return `${source.toString()} to ${endpointText(destination, destinationPort)}`;
}

function servicesOf(tuple: TupleUsage, peakedness: number, timeWaitSeconds: number): ServiceDemand[] {
  const name = nameOf(tuple);
  const base = { closingShare: 1, destinations: 1, peakedness, source: tuple.source.toString(), nat: undefined };
  const lasting = { lifetimeSeconds: LASTING_SECONDS, closing: 'peer' } as const;
  const found: ServiceDemand[] = [];
  if (tuple.explicit > 0) found.push({ ...base, ...lasting, name: `${name}, bound first`, bindsFirst: true, ratePerSecond: tuple.explicit / LASTING_SECONDS });
  if (tuple.used > 0 || tuple.explicit === 0) {
    // All TIME_WAIT tell how often connections close; those that connect() may take over take no port.
    const closes = tuple.timeWait / timeWaitSeconds;
    const living = Math.max(0, tuple.used - (tuple.timeWait - tuple.reusableTimeWait));
    if (closes === 0) found.push({ ...base, ...lasting, name, bindsFirst: false, ratePerSecond: tuple.used / LASTING_SECONDS });
    else found.push({ ...base, name, bindsFirst: false, ratePerSecond: closes, lifetimeSeconds: living / closes, closing: tuple.reusableTimeWait > 0 ? 'we-reused' : 'we' });
  }
  return found;
}
