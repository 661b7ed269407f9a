import { CAP_NET_BIND_SERVICE, errnoCode, hasCapability, interfaceIndex, probeAddress, probeBind, ProcFs, reasonOf, UnsupportedError, type BindTrial, type FoundNamespace } from '../kernel/index.ts';
import { ruleBind, type BindOperation, type BindRules, type Ruling } from '../law/index.ts';
import { lawHolder, type BindCase, type BindPoolUsage, type BindQuestion, type KnownHolder, type Trial } from '../usage/index.ts';
import { findHolders } from './holders.ts';
import { measure } from './measure.ts';
import { namespaceId } from './namespace-id.ts';
import { openNamespace, type SourceChoice } from './source.ts';

/** The kernel's default; before 4.11 it was compiled in. */
const UNPRIVILEGED_PORT_START = 1024;

export interface CaseOptions {
  readonly probes: 'auto' | 'none';
  readonly source: SourceChoice;
}

/** Looks at a namespace, applies the law, and then lets the kernel try it: a bind() that is closed at once. */
export function inspectBind(question: BindQuestion, namespace: FoundNamespace, options: CaseOptions): BindCase {
  const opened = openNamespace(namespace, options.source);
  try {
    const { settings } = opened;
    const found = question.port === 0 ? { holders: [], limits: [...opened.limits] } : findHolders(question.port, [namespace], options);
    const limits = [...found.limits];
    const holders = found.holders.map((seen) => lawHolder(seen, settings)).filter((holder) => holder.protocol === question.protocol);
    const asked = <T>(work: () => T): { value: T | undefined; unasked: string | undefined } => askIfAllowed(opened.canEnter, options.probes, () => opened.inside(work));
    const local = asked(() => probeAddress(question.address));
    const device = question.device === undefined ? 0 : (asked(() => interfaceIndex(question.device!)).value ?? 0);
    const isSelf = question.uid === undefined || question.uid === (process.geteuid?.() ?? 0);
    const operation: BindOperation = {
      ...question,
      isIpv6Socket: !question.address.isIpv4,
      device,
      uid: question.uid ?? process.geteuid?.(),
      isLocalAddress: question.address.isUnspecified || local.value === undefined || local.value === 0,
      isPrivileged: isSelf ? (hasCapability(new ProcFs(), CAP_NET_BIND_SERVICE) ?? process.geteuid?.() === 0) : question.uid === 0,
    };
    const rules: BindRules = { localPortRange: settings.localPortRange, reservedPorts: settings.reservedPorts, autobindReuse: settings.autobindReuse, unprivilegedPortStart: settings.unprivilegedPortStart ?? UNPRIVILEGED_PORT_START };
    const pool = question.port === 0 ? poolOf(question, namespace, options, limits) : undefined;
    const ruling = pool === undefined ? ruleBind(operation, holders, rules) : rulePoolBind(operation, pool);
    const trialAs: BindTrial = { ...question, ...(question.device === undefined ? {} : { device: question.device }) } as BindTrial;
    const tried = isSelf ? asked(() => probeBind(trialAs)) : { value: undefined, unasked: `the trial would be made as another user than ${question.uid}` };
    return {
      question,
      namespace: namespaceId(namespace),
      settings,
      ruling,
      trial: trialOf(tried),
      holders,
      pool,
      isReserved: settings.reservedPorts.has(question.port),
      isInRange: question.port >= settings.localPortRange.low && question.port <= settings.localPortRange.high,
      limits: [...new Set(limits)],
    };
  } finally {
    opened.source.close();
  }
}

/** What a trial gave, with the errno's name. */
export function trialOf({ value, unasked }: { value: number | undefined; unasked: string | undefined }): Trial {
  return { errno: value, code: value === undefined || value === 0 ? undefined : errnoCode(value), unasked };
}

/** Asks, unless it is not wanted or not possible. */
export function askIfAllowed<T>(canEnter: boolean, mode: CaseOptions['probes'], work: () => T): { value: T | undefined; unasked: string | undefined } {
  if (mode === 'none') return { value: undefined, unasked: 'probing was switched off (--probe none)' };
  if (!canEnter) return { value: undefined, unasked: 'the namespace could not be entered' };
  try {
    return { value: work(), unasked: undefined };
  } catch (error) {
    return { value: undefined, unasked: error instanceof UnsupportedError ? `it takes ${error.needs}` : reasonOf(error) };
  }
}

function poolOf(question: BindQuestion, namespace: FoundNamespace, { probes, source }: CaseOptions, limits: string[]): BindPoolUsage {
  const { usage } = measure(namespace, { owners: 'none', probes, source, portsOnly: true });
  limits.push(...usage.limits);
  return usage.bindPool(question.protocol, question.address);
}

function rulePoolBind(operation: BindOperation, pool: BindPoolUsage): Ruling<KnownHolder> {
  if (!operation.isLocalAddress) return { outcome: 'fails', errno: 'EADDRNOTAVAIL', clause: 'address-not-local', holders: [] };
  if (pool.free > 0) return { outcome: 'succeeds', errno: undefined, clause: 'port-found', holders: [] };
  return { outcome: 'fails', errno: 'EADDRINUSE', clause: pool.capacity === 0 ? 'range-reserved' : 'range-held', holders: [] };
}
