import { newestKernel, PortSet, type KernelTraits, type PortProbes } from '../model/index.ts';
import type { ConnectionRows } from './connection-rows.ts';
import { evidenceCode, evidenceOf, isGuess, type Evidence } from './evidence.ts';

/** Ports that are asked one by one in `auto` mode before sampling begins: about 0.15 s. */
export const PROBE_LIMIT = 4096;
const SAMPLE = 64;

/** What the kernel said of a port. */
const Answer = { none: 0, explicit: 1, shared: 2 } as const;

/** `kernel`: the bind buckets are read, and none is asked. */
export type ProbeMode = 'auto' | 'all' | 'kernel' | 'none';

/**
 * Of what kind each port of the range is held: explicitly (lost to every connect()), or by connect() alone.
 * The kernel keeps this per port, in the bind bucket, for all addresses and both families together; so does this.
 */
export class PortKinds {
  /** Ports of the range that the kernel may hand out. */
  readonly usable: PortSet;
  /** Usable ports held explicitly: listeners, bound sockets, accepted ones, their TIME_WAIT. */
  readonly explicit = new PortSet();
  readonly #marks = new Uint8Array(65536);
  readonly #rows: ConnectionRows;
  #candidates: readonly number[] | undefined;
  #groups: number[][] = [];
  /** Per port, once the kernel has answered: one of {@link Answer}. A map would take ten times as long for the ports of a full range. */
  #answers: Uint8Array | undefined;
  readonly #explicitAnswers: number[] = [];
  /** How the answers were got. */
  #evidence: Evidence = 'probed';
  /** Ports for which a sample of their group speaks. */
  readonly #sampled = new PortSet();

  readonly #kernel: KernelTraits;

  constructor(usable: PortSet, holders: Iterable<{ port: number; evidence: Evidence }>, rows: ConnectionRows, kernel: KernelTraits = newestKernel) {
    this.#kernel = kernel;
    this.usable = usable;
    this.#rows = rows;
    for (const { port, evidence } of holders) this.#markExplicit(port, evidence);
  }

  /** Ports whose kind no socket tells: usable, in use, and not known to be explicit. */
  get candidates(): readonly number[] {
    this.#candidates ??= this.#findCandidates();
    return this.#candidates;
  }

  #findCandidates(): number[] {
    const found: number[] = [];
    if (this.#rows.count === 0) return found;
    for (const port of this.#rows.ports()) if (this.usable.has(port) && !this.explicit.has(port)) found.push(port);
    return found;
  }

  /** Which ports to ask the kernel about first. */
  planProbes(mode: ProbeMode): readonly number[] {
    if (mode === 'none') return [];
    if (mode === 'all' || mode === 'kernel' || this.candidates.length <= PROBE_LIMIT) return this.candidates;
    this.#groups = this.#groupByProgram();
    const sample = Math.max(4, Math.min(SAMPLE, Math.floor(PROBE_LIMIT / this.#groups.length)));
    return this.#groups.flatMap((group) => everyNth(group, sample)).slice(0, PROBE_LIMIT);
  }

  /** After the first answers: the rest of every group whose sample did not agree with itself. */
  planMoreProbes(answers: PortProbes): readonly number[] {
    this.#take(answers);
    return this.#groups.filter((group) => this.#verdict(group) === 'mixed').flatMap((group) => group.filter((port) => this.#answer(port) === Answer.none));
  }

  /** Takes all answers, and what samples say about the rest of their groups. */
  settle(answers: PortProbes): void {
    this.#take(answers);
    // One that had another holder when it was asked about again is as the last answer says.
    for (const port of this.#explicitAnswers) if (this.#answer(port) === Answer.explicit) this.explicit.add(port);
    for (const group of this.#groups) {
      const verdict = this.#verdict(group);
      if (verdict !== 'explicit' && verdict !== 'shared') continue;
      for (const port of group) {
        this.#sampled.add(port);
        if (verdict === 'explicit' && this.#answer(port) === Answer.none) this.explicit.add(port);
      }
    }
  }

  /** True for a port in use of which nothing tells the kind for certain: neither the kernel nor a sample nor its sockets. */
  isGuess(port: number): boolean {
    const evidence = this.evidenceAt(port);
    if (evidence === undefined || this.#sampled.has(port)) return false;
    // One socket's IP_BIND_ADDRESS_NO_PORT does not speak for others on its port, those that have gone included where
    // the kernel does not forget them.
    return isGuess(evidence) || (evidence === 'no-port-flag' && (this.#rows.countOn(port) > 1 || !this.#kernel.portsRecover));
  }

  /** How the kind of a port is known; undefined for one that nobody holds. */
  evidenceAt(port: number): Evidence | undefined {
    const marked = evidenceOf(this.#marks[port]!);
    if (marked !== undefined) return marked;
    if (this.#answer(port) !== Answer.none) return this.#evidence;
    const connections = this.#rows.countOn(port);
    if (connections === 0) return undefined;
    if (this.explicit.has(port)) return 'inferred';
    if (this.#rows.noPort.has(port)) return 'no-port-flag';
    return connections > 1 ? 'shared-port' : 'inferred';
  }

  #take(answers: PortProbes): void {
    this.#evidence = answers.evidence ?? 'probed';
    if (answers.explicit.length + answers.shared.length === 0) return;
    const held = (this.#answers ??= new Uint8Array(65536));
    for (const port of answers.explicit) {
      if (held[port] !== Answer.explicit) this.#explicitAnswers.push(port);
      held[port] = Answer.explicit;
    }
    for (const port of answers.shared) held[port] = Answer.shared;
  }

  #answer(port: number): number {
    return this.#answers?.[port] ?? Answer.none;
  }

  #markExplicit(port: number, evidence: Evidence): void {
    if (this.usable.has(port)) this.explicit.add(port);
    const code = evidenceCode(evidence);
    const held = this.#marks[port]!;
    if (held === 0 || code < held) this.#marks[port] = code;
  }

  #verdict(group: readonly number[]): 'explicit' | 'shared' | 'mixed' | 'unknown' {
    let explicit = 0;
    let shared = 0;
    for (const port of group) {
      const answer = this.#answer(port);
      if (answer === Answer.explicit) explicit++;
      else if (answer === Answer.shared) shared++;
    }
    if (explicit > 0 && shared > 0) return 'mixed';
    return explicit > 0 ? 'explicit' : shared > 0 ? 'shared' : 'unknown';
  }

  /** One program towards one destination binds in one manner; what has closed, or says NO_PORT, is a group of its own. */
  #groupByProgram(): number[][] {
    const groups = new Map<number, number[]>();
    const TIME_WAIT = 6;
    for (const port of this.candidates) {
      const row = this.#rows.firstOn(port);
      const key = this.#rows.tuple.at(row) * 4 + (this.#rows.stateAt(row) === TIME_WAIT ? 2 : 0) + (this.#rows.hasNoPortAt(row) ? 1 : 0);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [port]);
      else group.push(port);
    }
    return [...groups.values()];
  }
}

function everyNth(ports: readonly number[], count: number): number[] {
  if (ports.length <= count) return [...ports];
  return Array.from({ length: count }, (_, index) => ports[Math.floor((index * ports.length) / count)]!);
}
