import { ChurnCounter, FailedBindCounter, FailedConnectCounter, ProcFs, readCgroupPaths, readOwner, reasonOf, TracedFailedConnects, UnsupportedError, type Churn, type FailedBinds, type FailedConnects } from '../kernel/index.ts';
import { cgroupName, type Address, type Owner } from '../model/index.ts';

/** connect() calls of one process that found no port for one tuple. */
export interface WatchedFailure {
  /** Inode of the network namespace; undefined where it cannot be known. */
  readonly namespace: number | undefined;
  /** Unspecified, where the kernel had not chosen one. */
  readonly source: Address;
  readonly destination: Address;
  readonly destinationPort: number;
  readonly owner: Owner;
  /** Since the watch began. */
  readonly total: number;
  /** Since it was read before. */
  readonly recent: number;
}

/** bind() calls of one process that failed in the same manner. */
export interface WatchedBind {
  readonly namespace: number;
  readonly address: Address;
  /** 0: any. */
  readonly port: number;
  /** `EADDRINUSE` */
  readonly code: string;
  readonly owner: Owner;
  /** Since the watch began. */
  readonly total: number;
  /** Since it was read before. */
  readonly recent: number;
}

/** What became of the outgoing connections of one tuple, since it was read before. */
export interface WatchedChurn extends Omit<Churn, 'namespace'> {
  readonly namespace: number;
}

export interface ConnectReport {
  /** Milliseconds since the watch began, and since it was read before. */
  readonly elapsedMs: number;
  readonly intervalMs: number;
  /** Those that fail most at present first. */
  readonly failures: readonly WatchedFailure[];
  /** Failures that could not be counted by tuple, since the watch began. */
  readonly lost: number;
  /** Busiest first; undefined where it cannot be counted. */
  readonly churn: readonly WatchedChurn[] | undefined;
  /** Those that fail most at present first; undefined where they are not counted. */
  readonly binds: readonly WatchedBind[] | undefined;
}

/** Counts, in all namespaces, the connect() calls that find no port, and what becomes of outgoing connections. */
export interface ConnectWatch {
  readonly mechanism: 'bpf' | 'tracefs';
  /** What this host or these privileges do not allow. */
  readonly limits: readonly string[];
  read(): ConnectReport;
  /** Ends it: nothing stays in the kernel. */
  close(): void;
}

/** The one thing that counts failures: both mechanisms have it. */
interface FailureCounter {
  read(): FailedConnects[];
  readonly lost: number;
  close(): void;
}

/**
 * Begins to count: by BPF, or, where that is refused, by the text of the tracepoint.
 * @param hasChurn whether all outgoing connections are counted too
 * @param hasBinds failing bind() calls too, which costs every system call of the host some 100 ns
 * @throws UnsupportedError with both reasons where neither is allowed, or where bind() calls cannot be counted
 */
export function watchConnects({ hasChurn = true, hasBinds = false, isBpfAllowed = true, now = () => performance.now() } = {}): ConnectWatch {
  const limits: string[] = [];
  let counter: FailureCounter | undefined;
  let churn: ChurnCounter | undefined;
  try {
    if (!isBpfAllowed) throw new UnsupportedError('BPF', 'to be asked for');
    counter = new FailedConnectCounter();
    churn = hasChurn ? new ChurnCounter() : undefined;
  } catch (error) {
    counter?.close();
    counter = traced(error);
    limits.push(`Counted by the tracepoint's text, as BPF is refused (${reasonOf(error)}): failed connects alone, without their cgroups, and what nobody fetched in time is lost and told.`);
  }
  let binds: FailedBindCounter | undefined;
  try {
    if (hasBinds) binds = new FailedBindCounter();
  } catch (error) {
    counter.close();
    churn?.close();
    throw error;
  }
  if (binds !== undefined) limits.push('While failing bind() calls are counted, every system call of this host takes some 100 ns longer.');
  return new CountingWatch(counter, churn, binds, limits, now);
}

function traced(first: unknown): FailureCounter {
  try {
    return new TracedFailedConnects();
  } catch (second) {
    throw new UnsupportedError('counting connects that find no port', `BPF (${reasonOf(first)}), or else ${second instanceof UnsupportedError ? second.needs : reasonOf(second)}`, second);
  }
}

class CountingWatch implements ConnectWatch {
  readonly mechanism: ConnectWatch['mechanism'];
  readonly limits: readonly string[];
  readonly #failures: FailureCounter;
  readonly #churn: ChurnCounter | undefined;
  readonly #binds: FailedBindCounter | undefined;
  readonly #now: () => number;
  readonly #began: number;
  #readAt: number;
  #before = new Map<string, number>();
  #churnBefore = new Map<string, Churn>();
  #bindsBefore = new Map<string, number>();
  readonly #owners = new Map<number, Owner>();
  #cgroups: Map<number, string> | undefined;

  constructor(failures: FailureCounter, churn: ChurnCounter | undefined, binds: FailedBindCounter | undefined, limits: readonly string[], now: () => number) {
    this.mechanism = failures instanceof TracedFailedConnects ? 'tracefs' : 'bpf';
    this.limits = limits;
    this.#failures = failures;
    this.#churn = churn;
    this.#binds = binds;
    this.#now = now;
    this.#began = now();
    this.#readAt = this.#began;
  }

  read(): ConnectReport {
    const now = this.#now();
    const intervalMs = now - this.#readAt;
    this.#readAt = now;
    const counts = new Map<string, number>();
    const failures = this.#failures.read().map((one): WatchedFailure => {
      const key = `${one.namespace ?? 0} ${one.pid} ${one.command} ${one.source.toString()} ${one.destination.toString()} ${one.destinationPort}`;
      counts.set(key, one.count);
      return { namespace: one.namespace, source: one.source, destination: one.destination, destinationPort: one.destinationPort, owner: this.#ownerOf(one), total: one.count, recent: one.count - (this.#before.get(key) ?? 0) };
    });
    this.#before = counts;
    return { elapsedMs: now - this.#began, intervalMs, failures: failures.sort((left, right) => right.recent - left.recent || right.total - left.total), lost: this.#failures.lost + (this.#binds?.lost ?? 0), churn: this.#churnSince(), binds: this.#bindsSince() };
  }

  #churnSince(): WatchedChurn[] | undefined {
    if (this.#churn === undefined) return undefined;
    const counts = new Map<string, Churn>();
    const all = this.#churn.read().map((one): WatchedChurn => {
      const key = `${one.namespace} ${one.source.toString()} ${one.destination.toString()} ${one.destinationPort}`;
      const before = this.#churnBefore.get(key);
      counts.set(key, one);
      // The one that was not used for longest makes room: it begins anew.
      const since = (name: 'tried' | 'established' | 'noPort' | 'notMade' | 'closed'): number => (before === undefined || before[name] > one[name] ? one[name] : one[name] - before[name]);
      return { ...one, tried: since('tried'), established: since('established'), noPort: since('noPort'), notMade: since('notMade'), closed: since('closed') };
    });
    this.#churnBefore = counts;
    return all.filter(({ tried, closed, established, notMade }) => tried + closed + established + notMade > 0).sort((left, right) => right.tried - left.tried || right.closed - left.closed);
  }

  #bindsSince(): WatchedBind[] | undefined {
    if (this.#binds === undefined) return undefined;
    const counts = new Map<string, number>();
    const byKey = new Map<string, FailedBinds>();
    for (const one of this.#binds.read()) {
      const { namespace, address, port, code, pid, command, count } = one;
      const key = `${namespace} ${pid} ${command} ${code} ${address.toString()} ${port}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
      // A mapped address is another for the kernel, and the same for people.
      byKey.set(key, one);
    }
    const all = [...byKey].map(([key, one]): WatchedBind => {
      const { namespace, address, port, code } = one;
      const total = counts.get(key)!;
      return { namespace, address, port, code, owner: this.#ownerOf(one), total, recent: total - (this.#bindsBefore.get(key) ?? 0) };
    });
    this.#bindsBefore = counts;
    return all.sort((left, right) => right.recent - left.recent || right.total - left.total);
  }

  /** Who it was: asked while the process is there, and else what the kernel noted. */
  #ownerOf({ pid, command, cgroupId }: Pick<FailedConnects | FailedBinds, 'pid' | 'command' | 'cgroupId'>): Owner {
    const known = this.#owners.get(pid);
    if (known !== undefined) return known;
    const { unit, container, uid, command: name } = readOwner(new ProcFs(), pid);
    const path = unit === undefined && container === undefined && cgroupId !== undefined ? this.#cgroupPath(Number(cgroupId)) : undefined;
    const byCgroup = path === undefined ? { unit, container } : cgroupName(path);
    const owner: Owner = { pid, command: name === '?' ? command : name, uid, unit: byCgroup.unit, container: byCgroup.container };
    this.#owners.set(pid, owner);
    return owner;
  }

  #cgroupPath(id: number): string | undefined {
    this.#cgroups ??= readCgroupPaths();
    return this.#cgroups.get(id);
  }

  close(): void {
    this.#failures.close();
    this.#churn?.close();
    this.#binds?.close();
  }
}
