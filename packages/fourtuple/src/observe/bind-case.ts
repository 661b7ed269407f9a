import { CAP_NET_BIND_SERVICE, errnoCode, hasCapability, probeBind, ProcFs, type FoundNamespace } from '../kernel/index.ts';
import { agreed, BindBucket, mayMissOne, ruleBind, type BindOperation, type BindRules, type Ruling } from '../law/index.ts';
import { lawHolder, type BindCase, type BindPoolUsage, type BindQuestion, type KnownHolder, type Trial } from '../usage/index.ts';
import { Asking, type Answered, type CaseOptions } from './asking.ts';
import { findHolders } from './holders.ts';
import { measure } from './measure.ts';
import { namespaceId } from './namespace-id.ts';
import { isPoolExact, ruleBindPool } from './pool-ruling.ts';
import { openNamespace } from './source.ts';

/** The kernel's default; before 4.11 it was compiled in. */
const UNPRIVILEGED_PORT_START = 1024;

/** Looks at a namespace, applies the law, and then lets the kernel try it: a bind() that is closed at once. */
export function inspectBind(question: BindQuestion, namespace: FoundNamespace, options: CaseOptions): BindCase {
  const opened = openNamespace(namespace, options.source);
  try {
    const { settings } = opened;
    const asking = new Asking(opened, options.probes);
    const device = asking.device(question.device);
    const found = question.port === 0 ? { holders: [], limits: [...opened.limits] } : findHolders(question.port, [namespace], options);
    const limits = [...found.limits];
    const holders = found.holders.map((seen) => lawHolder(seen, settings)).filter((holder) => holder.protocol === question.protocol);
    const bindable = asking.bindable(question.address, question.device);
    const isSelf = question.uid === undefined || question.uid === (process.geteuid?.() ?? 0);
    const operation: BindOperation = {
      ...question,
      isIpv6Socket: !question.address.isIpv4,
      device,
      uid: question.uid ?? process.geteuid?.(),
      isLocalAddress: bindable === undefined || bindable === 0,
      isPrivileged: isSelf ? (hasCapability(new ProcFs(), CAP_NET_BIND_SERVICE) ?? process.geteuid?.() === 0) : question.uid === 0,
    };
    const rules: BindRules = { localPortRange: settings.localPortRange, reservedPorts: settings.reservedPorts, autobindReuse: settings.autobindReuse, unprivilegedPortStart: settings.unprivilegedPortStart ?? UNPRIVILEGED_PORT_START };
    const pool = question.port === 0 ? poolOf(question, namespace, options, limits) : undefined;
    const ruling = pool === undefined ? ruleInAnyOrder(operation, holders, rules) : rulePool(operation, pool, rules, options);
    const tried = isSelf ? asking.try(() => probeBind(question)) : { value: undefined, unasked: `the trial would be made as another user than ${question.uid}` };
    return {
      question,
      namespace: namespaceId(namespace),
      settings,
      ruling: bindable === undefined ? unlessNotLocal(ruling) : ruling,
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
export function trialOf({ value, unasked }: Answered<number>): Trial {
  return { errno: value, code: value === undefined || value === 0 ? undefined : errnoCode(value), unasked };
}

/** What is said where it is not known whether the address is one of the namespace's. */
export function unlessNotLocal<R extends Omit<Ruling, 'holders'>>(ruling: R): R {
  return ruling.outcome === 'succeeds' ? { ...ruling, outcome: 'unknown', errno: 'EADDRNOTAVAIL', clause: 'address-not-local' } : ruling;
}

/** UDP holders up to which every order is tried. */
const MAX_ORDERED = 24;

/** UDP goes by the first holder that its walk meets, and nothing tells in which order they came: every one may be it. */
function ruleInAnyOrder(operation: BindOperation, holders: readonly KnownHolder[], rules: BindRules): Ruling<KnownHolder> {
  const inOrder = (order: readonly KnownHolder[]): Ruling<KnownHolder> => ruleBind(operation, order, rules, bucketOf(order));
  if (operation.protocol !== 'udp' || holders.length < 2) return inOrder(holders);
  // The walk begins with the youngest, and ends with the oldest of those that stand last.
  const ends = holders.slice(0, MAX_ORDERED);
  const orders = ends.flatMap((oldest) => ends.map((youngest) => (oldest === youngest ? [...holders.filter((one) => one !== oldest), oldest] : [oldest, ...holders.filter((one) => one !== oldest && one !== youngest), youngest])));
  return agreed(orders.map(inOrder) as [Ruling<KnownHolder>, ...Ruling<KnownHolder>[]]);
}

/** What the kernel remembers of the port's earlier sockets with SO_REUSEPORT: nothing tells. */
function bucketOf(holders: readonly KnownHolder[]): BindBucket {
  const bucket = new BindBucket();
  for (const holder of holders) if (holder.protocol === 'tcp') bucket.bind({ ...holder, reusePort: undefined }, { isConnectChosen: holder.isConnectChosen === true });
  return bucket;
}

function poolOf(question: BindQuestion, namespace: FoundNamespace, { probes, source }: CaseOptions, limits: string[]): BindPoolUsage {
  const { usage } = measure(namespace, { owners: 'none', probes, source, portsOnly: true });
  limits.push(...usage.limits);
  return usage.bindPool(question.protocol, question.address);
}

function rulePool(operation: BindOperation, pool: BindPoolUsage, rules: BindRules, { probes }: CaseOptions): Ruling<KnownHolder> {
  if (!operation.isLocalAddress) return { outcome: 'fails', errno: 'EADDRNOTAVAIL', clause: 'address-not-local', holders: [] };
  return ruleBindPool(pool, { isExact: isPoolExact(operation, rules, probes !== 'none'), canMissOne: mayMissOne(rules.localPortRange) });
}
