import { errnoCode, interfaceIndex, probeAddress, probeBind, probeConnect, probeRoute, readCounters, OWN_NET, ProcFs, type FoundNamespace } from '../kernel/index.ts';
import { effectiveRange, mayMissOne, rulePool, type ConnectOperation, type Ruling } from '../law/index.ts';
import type { Address, PortRange } from '../model/index.ts';
import type { BindPoolUsage, ConnectCase, ConnectObstacle, ConnectPorts, ConnectQuestion, NamespaceUsage, Trial, TupleUsage } from '../usage/index.ts';
import { askIfAllowed, trialOf, type CaseOptions } from './bind-case.ts';
import { measure } from './measure.ts';
import { namespaceId } from './namespace-id.ts';
import { openNamespace } from './source.ts';

const EAFNOSUPPORT = 97;
const EADDRNOTAVAIL = 99;
const ENETUNREACH = 101;

/**
 * Looks at a namespace, applies the law, and then lets the kernel look for a port without sending a packet.
 * @param pause waits between the two readings of the counters.
 */
export async function inspectConnect(question: ConnectQuestion, namespace: FoundNamespace, options: CaseOptions, clock: { now(): Date; pause(): Promise<unknown> }): Promise<ConnectCase> {
  const began = clock.now().getTime();
  const opened = openNamespace(namespace, options.source);
  try {
    const { settings } = opened;
    const before = opened.counters;
    const asked = <T>(work: () => T): { value: T | undefined; unasked: string | undefined } => askIfAllowed(opened.canEnter, options.probes, () => opened.inside(work));
    const route = asked(() => probeRoute(question.destination)).value;
    const sourceErrno = question.source === undefined ? 0 : (asked(() => probeAddress(question.source!)).value ?? 0);
    const obstacle = obstacleOf(question, route?.errno ?? 0, sourceErrno);
    const source = question.source ?? route?.source;
    const measured = measure(namespace, { owners: 'auto', probes: options.probes, source: options.source });
    const { usage } = measured;
    const range = effectiveRange(settings.localPortRange, question.range);
    const limits = [...opened.limits, ...usage.limits];
    const device = question.device === undefined ? 0 : (asked(() => interfaceIndex(question.device!)).value ?? 0);
    const operation: ConnectOperation | undefined = source === undefined ? undefined : { source, destination: question.destination, destinationPort: question.destinationPort, device, ownRange: question.range };
    const ports = operation === undefined || obstacle !== undefined ? undefined : usage.connectPorts(operation, range);
    const pool = question.isBound && source !== undefined ? usage.bindPool('tcp', source) : undefined;
    const ruling = question.isBound && pool !== undefined ? ruleBound(pool) : ports === undefined ? undefined : rulePool(ports.counts, question.range === undefined && mayMissOne(range));
    const trial = obstacle !== undefined || ports === undefined ? trialOf({ value: undefined, unasked: 'there is nothing to try' }) : tryConnect(question, source, ports, range, asked);
    await clock.pause();
    const after = askIfAllowed(opened.canEnter, 'auto', () => opened.inside(() => readCounters(new ProcFs(), OWN_NET))).value ?? before;
    return {
      question,
      namespace: namespaceId(namespace),
      settings,
      obstacle,
      obstacleCode: obstacle === undefined ? undefined : errnoCode(sourceErrno !== 0 ? sourceErrno : (route?.errno ?? 0)),
      source,
      range,
      ruling,
      ports,
      tuple: source === undefined ? undefined : tupleOf(usage, source, question, device),
      pool,
      trial,
      usage,
      counters: { before, after, elapsedMs: clock.now().getTime() - began },
      limits: [...new Set(limits)],
    };
  } finally {
    opened.source.close();
  }
}

function obstacleOf(question: ConnectQuestion, routeErrno: number, sourceErrno: number): ConnectObstacle | undefined {
  if (sourceErrno !== 0) return 'source-not-local';
  if (routeErrno === 0) return undefined;
  const lacksIpv6 = !question.destination.isIpv4 && (routeErrno === EAFNOSUPPORT || routeErrno === EADDRNOTAVAIL || routeErrno === ENETUNREACH);
  return lacksIpv6 ? 'no-ipv6' : 'no-route';
}

function tupleOf(usage: NamespaceUsage, source: Address, question: ConnectQuestion, device: number): TupleUsage | undefined {
  for (let rank = 0; rank < usage.tuples.length; rank++) {
    const tuple = usage.tuples.at(rank);
    if (tuple.source.equals(source) && tuple.destination.equals(question.destination) && tuple.destinationPort === question.destinationPort && tuple.device === device) return tuple;
  }
  return undefined;
}

function ruleBound(pool: BindPoolUsage): Omit<Ruling, 'holders'> {
  if (pool.free > 0) return { outcome: 'succeeds', errno: undefined, clause: 'port-found' };
  return { outcome: 'fails', errno: 'EADDRINUSE', clause: pool.capacity === 0 ? 'range-reserved' : 'range-held' };
}

type Asking = <T>(work: () => T) => { value: T | undefined; unasked: string | undefined };

function tryConnect(question: ConnectQuestion, source: Address | undefined, ports: ConnectPorts, range: PortRange, asked: Asking): Trial {
  if (question.isBound && source !== undefined) {
    return trialOf(asked(() => probeBind({ protocol: 'tcp', address: source, port: 0, reuseAddress: true })));
  }
  const shared = { source: question.source, destination: question.destination, destinationPort: question.destinationPort, ...(question.device === undefined ? {} : { device: question.device }) };
  const { counts, untouched, reusable } = ports;
  if (untouched === undefined && reusable > 0) return trialOf({ value: undefined, unasked: 'only ports in a reusable TIME_WAIT are left, and the trial would take one of them over' });
  // With TIME_WAIT about, one port that is surely free is asked for alone.
  const only = untouched !== undefined && counts.free > 0 && reusable > 0 ? { low: untouched, high: untouched } : question.range === undefined ? undefined : range;
  const tried = asked(() => probeConnect({ ...shared, range: only }));
  return trialOf({ value: tried.value?.errno, unasked: tried.unasked });
}
