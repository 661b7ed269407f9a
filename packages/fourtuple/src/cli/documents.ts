import type { Diagnosis, Finding } from '../diagnose/index.ts';
import type { Owner } from '../model/index.ts';
import type { Measurement } from '../observe/index.ts';
import type { BindPoolUsage, Holder, PoisonedPorts, TupleUsage } from '../usage/index.ts';

/** 3 / 10,000 times 10,000 is a little less than 3. */
const ROUNDING = 1e-9;

/** Ratios are printed with four decimals, rounded down below 1, so that 1 means full. */
function ratio(value: number): number {
  return value >= 1 ? 1 : Math.floor(value * 10_000 + ROUNDING) / 10_000;
}

export function namespaceDocument({ id, usage, settings }: Measurement): object {
  return {
    inode: id.inode,
    name: id.name,
    localPortRange: settings.localPortRange,
    reservedPorts: usage.reservedPorts,
    usablePorts: usage.usablePorts,
    poisonedPorts: usage.poisonedPorts,
    poisoned: usage.poisoned.map(poisonedDocument),
    sockets: usage.sockets,
    tcpTwReuse: settings.tcpTwReuse,
    tupleCount: usage.tuples.length,
  };
}

/**
 * A tuple as JSON. Tuples and pools are written as text at once: there may be a million, and where there are a hundred, making
 * an object of each and JSON of that takes as long as counting their sockets.
 */
export function tupleJson(namespace: number, tuple: TupleUsage): string {
  const device = tuple.device === 0 ? '' : `,"device":${tuple.device}`;
  const holders = tuple.holders.length === 0 ? '[]' : JSON.stringify(tuple.holders.map(holderDocument));
  return (
    `{"namespace":${namespace},"protocol":"tcp","source":"${tuple.source.toString()}","destination":"${tuple.destination.toString()}","destinationPort":${tuple.destinationPort}${device}` +
    `,"capacity":${tuple.capacity},"used":${tuple.used},"timeWait":${tuple.timeWait},"reusableTimeWait":${tuple.reusableTimeWait},"free":${tuple.free},"ratio":${ratio(tuple.ratio)}` +
    `,"connections":${tuple.connections},"established":${tuple.established},"explicit":${tuple.explicit},"holders":${holders}}`
  );
}

export function bindPoolJson(namespace: number, pool: BindPoolUsage): string {
  return `{"namespace":${namespace},"protocol":"${pool.protocol}","source":"${pool.source.toString()}","capacity":${pool.capacity},"used":${pool.used},"free":${pool.free},"ratio":${ratio(pool.ratio)}}`;
}

export function ownerDocument(owner: Owner | undefined): object {
  if (owner === undefined) return { pid: null, command: null };
  return { pid: owner.pid, command: owner.command, unit: owner.unit, container: owner.container };
}

export function findingDocument(finding: Finding): object {
  return {
    id: finding.id,
    severity: finding.severity,
    namespace: finding.namespace,
    title: finding.title,
    why: finding.why,
    evidence: finding.evidence,
    remedies: finding.remedies.map((remedy) => ({ title: remedy.title, command: remedy.command ?? null, risk: remedy.risk })),
    reference: finding.reference,
  };
}

export function firstToFailDocument(first: Diagnosis['firstToFail']): object | null {
  if (first === undefined) return null;
  const { operation, namespace } = first;
  return operation === 'connect'
    ? { operation, namespace, source: first.tuple.source.toString(), destination: first.tuple.destination.toString(), destinationPort: first.tuple.destinationPort, free: first.tuple.free }
    : { operation, namespace, protocol: first.pool.protocol, source: first.pool.source.toString(), free: first.pool.free };
}

function holderDocument(holder: Holder): object {
  return { ...ownerDocument(holder.owner), ports: holder.ports, explicit: holder.explicit, estimated: holder.isEstimate || undefined };
}

function poisonedDocument(group: PoisonedPorts): object {
  return { kind: group.kind, evidence: group.evidence, ports: group.ports, examples: group.examples, holder: ownerDocument(group.owner) };
}
