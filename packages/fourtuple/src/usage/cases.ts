import type { Ruling } from '../law/index.ts';
import type { Address, Counters, NamespaceId, PortRange, ProtocolName, Settings } from '../model/index.ts';
import type { KnownHolder } from './port-holder.ts';
import type { BindPoolUsage, ConnectPorts, NamespaceUsage, TupleUsage } from './types.ts';

/** bind(address, port), as somebody asks about it. */
export interface BindQuestion {
  readonly protocol: ProtocolName;
  readonly address: Address;
  /** 0: any port of the range. */
  readonly port: number;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly v6Only: boolean;
  readonly device?: string | undefined;
  /** As whom; undefined for the caller. */
  readonly uid?: number | undefined;
}

/** What the kernel itself answered to a trial, or why it was not asked. */
export interface Trial {
  /** 0 or the errno; undefined when it was not asked. */
  readonly errno: number | undefined;
  /** Its name; undefined for success. */
  readonly code: string | undefined;
  readonly unasked: string | undefined;
}

/** Everything that is known about a bind(). */
export interface BindCase {
  readonly question: BindQuestion;
  readonly namespace: NamespaceId;
  readonly settings: Settings;
  readonly ruling: Ruling<KnownHolder>;
  readonly trial: Trial;
  /** Everybody on the port, also those who do not matter. */
  readonly holders: readonly KnownHolder[];
  /** Of bind(address, 0): the pool. */
  readonly pool: BindPoolUsage | undefined;
  readonly isReserved: boolean;
  readonly isInRange: boolean;
  readonly limits: readonly string[];
}

/** connect(), as somebody asks about it. */
export interface ConnectQuestion {
  readonly destination: Address;
  readonly destinationPort: number;
  /** Undefined for the route's. */
  readonly source?: Address | undefined;
  /** The program binds its source address without IP_BIND_ADDRESS_NO_PORT, so that bind() takes a port for all destinations. */
  readonly isBound: boolean;
  /** IP_LOCAL_PORT_RANGE. */
  readonly range?: PortRange | undefined;
  readonly device?: string | undefined;
}

/** Why there is nothing to look for a port for. */
export type ConnectObstacle = 'no-route' | 'no-ipv6' | 'source-not-local';

export interface ConnectCase {
  readonly question: ConnectQuestion;
  readonly namespace: NamespaceId;
  readonly settings: Settings;
  readonly obstacle: ConnectObstacle | undefined;
  /** Errno of what stands in the way before any port. */
  readonly obstacleCode: string | undefined;
  readonly source: Address | undefined;
  readonly range: PortRange;
  readonly ruling: Omit<Ruling, 'holders'> | undefined;
  readonly ports: ConnectPorts | undefined;
  readonly tuple: TupleUsage | undefined;
  /** Where the source is bound first: its pool. */
  readonly pool: BindPoolUsage | undefined;
  readonly trial: Trial;
  readonly usage: NamespaceUsage;
  /** Counters before and after. */
  readonly counters: { readonly before: Counters; readonly after: Counters; readonly elapsedMs: number };
  readonly limits: readonly string[];
}
