import type { ConnectOperation, PortCounts } from '../law/index.ts';
import type { Address, NamespaceId, Owner, PortRange, ProtocolName } from '../model/index.ts';
import type { Evidence } from './evidence.ts';

/** A process and how many ports of something it holds. */
export interface Holder {
  readonly owner: Owner;
  /** Connections of the tuple that it holds. */
  readonly ports: number;
  /** Those of them on explicitly held ports, which every other tuple loses too. */
  readonly explicit: number;
  /** True when the process's descriptors were sampled. */
  readonly isEstimate: boolean;
}

/** Outgoing connections of one (source, destination, destination port): the connect pool and what is taken of it. */
export interface TupleUsage {
  readonly protocol: 'tcp';
  readonly source: Address;
  readonly destination: Address;
  readonly destinationPort: number;
  /** SO_BINDTODEVICE interface of these sockets, 0 for none: each device has four-tuples of its own. */
  readonly device: number;
  /** Usable ports less those held explicitly anywhere in the namespace. */
  readonly capacity: number;
  /** Ports of the pool whose exact four-tuple is taken and not reusable. */
  readonly used: number;
  readonly free: number;
  /** used / capacity; 1 when the capacity is 0. */
  readonly ratio: number;
  /** Sockets in TIME_WAIT, reusable ones included. */
  readonly timeWait: number;
  /** TIME_WAIT that the next connect() may take over. */
  readonly reusableTimeWait: number;
  /** All sockets of this tuple, those on explicitly held ports included. */
  readonly connections: number;
  /** Those of them on explicitly held ports: each costs a port for all destinations. */
  readonly explicit: number;
  readonly established: number;
  readonly holders: readonly Holder[];
}

/** What bind(source, 0) can still find. */
export interface BindPoolUsage {
  readonly protocol: ProtocolName;
  readonly source: Address;
  readonly capacity: number;
  readonly used: number;
  readonly free: number;
  readonly ratio: number;
}

/** In what way a port is held explicitly. */
export type ExplicitKind = 'listener' | 'bound-idle' | 'bound-connected' | 'accepted' | 'time-wait';

/** Ports of the range lost to every connect(), grouped by who holds them and how. */
export interface PoisonedPorts {
  readonly kind: ExplicitKind;
  readonly evidence: Evidence;
  readonly owner: Owner | undefined;
  readonly ports: number;
  /** Lowest few of them. */
  readonly examples: readonly number[];
}

export interface ListeningPort {
  readonly protocol: ProtocolName;
  readonly address: Address;
  readonly port: number;
  readonly owner: Owner | undefined;
}

export interface SocketCounts {
  readonly total: number;
  readonly established: number;
  readonly synSent: number;
  readonly timeWait: number;
  readonly listen: number;
  readonly boundIdle: number;
  /** Everything else: closing, half-closed, half-open. */
  readonly other: number;
  /** Accepted by a live listener, of all states. */
  readonly accepted: number;
  readonly udp: number;
}

export interface NamespaceUsage {
  readonly id: NamespaceId;
  readonly localPortRange: PortRange;
  /** Reserved ports inside the range. */
  readonly reservedPorts: number;
  readonly usablePorts: number;
  readonly poisonedPorts: number;
  readonly sockets: SocketCounts;
  readonly tuples: TupleTable;
  readonly bindPools: readonly BindPoolUsage[];
  readonly poisoned: readonly PoisonedPorts[];
  /** TCP listeners, one entry an address and port. */
  readonly listeners: readonly ListeningPort[];
  /** Those of them whose port lies inside the range and is not reserved. */
  readonly listenersInRange: readonly ListeningPort[];
  readonly limits: readonly string[];
  /** What bind(address, 0) can still find, for any address of the namespace. @param range of the socket's own, inside the namespace's. */
  bindPool(protocol: ProtocolName, address: Address, range?: PortRange): BindPoolUsage;
  /** What a connect() would meet on the ports of a range; undefined when connections were only counted. */
  connectPorts(operation: ConnectOperation, range: PortRange): ConnectPorts | undefined;
  /** The first outgoing connection found on a local port, if any: who would be in a service's way. */
  connectionOn(port: number): PortConnection | undefined;
}

/** The ports of a range, as one connect() meets them. */
export interface ConnectPorts {
  readonly counts: PortCounts;
  /** A port that is free and has no TIME_WAIT of this four-tuple, if there is one. */
  readonly untouched: number | undefined;
  /** Ports of a TIME_WAIT of this four-tuple that connect() may take over; counted as free. */
  readonly reusable: number;
}

/** A connection that occupies a local port. */
export interface PortConnection {
  readonly port: number;
  readonly source: Address;
  readonly destination: Address;
  readonly destinationPort: number;
  readonly state: number;
  readonly owner: Owner | undefined;
}

/** Tuples, fullest first; rows are made when asked for, since there may be a million. */
export interface TupleTable {
  readonly length: number;
  at(rank: number): TupleUsage;
  /** The first `count` rows, or all. */
  top(count?: number): TupleUsage[];
}
