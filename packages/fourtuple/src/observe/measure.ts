import { isAddressInUse, NamespaceLostError, probeBind, probePorts, ProcFs, reasonOf, UnsupportedError, type FoundNamespace, type OwnerMode, type PortMarkReader } from '../kernel/index.ts';
import { Address, ALL_HASHED_STATES, BOUND_INACTIVE_BIT, noOwners, plural, Protocol, stateBit, TcpState, type Counters, type NamespaceId, type PortProbes, type Settings } from '../model/index.ts';
import { PortLedger, type BindProbe, type NamespaceUsage, type ProbeMode } from '../usage/index.ts';
import { bpfReaders } from './bpf-readers.ts';
import { namespaceId } from './namespace-id.ts';
import { sourceOfMany } from './many-sockets.ts';
import { LazyOwners } from './owners.ts';
import { runSteps } from './steps.ts';
import { openNamespace, type OpenedNamespace, type SourceChoice } from './source.ts';

export interface MeasureOptions {
  readonly owners: OwnerMode;
  readonly probes: ProbeMode;
  /** Do not ask for bound, unconnected sockets: saves the kernel a walk of the bind table. */
  readonly skipBound?: boolean;
  readonly skipUdp?: boolean;
  /** No counters, and of the settings those alone that decide who gets which port. */
  readonly portsOnly?: boolean;
  readonly source?: SourceChoice;
  /** A second thread may read a large host's sockets too: not for a caller who gives the event loop turns meanwhile. */
  readonly byTwo?: boolean;
}

/** Everything that findings are drawn from, of one namespace. */
export interface Measurement {
  readonly id: NamespaceId;
  readonly settings: Settings;
  readonly counters: Counters;
  readonly usage: NamespaceUsage;
}

const LISTEN = stateBit(TcpState.listen);
const UDP_STATES = stateBit(TcpState.established) | stateBit(TcpState.close);

/**
 * Counts a namespace while its sockets stream by, keeping none of them. Pauses now and then: drive it with runSteps() or
 * runStepsSliced().
 */
export function* measureSteps(namespace: FoundNamespace, options: MeasureOptions, owners: LazyOwners): Generator<void, Measurement> {
  const opened = openNamespace(namespace, options.source, new ProcFs(), { portsOnly: options.portsOnly === true });
  try {
    const countOnly = options.owners === 'none' && options.probes === 'none' && options.skipBound === true;
    const ledger = new PortLedger(opened.settings, { trackInodes: options.owners !== 'none', countOnly });
    const { source } = opened;
    const isFree = options.source === undefined || options.source === 'auto';
    const held = isFree ? owners.socketsOf(opened, new ProcFs(), options.byTwo === true) : undefined;
    const many = isFree && countOnly ? sourceOfMany(opened) : undefined;
    const limits = [...opened.limits];
    if (options.skipBound === true) limits.push('Bound, unconnected sockets were not asked for: ports that they hold count as free.');
    // Listeners first: they cost next to nothing and tell which connections were accepted. Bound sockets come with the
    // rest: asked for alone they would make the kernel walk the whole table of connections once more.
    yield* source.read({ protocol: Protocol.tcp, states: LISTEN }, ledger.listeners);
    const rest = ALL_HASHED_STATES & ~LISTEN;
    yield* (held ?? many ?? source).read({ protocol: Protocol.tcp, states: options.skipBound === true ? rest : rest | BOUND_INACTIVE_BIT }, ledger.others);
    if (options.skipUdp !== true) yield* source.read({ protocol: Protocol.udp, states: UDP_STATES }, ledger.udp);
    const { probes, limits: unprobed } = yield* askKernelSteps(opened, ledger, options.probes);
    limits.push(...unprobed);
    const index = ledger.hasNameableSockets ? (held?.owners ?? (yield* owners.steps((index) => !ledger.misses(index)))) : noOwners;
    yield;
    const usage = yield* ledger.finishSteps(namespace, probes, index, limits);
    return { id: namespaceId(namespace), settings: opened.settings, counters: opened.counters, usage };
  } finally {
    opened.source.close();
  }
}

/** {@link measureSteps} in one go. */
export function measure(namespace: FoundNamespace, options: MeasureOptions): Measurement {
  return runSteps(measureSteps(namespace, options, new LazyOwners(options.owners, [])));
}

/** Probes between two pauses: a quarter of a millisecond, as long as a datagram of sockets takes. */
const PROBES_A_TURN = 8;

interface Asked {
  readonly probes: PortProbes;
  readonly limits: string[];
}

/** What asking about a port takes, and reading the bind buckets: to begin with, and a socket of the namespace. */
const ASK_MS = 0.03;
const READ_BEGIN_MS = 50;
const READ_MS = 0.001;
/** How much longer reading may take than asking about a sample: what a sample says of all others is a guess. */
const WORTH_KNOWING = 3;

/**
 * Whether bind buckets are better read than asked about.
 * @param asked number of ports
 * @param unexplained how many there are; more than `asked` where a sample speaks for them
 */
function isBetterRead(asked: number, unexplained: number, sockets: number): boolean {
  return READ_BEGIN_MS + sockets * READ_MS <= asked * ASK_MS * (asked < unexplained ? WORTH_KNOWING : 1);
}

const nothingAsked: PortProbes = { explicit: [], shared: [] };

/**
 * Finds out of the ports that no socket explains how they are held, as far as it may be known, pausing now and then:
 * by reading the bind buckets where they are many and that is allowed, by asking the kernel otherwise.
 */
export function* askKernelSteps(opened: OpenedNamespace, ledger: PortLedger, mode: ProbeMode): Generator<void, Asked> {
  const first = ledger.planProbes(mode);
  yield;
  const binds = mode === 'none' ? [] : ledger.planBindProbes();
  const count = first.length + binds.length;
  if (count === 0) return { probes: nothingAsked, limits: [] };
  const unasked = (why: string): Asked => ({
    probes: nothingAsked,
    limits: [`How ${plural(count, 'port')} ${count === 1 ? 'was' : 'were'} bound could not be asked of the kernel (${why}): where sockets do not say it, it is inferred.`],
  });
  if (!opened.canEnter) return unasked('the namespace could not be entered');
  if (mode === 'kernel') {
    const { read, reason } = yield* readBuckets(opened, ledger, binds);
    return read ?? unasked(reason ?? 'unknown reason');
  }
  if (mode === 'auto' && isBetterRead(count, ledger.unexplainedPorts + binds.length, ledger.socketCount)) {
    const { read } = yield* readBuckets(opened, ledger, binds);
    if (read !== undefined) return read;
  }
  const { asked, reason } = yield* probe(opened, ledger, first, binds);
  if (asked !== undefined) return asked;
  // What asking takes is one privilege, what reading takes another.
  return (yield* readBuckets(opened, ledger, binds)).read ?? unasked(reason ?? 'unknown reason');
}

/** @returns the answers, or why there are none */
function* readBuckets(opened: OpenedNamespace, ledger: PortLedger, binds: readonly BindProbe[]): Generator<void, { readonly read?: Asked; readonly reason?: string }> {
  const readers = bpfReaders();
  if (readers === undefined) return { reason: 'what reads by BPF was not loaded' };
  let reader: PortMarkReader | undefined;
  try {
    reader = new readers.PortMarkReader();
    const marks = yield* reader.read((work) => opened.inside(work));
    const explicit: number[] = [];
    const shared: number[] = [];
    for (const port of ledger.planProbes('kernel')) {
      const kind = marks.kindOf(port);
      // One that is on no socket any more was given back meanwhile.
      if (kind !== undefined) (kind === 'explicit' ? explicit : shared).push(port);
    }
    for (const bind of binds) ledger.takeBindProbe(bind, !marks.isDual(bind.protocol, bind.port));
    return { read: { probes: { explicit, shared, evidence: 'kernel' }, limits: [] } };
  } catch (error) {
    if (error instanceof NamespaceLostError) throw error;
    return { reason: error instanceof UnsupportedError ? `it takes ${error.needs}` : reasonOf(error) };
  } finally {
    reader?.close();
  }
}

/** @returns the answers, or why there are none */
function* probe(opened: OpenedNamespace, ledger: PortLedger, first: readonly number[], binds: readonly BindProbe[]): Generator<void, { readonly asked?: Asked; readonly reason?: string }> {
  const explicit: number[] = [];
  const shared: number[] = [];
  const limits: string[] = [];
  const fallback = fallbackTarget(ledger);
  try {
    yield* askPorts(opened, first, fallback, { explicit, shared, limits });
    yield* askPorts(opened, ledger.planMoreProbes({ explicit, shared }), fallback, { explicit, shared, limits });
    for (let from = 0; from < binds.length; from += PROBES_A_TURN) {
      const batch = binds.slice(from, from + PROBES_A_TURN);
      const answers = opened.inside(() => batch.map(({ protocol, port }) => probeBind({ protocol, address: Address.anyIpv4, port })));
      for (const [index, errno] of answers.entries()) if (errno === 0 || isAddressInUse(errno)) ledger.takeBindProbe(batch[index]!, errno === 0);
      yield;
    }
  } catch (error) {
    if (error instanceof NamespaceLostError) throw error;
    return { reason: error instanceof UnsupportedError ? `it takes ${error.needs}` : reasonOf(error) };
  }
  return { asked: { probes: { explicit, shared }, limits } };
}

function* askPorts(opened: OpenedNamespace, ports: readonly number[], fallback: Address | undefined, into: { explicit: number[]; shared: number[]; limits: string[] }): Generator<void> {
  let unknown = 0;
  let reason: string | undefined;
  for (let from = 0; from < ports.length; from += PROBES_A_TURN) {
    const { answers, reason: why } = opened.inside(() => probePorts(ports.slice(from, from + PROBES_A_TURN), fallback));
    reason ??= why;
    for (const [port, answer] of answers) {
      if (answer === 'explicit') into.explicit.push(port);
      else if (answer === 'shared') into.shared.push(port);
      else unknown++;
    }
    yield;
  }
  if (unknown > 0) into.limits.push(`The kernel gave no answer about ${plural(unknown, 'port')} (${reason ?? 'unknown reason'}): how they were bound is inferred.`);
}

/** {@link askKernelSteps} in one go. */
export function askKernel(opened: OpenedNamespace, ledger: PortLedger, mode: ProbeMode): Asked {
  return runSteps(askKernelSteps(opened, ledger, mode));
}

function fallbackTarget(ledger: PortLedger): Address | undefined {
  const words = ledger.anyDestination();
  return words === undefined ? undefined : new Address(words[4]!, words[5]!, words[6]!, words[7]!);
}
