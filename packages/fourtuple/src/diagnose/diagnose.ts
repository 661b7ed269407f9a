import { grouped, plural } from '../model/index.ts';
import type { TupleUsage } from '../usage/index.ts';
import { defaultThresholds, severities, type DiagnosisContext, type Finding, type Inspected, type PortlessConnects, type Remedy, type Thresholds } from './finding.ts';
import { findFirstToFail, type FirstToFail } from './first-to-fail.ts';
import { rules } from './rules.ts';
import { tupleText, usedText } from './texts.ts';

export type Status = 'ok' | 'warning' | 'critical' | 'unknown';

export interface Diagnosis {
  readonly status: Status;
  /** One sentence. */
  readonly summary: string;
  readonly findings: readonly Finding[];
  /** The pool that will refuse first, over all namespaces. */
  readonly firstToFail: FirstToFail | undefined;
}

/** Where in the documentation each finding is explained. */
export function findingReference(id: string): string {
  return `docs/reference/findings.md#${id}`;
}

/** What was known at an earlier look, or was counted since, by namespace inode. */
export interface Earlier {
  readonly counters: ReadonlyMap<number, Inspected['counters']>;
  readonly elapsedMs: number;
  readonly portless?: ReadonlyMap<number, readonly PortlessConnects[]> | undefined;
}

/** Draws the conclusions from what was measured. */
export function diagnose(inspected: readonly Inspected[], thresholds: Thresholds = defaultThresholds, earlier?: Earlier): Diagnosis {
  const host = inspected.find((one) => one.id.name === 'host');
  const findings: Finding[] = [];
  for (const one of inspected) {
    const context: DiagnosisContext = { thresholds, host, earlier: earlier?.counters.get(one.id.inode), elapsedMs: earlier?.elapsedMs, portless: earlier?.portless?.get(one.id.inode) };
    for (const rule of rules) {
      if (rule.isHostWide === true && one !== inspected[0]) continue;
      for (const found of rule.inspect(one, context)) findings.push({ id: rule.id, namespace: one.id.inode, ...found, remedies: found.remedies.map((remedy) => aimed(remedy, one, inspected)), reference: findingReference(rule.id) });
    }
  }
  findings.sort((left, right) => severities.indexOf(right.severity) - severities.indexOf(left.severity));
  const worst = findings[0]?.severity;
  const status: Status = inspected.length === 0 ? 'unknown' : worst === 'critical' || worst === 'warning' ? worst : 'ok';
  const firstToFail = findFirstToFail(inspected);
  return { status, summary: summarise(inspected, findings), findings, firstToFail };
}

/** The path of the namespace in which we run, and in which a command is pasted. */
const OWN_NAMESPACE = '/proc/thread-self/ns/net';

/**
 * A command is pasted in the namespace of the reader: one that sets a sysctl of another must enter it first, and is left
 * out where no file is known by which to enter.
 */
function aimed(remedy: Remedy, { id }: Inspected, inspected: readonly Inspected[]): Remedy {
  const isReaders = id.path === OWN_NAMESPACE || (id.path === undefined && (inspected.length === 1 || id.name === 'host'));
  if (isReaders || remedy.command?.startsWith('sysctl -w net.') !== true) return remedy;
  const title = `In ${id.name}: ${remedy.title}`;
  return id.path !== undefined && /^[\w./@:+-]+$/.test(id.path) ? { ...remedy, title, command: `nsenter --net=${id.path} ${remedy.command}` } : { title, risk: remedy.risk };
}

/** The fullest tuple of all namespaces. */
function fullestTuple(inspected: readonly Inspected[]): TupleUsage | undefined {
  const fullest = inspected.filter(({ usage }) => usage.tuples.length > 0).map(({ usage }) => usage.tuples.at(0));
  return fullest.sort((left, right) => right.ratio - left.ratio)[0];
}

function summarise(inspected: readonly Inspected[], findings: readonly Finding[]): string {
  const worst = findings.find((finding) => finding.severity !== 'info');
  if (inspected.length === 0) return 'No network namespace could be read.';
  if (worst !== undefined) {
    const more = findings.filter((finding) => finding.severity !== 'info').length - 1;
    return `${worst.title}.${more > 0 ? ` ${plural(more, 'more finding')}.` : ''}`;
  }
  const tuple = fullestTuple(inspected);
  if (tuple !== undefined) return `The fullest is ${tupleText(tuple)}: ${usedText(tuple)}.`;
  return `Every pool is free: no outgoing connection, ${grouped(inspected[0]!.usage.usablePorts)} usable ports for each (source, destination, port).`;
}
