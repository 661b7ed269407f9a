import { currentNamespaceInode, errnoOf, KernelError, NamespaceGoneError, OWN_NET, ProcFs, ProcfsSource, reasonOf, readCounters, readSettings, seesBoundInactive, SockDiagSource, UnsupportedError, withNamespace, type FoundNamespace, type SocketSource } from '../kernel/index.ts';
import type { Counters, Settings } from '../model/index.ts';

/** One namespace, opened: where its sockets come from, and what was read of it at the same moment. */
export interface OpenedNamespace {
  readonly namespace: FoundNamespace;
  readonly source: SocketSource;
  readonly settings: Settings;
  readonly counters: Counters;
  readonly limits: readonly string[];
  /** Runs synchronous work inside the namespace. */
  inside<T>(work: () => T): T;
  /** True when {@link inside} can be used, e.g. for probes. */
  readonly canEnter: boolean;
}

export type SourceChoice = 'auto' | 'sock_diag' | 'procfs';

/**
 * Opens a namespace by the best way that this host and these privileges allow: sock_diag; text files of /proc where
 * koffi is missing or entering is refused.
 * @throws NamespaceGoneError, or the error of the chosen way when `choice` is not `auto`.
 */
export function openNamespace(namespace: FoundNamespace, choice: SourceChoice = 'auto', proc: ProcFs = new ProcFs(), { portsOnly = false } = {}): OpenedNamespace {
  const counters = (net: string): Counters => (portsOnly ? {} : readCounters(proc, net));
  const isCurrent = namespace.inode === currentNamespaceInode();
  const inside = <T>(work: () => T): T => (isCurrent ? work() : withNamespace(namespace, work));
  const readInside = (source: () => SocketSource, limits: readonly string[]): OpenedNamespace =>
    inside(() => {
      const opened = source();
      const { settings, limits: assumed } = readSettings(proc, { portsOnly });
      return { namespace, source: opened, settings, counters: counters(OWN_NET), limits: [...limits, ...opened.limits, ...assumed], inside, canEnter: true };
    });
  if (choice !== 'procfs') {
    try {
      return readInside(() => new SockDiagSource(seesBoundInactive()), []);
    } catch (error) {
      const isExpected = error instanceof KernelError || error instanceof UnsupportedError || errnoOf(error) !== undefined;
      if (choice === 'sock_diag' || !isExpected) throw error;
      return readByText(error);
    }
  }
  return isCurrent ? readInside(() => new ProcfsSource(`${proc.root}/${OWN_NET}`), []) : readByText(undefined);

  function readByText(cause: unknown): OpenedNamespace {
    const why = cause === undefined ? [] : [cause instanceof UnsupportedError ? `${cause.message}.` : `The namespace ${namespace.name} could not be read by sock_diag: ${reasonOf(cause)}.`];
    if (isCurrent) return readInside(() => new ProcfsSource(`${proc.root}/${OWN_NET}`), why);
    if (namespace.pid === undefined) throw cause instanceof Error ? cause : new NamespaceGoneError(`no process in ${namespace.name} to read its files by`);
    const net = `${namespace.pid}/net`;
    const source = new ProcfsSource(`${proc.root}/${net}`);
    const { settings } = readSettings(new ProcFs('/nonexistent'));
    return {
      namespace,
      source,
      settings,
      counters: counters(net),
      limits: [...why, ...source.limits, `The settings of ${namespace.name} cannot be read without entering it: the kernel's defaults are assumed.`],
      inside,
      canEnter: false,
    };
  }
}

