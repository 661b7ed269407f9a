import type { Counters } from './counters.ts';
import type { OwnerIndex } from './owner.ts';
import type { Settings } from './settings.ts';
import type { SocketTable } from './socket-table.ts';

/** A network namespace: its inode number is its identity, the name is for people. */
export interface NamespaceId {
  readonly inode: number;
  readonly name: string;
  /** A file by which it can be entered now; not kept in recordings. */
  readonly path?: string | undefined;
}

/** How bind buckets were found to be, by a packet-free trial or by reading them. */
export interface PortProbes {
  /** Ports that a connect() was seen to skip: held explicitly. */
  readonly explicit: readonly number[];
  /** Ports that a connect() was seen to share: held by connect() alone. */
  readonly shared: readonly number[];
  /** `kernel` when the bind buckets themselves were read instead. */
  readonly evidence?: 'kernel' | undefined;
}

/** Everything that was read of one namespace at one moment. Immutable by contract once built. */
export interface NamespaceSnapshot {
  readonly id: NamespaceId;
  readonly settings: Settings;
  readonly counters: Counters;
  readonly sockets: SocketTable;
  readonly owners: OwnerIndex;
  readonly probes: PortProbes;
  /** True when bound, unconnected sockets are among `sockets`. */
  readonly hasBoundInactive: boolean;
}

/** A host at one moment: what `record` writes and every other command can read back. */
export interface Snapshot {
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** `uname -r`. */
  readonly kernel: string;
  readonly host: string;
  readonly source: 'sock_diag' | 'bpf' | 'procfs' | 'file';
  readonly namespaces: readonly NamespaceSnapshot[];
  /** What could not be seen, and why, one sentence each. */
  readonly limits: readonly string[];
}
