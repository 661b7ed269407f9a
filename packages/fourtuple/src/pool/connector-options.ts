import type { NetConnectOpts, Socket, TcpNetConnectOpts } from 'node:net';
import type { PortRange } from '../model/index.ts';
import type { SourcePolicy } from './policy.ts';
import type { SourceSpec } from './source-list.ts';
import type { PortWarning } from './warnings.ts';

export interface ConnectorOptions {
  /** Addresses to come from; without them the kernel chooses, as net.connect() lets it. */
  readonly sources?: SourceSpec;
  /** How one of several is chosen: `least-used` by default. */
  readonly policy?: SourcePolicy;
  /**
   * Share of the ports of each (source, destination, port) that this process may have in use, above 0 to 1. By default
   * 1: the kernel decides. Below, a connect that would go beyond it fails by PortBudgetError, and others keep the rest.
   */
  readonly budget?: number;
  /**
   * Ports to come from, inside net.ipv4.ip_local_port_range (IP_LOCAL_PORT_RANGE, Linux 6.3); a range that is wholly
   * outside is ignored by the kernel. By default all of that range, which the kernel then searches port by port
   * (6.8), without the jump in cost at half of them; `null` leaves the option away.
   */
  readonly portRange?: PortRange | null;
  /** Called with what is published on the channel `fourtuple.pool.warning`, too. */
  readonly onWarning?: (warning: PortWarning) => void;
  /** 0 to 1, for tests. */
  readonly random?: () => number;
  /** Milliseconds that never go back, for tests. */
  readonly now?: () => number;
}

/** Options of net.connect() besides the destination, as `lookup`, `family` and `autoSelectFamily`. */
export type FurtherOptions = Omit<TcpNetConnectOpts, 'host' | 'port' | 'timeout'>;

/** Options of net.connect(), and a key by which the policy `hash` chooses. */
export type ConnectOptions = NetConnectOpts & { readonly sourceKey?: string };

/** By what means source addresses are bound. */
export type ConnectorMode =
  /** Without a port, which connect() chooses for its destination (IP_BIND_ADDRESS_NO_PORT). */
  | 'late-bind'
  /**
   * With a port that this process chooses for the destination, where koffi is missing. A port that another program
   * holds is passed by; where TCP timestamps are off, one whose four-tuple is in TIME_WAIT fails; and such ports are lost
   * to others' connect().
   */
  | 'explicit-port'
  /** As net.connect() does: a source address has one range of ports for all destinations together. */
  | 'plain';

export interface SourceStats {
  /** `*` where the kernel chooses. */
  readonly address: string;
  /** Connections that are open or being opened. */
  readonly open: number;
  /** Closed ones whose TIME_WAIT holds their port, as estimated from which end closed first; undefined where that cannot be seen. */
  readonly timeWait: number | undefined;
  /** Connects that were given this address, since the beginning. */
  readonly connects: number;
  /** Times it had no port for a destination, and the next address was tried. */
  readonly exhausted: number;
  /** Times its budget for a destination was spent, and the next address was tried. */
  readonly overBudget: number;
  /** Times it was not an address of this host. */
  readonly missing: number;
}

/** What this process has in use of the ports of one source to one destination. */
export interface TupleStats {
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number;
  /** Open, and in TIME_WAIT. */
  readonly used: number;
  readonly timeWait: number | undefined;
  /** Ports that the budget allows. */
  readonly limit: number;
  /** Ports that the kernel may choose. */
  readonly capacity: number;
}

export interface ConnectorStats {
  readonly mode: ConnectorMode;
  readonly sources: readonly SourceStats[];
  /** Tuples of which this process has ports in use. */
  readonly tuples: readonly TupleStats[];
  /** Errors that ended connections and connects, by their code. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Connects as net.connect() does, from source addresses that are chosen late. */
export interface Connector {
  readonly mode: ConnectorMode;
  /** Why it is not late-bind; undefined if it is. */
  readonly modeReason: string | undefined;
  /** As net.connect(options, listener). */
  connect(this: void, options: ConnectOptions, listener?: () => void): Socket;
  stats(): ConnectorStats;
}
