import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Connector, ConnectorOptions, ConnectorStats, FurtherOptions } from '../connector-options.ts';
import type { RetryOptions } from '../http/retry.ts';

/** Options of {@link createTcpPool}. The names are those of HikariCP where it has the thing. */
export interface TcpPoolOptions extends ConnectorOptions {
  readonly host: string;
  readonly port: number;
  /** Of errors, events and metrics: `host:port` by default. */
  readonly name?: string;
  /** Connections at most, those that are lent and those that are idle: 10 by default. `fourtuple plan pool` computes it. */
  readonly max?: number;
  /** Idle connections that are kept ready, lifetimes apart: none by default. */
  readonly minIdle?: number;
  /** Acquires that may wait beyond those for which there is room: 10,000 by default. */
  readonly maxWaiting?: number;
  /** Milliseconds that acquire() waits: 30,000 by default, 0 for any. */
  readonly acquireTimeoutMs?: number;
  /** Milliseconds that one connection may take to be made, TLS included: 10,000 by default, 0 for any. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that a connection beyond minIdle is kept unused: 60,000 by default, 0 for any. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds after which a connection is not lent again: 1,800,000 by default, 0 for any. Each lives up to a quarter shorter, by chance, so that they do not end together. */
  readonly maxLifetimeMs?: number;
  /** Milliseconds between keep-alive probes of TCP, and between calls of `validate` on idle connections: 60,000 by default, 0 for none. */
  readonly keepAliveMs?: number;
  /** Milliseconds after which a connection that was not given back is told as a leak: 0, never, by default. */
  readonly leakDetectionMs?: number;
  /** Asks the other end whether the connection still serves, before it is lent: false, or an error, ends it. It must leave nothing unread. */
  readonly validate?: (socket: Socket) => boolean | Promise<boolean>;
  /** Connections that were used less than this many milliseconds ago are lent without `validate`: 500 by default. */
  readonly validateAfterIdleMs?: number;
  /** How often a connect that failed is repeated for the same acquire(): 2 times by default, `false` for none. That no port is left is waited out instead. */
  readonly retry?: Pick<RetryOptions, 'maxRetries' | 'minDelayMs' | 'maxDelayMs' | 'factor' | 'budgetRatio' | 'budgetBurst'> | false;
  /** Of tls.connect(); `true` for its defaults. */
  readonly tls?: ConnectionOptions | boolean;
  /** Share of the ports of each (source, destination, port) that this process may have in use, above 0 to 1: 0.8 by default, so that others keep some. */
  readonly budget?: number;
  /** Further options of net.connect(): `lookup`, `family`, `autoSelectFamily` and the like. */
  readonly connectOptions?: FurtherOptions;
  /** Instead of one that is made of `sources`, `budget` and the like. */
  readonly connector?: Connector;
}

export interface AcquireOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds instead of the pool's acquireTimeoutMs; 0 for any. */
  readonly timeoutMs?: number;
}

/** A connection that is lent. It is to be given back by one of its methods, once. */
export interface Lease {
  readonly socket: Socket;
  /** Gives the connection back. One that ended, or holds something unread, is not lent again. Listeners that were added meanwhile are taken off. */
  release(this: void): void;
  /** Gives it up: after an error, or in the middle of an exchange. */
  destroy(this: void, reason?: Error): void;
  /** As release(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TcpPoolStats {
  readonly name: string;
  readonly max: number;
  /** Connections that are lent. */
  readonly lent: number;
  readonly idle: number;
  /** Connections that are being made, now or after a failure, or asked whether they serve. */
  readonly connecting: number;
  /** Acquires that wait. */
  readonly pending: number;
  readonly acquired: number;
  readonly created: number;
  /** Connections that are gone, by reason. */
  readonly destroyed: Readonly<Record<string, number>>;
  /** Acquires that failed, by the name of their error. */
  readonly failures: Readonly<Record<string, number>>;
  readonly leaks: number;
  readonly connector: ConnectorStats;
}

/** Connections to one destination, lent one at a time. */
export interface TcpPool {
  /** The next connection that is free, in the order of the calls. @throws AcquireTimeoutError, QueueFullError, PoolClosedError, ConnectError, the reason of the signal */
  acquire(this: void, options?: AcquireOptions): Promise<Lease>;
  /** Lends a connection for as long as `work` takes; one whose work fails is given up. */
  use<T>(this: void, work: (socket: Socket) => T | Promise<T>, options?: AcquireOptions): Promise<T>;
  /** Refuses further acquires and those that wait, lets lent connections come back for so many milliseconds (10,000 by default), and ends all. */
  close(this: void, options?: { readonly drainMs?: number }): Promise<void>;
  stats(this: void): TcpPoolStats;
  readonly connector: Connector;
}
