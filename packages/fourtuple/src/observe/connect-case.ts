import { errnoCode, probeBind, probeConnect, probeRoute, readCounters, tryKernelTraits, OWN_NET, ProcFs, type FoundNamespace } from '../kernel/index.ts';
import { connectMayMissOne, effectiveRange, mayMissOne, rulePool, type ConnectOperation } from '../law/index.ts';
import type { Address, PortRange } from '../model/index.ts';
import type { ConnectCase, ConnectObstacle, ConnectPorts, ConnectQuestion, NamespaceUsage, Trial, TupleUsage } from '../usage/index.ts';
import { Asking, type CaseOptions } from './asking.ts';
import { trialOf, unlessNotLocal } from './bind-case.ts';
import { measure } from './measure.ts';
import { namespaceId } from './namespace-id.ts';
import { isPoolExact, ruleBindPool } from './pool-ruling.ts';
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
    const asking = new Asking(opened, options.probes);
    // What is measured below then goes by it too.
    const kernel = asking.try(() => tryKernelTraits(opened.settings.localPortRange)).value ?? opened.settings.kernel;
    const settings = { ...opened.settings, kernel };
    const before = opened.counters;
    const device = asking.device(question.device);
    const route = asking.try(() => probeRoute(question.destination, question.device)).value;
    const bindable = question.source === undefined ? 0 : asking.bindable(question.source, question.device);
    const sourceErrno = bindable ?? 0;
    const obstacle = obstacleOf(question, route?.errno ?? 0, sourceErrno);
    const source = question.source ?? route?.source;
    const measured = measure(namespace, { owners: 'auto', probes: options.probes, source: options.source });
    const { usage } = measured;
    const range = effectiveRange(settings.localPortRange, question.range);
    const limits = [...opened.limits, ...usage.limits];
    const operation: ConnectOperation | undefined = source === undefined ? undefined : { source, destination: question.destination, destinationPort: question.destinationPort, device, ownRange: question.range };
    const ports = operation === undefined || obstacle !== undefined ? undefined : usage.connectPorts(operation, range);
    const pool = question.isBound && source !== undefined ? usage.bindPool('tcp', source, question.range === undefined ? undefined : range) : undefined;
    const canMissOne = mayMissOne(range);
    // As most programs bind a source address: with SO_REUSEADDR.
    const isExact = source !== undefined && isPoolExact({ protocol: 'tcp', address: source, v6Only: false, device, reuseAddress: true, reusePort: false }, settings, options.probes !== 'none');
    const ruling = pool !== undefined ? ruleBindPool(pool, { isExact, canMissOne }) : ports === undefined ? undefined : rulePool(ports.counts, connectMayMissOne(range, question.range, kernel));
    const trial = obstacle !== undefined || ports === undefined ? trialOf({ value: undefined, unasked: 'there is nothing to try' }) : tryConnect(question, source, ports, range, settings.autobindReuse && pool?.free === 0, asking);
    await clock.pause();
    const after = asking.read(() => readCounters(new ProcFs(), OWN_NET)).value ?? before;
    return {
      question,
      namespace: namespaceId(namespace),
      settings,
      obstacle,
      obstacleCode: obstacle === undefined ? undefined : errnoCode(sourceErrno !== 0 ? sourceErrno : (route?.errno ?? 0)),
      source,
      range,
      ruling: bindable === undefined && ruling !== undefined ? unlessNotLocal(ruling) : ruling,
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

/** @param isShared bind(source, 0) can find but a port that others hold. */
function tryConnect(question: ConnectQuestion, source: Address | undefined, ports: ConnectPorts, range: PortRange, isShared: boolean, asking: Asking): Trial {
  if (question.isBound && source !== undefined) {
    if (isShared) return trialOf({ value: undefined, unasked: 'bind() may share a port here (ip_autobind_reuse), on which connect() may then fail' });
    return trialOf(asking.try(() => probeBind({ protocol: 'tcp', address: source, port: 0, reuseAddress: true, device: question.device, range: question.range === undefined ? undefined : range })));
  }
  const shared = { source: question.source, destination: question.destination, destinationPort: question.destinationPort, device: question.device };
  const { counts, untouched, reusable } = ports;
  if (untouched === undefined && reusable > 0) return trialOf({ value: undefined, unasked: 'only ports in a reusable TIME_WAIT are left, and the trial would take one of them over' });
  // With TIME_WAIT about, which may become reusable at any moment, one port that is surely free is asked for alone.
  const only = untouched !== undefined && reusable + counts['time-wait'] > 0 ? { low: untouched, high: untouched } : question.range === undefined ? undefined : range;
  const tried = asking.try(() => probeConnect({ ...shared, range: only }));
  return trialOf({ value: tried.value?.errno, unasked: tried.unasked });
}
