import { hostName, kernelRelease, NamespaceGoneError, NamespaceLostError, readAll, reasonOf, type FoundNamespace, type OwnerMode } from '../kernel/index.ts';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, Protocol, SocketTable, stateBit, TcpState, type NamespaceSnapshot, type Snapshot } from '../model/index.ts';
import { ledgerOf, type ProbeMode } from '../usage/index.ts';
import { askKernel, type Measurement } from './measure.ts';
import { LazyOwners } from './owners.ts';
import { openNamespace, type SourceChoice } from './source.ts';

export interface SnapshotOptions {
  readonly owners: OwnerMode;
  readonly probes: ProbeMode;
  readonly source?: SourceChoice;
}

const UDP_STATES = stateBit(TcpState.established) | stateBit(TcpState.close);

/** Reads every socket of the namespaces into tables. A namespace that vanishes meanwhile becomes a limit, not a failure. */
export function takeSnapshot(namespaces: readonly FoundNamespace[], options: SnapshotOptions, takenAt: Date): Snapshot {
  const limits: string[] = [];
  const shots: NamespaceSnapshot[] = [];
  const owners = new LazyOwners(options.owners, limits);
  let source: Snapshot['source'] = 'sock_diag';
  for (const namespace of namespaces) {
    try {
      const opened = openNamespace(namespace, options.source);
      source = opened.source.name;
      try {
        const sockets = new SocketTable();
        // Each request restarts on its own when the kernel's table changed under it.
        for (const [protocol, states] of [
          [Protocol.tcp, ALL_HASHED_STATES | BOUND_INACTIVE_BIT],
          [Protocol.udp, UDP_STATES],
        ] as const) {
          const part = new SocketTable();
          readAll(opened.source.read({ protocol, states }, part));
          part.forEach((socket) => sockets.accept(socket));
        }
        const { probes, limits: unasked } = askKernel(opened, ledgerOf(sockets, opened.settings), options.probes);
        limits.push(...prefixed(namespace, namespaces, [...opened.limits, ...unasked]));
        shots.push({
          id: { inode: namespace.inode, name: namespace.name },
          settings: opened.settings,
          counters: opened.counters,
          sockets,
          owners: owners.get(),
          probes,
          hasBoundInactive: opened.source.seesBoundInactive,
        });
      } finally {
        opened.source.close();
      }
    } catch (error) {
      if (error instanceof NamespaceLostError || namespaces.length === 1) throw error;
      limits.push(goneSentence(namespace, error));
    }
  }
  return { takenAt: takenAt.toISOString(), kernel: kernelRelease(), host: hostName(), source, namespaces: shots, limits: [...new Set(limits)] };
}

/** Counts a snapshot as if it were live. */
export function measureSnapshot(snapshot: Snapshot): Measurement[] {
  return snapshot.namespaces.map((shot) => ({
    id: shot.id,
    settings: shot.settings,
    counters: shot.counters,
    usage: ledgerOf(shot.sockets, shot.settings).finish(shot.id, shot.probes, shot.owners, []),
  }));
}

export function goneSentence(namespace: FoundNamespace, error: unknown): string {
  return error instanceof NamespaceGoneError ? `Network namespace ${namespace.name} (${namespace.inode}) vanished while it was read.` : `Network namespace ${namespace.name} (${namespace.inode}) could not be read: ${reasonOf(error)}.`;
}

export function prefixed(namespace: FoundNamespace, all: readonly FoundNamespace[], limits: readonly string[]): string[] {
  return all.length === 1 ? [...limits] : limits.map((limit) => `${namespace.name}: ${limit}`);
}

