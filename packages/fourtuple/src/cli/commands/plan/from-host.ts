import type { Settings, Snapshot } from '../../../model/index.ts';
import { measure, measureSnapshot } from '../../../observe/index.ts';
import { closingSeconds, defaultTimers, type PlanRequest, type ServiceDemand } from '../../../plan/index.ts';
import type { NamespaceUsage, TupleUsage } from '../../../usage/index.ts';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { loadInput, namespaceNamed, selectNamespaces } from '../../gather.ts';
import type { ServiceFlags } from './command.ts';
import { supplyOf } from './request.ts';

/** Destinations that are planned one by one; the others are few connections each. */
const MOST_SERVICES = 20;
/** Taken for the lifetime of connections of which nothing shows how often they are made: only their number counts. */
const LASTING_SECONDS = 3600;

interface Read {
  readonly settings: Settings;
  readonly usage: NamespaceUsage;
  readonly limits: readonly string[];
}

/**
 * The services and limits of this host, or of a recording: one service a destination. How often connections are made is
 * told by TIME_WAIT (rate = number / length); where there is none, connections are taken for lasting ones.
 */
export async function readHost(context: CliContext, flags: ServiceFlags): Promise<{ request: PlanRequest; limits: readonly string[] }> {
  const recording = await loadInput({ input: flags.input, at: flags.at, source: 'auto' });
  const { settings, usage, limits } = recording === undefined ? live(flags) : recorded(recording, flags);
  const timers = { hz: supplyOf(flags).timers.hz, finTimeoutSeconds: settings.tcpFinTimeoutSeconds ?? 60, reuseDelaySeconds: settings.tcpTwReuseDelayMs / 1000 };
  const byDestination = new Map<string, TupleUsage[]>();
  for (const tuple of usage.tuples.top()) {
    const key = `${tuple.destination.isIpv4 ? tuple.destination.toString() : `[${tuple.destination.toString()}]`}:${tuple.destinationPort}`;
    byDestination.set(key, [...(byDestination.get(key) ?? []), tuple]);
  }
  const groups = [...byDestination].map(([name, tuples]) => ({ name, tuples, used: tuples.reduce((sum, { used }) => sum + used, 0) })).sort((left, right) => right.used - left.used);
  if (groups.length === 0) throw new UsageError('there are no outgoing connections to plan from: give --rate or --services');
  const shown = groups.slice(0, MOST_SERVICES);
  const sources = Math.max(1, ...shown.map(({ tuples }) => new Set(tuples.map(({ source }) => source.toString())).size));
  const widest = 64_512 - settings.reservedPorts.size;
  const usable = Math.max(0, usage.usablePorts - usage.poisonedPorts);
  const request: PlanRequest = {
    services: shown.map(({ name, tuples }) => serviceOf(name, tuples, flags.peakedness, closingSeconds('we', timers))),
    host: {
      usablePorts: usable,
      widestPorts: Math.max(usable, widest - usage.poisonedPorts),
      sources,
      policy: flags.policy,
      timers: { ...defaultTimers, ...timers },
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
      'Counted at one moment: plan for the busiest one, from a recording of it (--input FILE --at TIME), and give --peakedness where arrivals come in bursts.',
      ...(groups.length > MOST_SERVICES ? [`Of ${groups.length} destinations the ${MOST_SERVICES} with most ports are planned.`] : []),
      ...(shown.some(({ tuples }) => tuples.every(({ timeWait }) => timeWait === 0)) ? ['Connections to destinations without TIME_WAIT are taken for lasting ones: how often they are made does not show, only how many there are.'] : []),
    ],
  };
}

function serviceOf(name: string, tuples: readonly TupleUsage[], peakedness: number, timeWait: number): ServiceDemand {
  const waiting = tuples.reduce((sum, tuple) => sum + tuple.timeWait - tuple.reusableTimeWait, 0);
  const live = tuples.reduce((sum, tuple) => sum + tuple.used, 0) - waiting;
  const base = { name, closingShare: 1, destinations: 1, peakedness, bindsFirst: false, nat: undefined };
  if (waiting === 0) return { ...base, ratePerSecond: live / LASTING_SECONDS, lifetimeSeconds: LASTING_SECONDS, closing: 'peer' };
  const ratePerSecond = waiting / timeWait;
  return { ...base, ratePerSecond, lifetimeSeconds: Math.max(0, live) / ratePerSecond, closing: 'we' };
}

function live(flags: ServiceFlags): Read {
  const measured = measure(namespaceNamed(flags.namespace), { owners: 'none', probes: 'auto', source: 'auto' });
  return { settings: measured.settings, usage: measured.usage, limits: measured.usage.limits };
}

function recorded(recording: Snapshot, flags: ServiceFlags): Read {
  const chosen = selectNamespaces(recording, { namespace: flags.namespace });
  if (chosen.namespaces.length > 1) throw new UsageError(`the recording has several namespaces: choose one by --namespace (${chosen.namespaces.map(({ id }) => id.name).join(', ')})`);
  const [measured] = measureSnapshot(chosen);
  if (measured === undefined) throw new UsageError('the recording has no namespace');
  return { settings: measured.settings, usage: measured.usage, limits: [`Read from a recording of ${recording.takenAt} on ${recording.host}.`, ...recording.limits] };
}
