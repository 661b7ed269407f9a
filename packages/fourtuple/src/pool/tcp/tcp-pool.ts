import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { acquiredChannel, createdChannel, destroyedChannel, failedChannel, leakChannel, releasedChannel } from '../channels.ts';
import type { Connector } from '../connector-options.ts';
import { codeOf, ConnectError, isPortError, PoolClosedError, QueueFullError, type PortTuple } from '../errors.ts';
import { splitConnector } from '../connector-part.ts';
import { RetryPolicy } from '../http/retry.ts';
import { AbortCalls } from './abort-calls.ts';
import { openConnection, type OpenOptions } from './open-connection.ts';
import type { AcquireOptions, Lease, TcpPool, TcpPoolOptions, TcpPoolStats } from './pool-options.ts';
import { Pause } from './pause.ts';
import { PooledConnection } from './pooled-connection.ts';
import { timeoutError } from './timeout-error.ts';
import { timerMs } from './timer-ms.ts';
import { Waiter, WaitingLine } from './waiting-line.ts';

const JITTER = 0.25;
/** How long a pool that finds no port, or no descriptor, waits before it looks again: the first time, and at most. */
const SHORTAGE_MS = { firstMs: 50, mostMs: 1000 } as const;
/** How long it waits before it tries again to make one that is kept ready. */
const REFILL_MS = { firstMs: 100, mostMs: 30_000 } as const;
/** How often idle connections are looked over, at least and at most, in milliseconds. */
const CARE_MS = { least: 20, most: 30_000 } as const;

/** @throws SourceError for sources that cannot be used @throws RangeError for a number that is none of its kind */
export function createTcpPool(options: TcpPoolOptions): TcpPool {
  const pool = new ConnectionPool(options);
  return { acquire: async (asked) => pool.acquire(asked), use: async (work, asked) => pool.use(work, asked), close: async (asked) => pool.close(asked), stats: () => pool.stats(), connector: pool.connector };
}

/** What the process itself is short of: another attempt at once meets the same. */
function isShortage(error: unknown): boolean {
  return isPortError(error) || codeOf(error) === 'EMFILE' || codeOf(error) === 'ENFILE';
}

type Limits = Readonly<Record<'max' | 'minIdle' | 'maxWaiting' | 'acquireTimeoutMs' | 'idleTimeoutMs' | 'maxLifetimeMs' | 'keepAliveMs' | 'leakDetectionMs' | 'validateAfterIdleMs', number>>;

class ConnectionPool {
  readonly connector: Connector;
  readonly #open: OpenOptions;
  readonly #name: string;
  readonly #tuple: PortTuple;
  readonly #limits: Limits;
  readonly #validate: TcpPoolOptions['validate'];
  readonly #retry: RetryPolicy;
  readonly #random: () => number;
  readonly #line = new WaitingLine();
  readonly #aborts = new AbortCalls();
  /** Last in, first out: those that are not needed are at the beginning, and end. */
  readonly #idle: PooledConnection[] = [];
  readonly #lent = new Set<PooledConnection>();
  /** Sockets that are destroyed, and not closed yet. */
  readonly #ending = new Set<Socket>();
  /** Those that are being asked whether they serve, and how many of them for somebody who waits. */
  readonly #asked = new Set<PooledConnection>();
  #askedForWaiters = 0;
  /** Connections that are being made, and those that will be for one that waits, after a wait of its own. */
  readonly #opening = new Set<Promise<Socket>>();
  #retrying = 0;
  readonly #closing = new AbortController();
  /** Called when the last connection that was lent is back. */
  readonly #drained = new Set<() => void>();
  /** No connect is tried meanwhile, for want of ports or descriptors. */
  readonly #shortagePause: Pause;
  #shortage: unknown;
  /** Connects at once, at most: one after a shortage, and twice as many after each that was made. */
  #opensAtOnce = Number.POSITIVE_INFINITY;
  /** None is made to be kept ready meanwhile: the last one failed. */
  readonly #refillPause: Pause;
  #care: NodeJS.Timeout | undefined;
  #acquired = 0;
  #created = 0;
  readonly #destroyed = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #leaks = 0;

  constructor(options: TcpPoolOptions) {
    const { host, port, name, max = 10, minIdle = 0, maxWaiting = 10_000, acquireTimeoutMs = 30_000, connectTimeoutMs = 10_000, idleTimeoutMs = 60_000, maxLifetimeMs = 1_800_000, keepAliveMs = 60_000, leakDetectionMs = 0, validateAfterIdleMs = 500, validate, retry, tls = false, connectOptions = {} } = options;
    if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) throw new RangeError(`port is one of 1 to 65535, not ${port}`);
    if (!(Number.isInteger(max) && max >= 1)) throw new RangeError(`max is a number of connections from 1 on, not ${max}`);
    this.#limits = { max, minIdle, maxWaiting, acquireTimeoutMs, idleTimeoutMs, maxLifetimeMs, keepAliveMs, leakDetectionMs, validateAfterIdleMs };
    for (const [key, value] of [...Object.entries(this.#limits), ['connectTimeoutMs', connectTimeoutMs] as const]) {
      if (!(value >= 0)) throw new RangeError(`${key} is a number from 0 on, not ${value}`);
    }
    if (minIdle > max) throw new RangeError(`minIdle (${minIdle}) is more than max (${max})`);
    this.connector = splitConnector(options, { budget: 0.8 }).connector;
    this.#open = { host, port, tls: tls === false ? undefined : tls === true ? {} : tls, connectTimeoutMs, keepAliveMs, connectOptions };
    this.#name = name ?? `${host}:${port}`;
    this.#tuple = { sources: [], destination: host, destinationPort: port };
    this.#validate = validate;
    const random = options.random ?? Math.random;
    this.#retry = new RetryPolicy(retry === false ? { maxRetries: 0 } : { ...retry, methods: ['CONNECT'], random });
    this.#random = random;
    this.#shortagePause = new Pause({ ...SHORTAGE_MS, random }, () => {
      this.#serve();
      this.#fill();
    });
    this.#refillPause = new Pause({ ...REFILL_MS, random }, () => this.#fill());
    // One for each connect that is under way.
    setMaxListeners(0, this.#closing.signal);
    this.#fill();
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  get #total(): number {
    return this.#lent.size + this.#idle.length + this.#asked.size + this.#opening.size + this.#retrying;
  }

  /** Of those that wait, the ones for whom nothing is on its way. */
  get #unserved(): number {
    return this.#line.size - this.#askedForWaiters - this.#opening.size - this.#retrying;
  }

  get #mayOpen(): boolean {
    return this.#total < this.#limits.max && this.#opening.size < this.#opensAtOnce && !this.#shortagePause.isOn;
  }

  async acquire({ signal, timeoutMs = this.#limits.acquireTimeoutMs }: AcquireOptions = {}): Promise<Lease> {
    if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs is a number from 0 on, not ${timeoutMs}`);
    return new Promise<Lease>((resolve, reject) => {
      const now = performance.now();
      const waiter = new Waiter(now, resolve, reject);
      if (this.#limits.leakDetectionMs > 0) ({ stack: waiter.stack } = new Error('acquired here'));
      if (this.#isClosed) return this.#refuse(waiter, new PoolClosedError(this.#tuple));
      if (signal?.aborted === true) return this.#refuse(waiter, signal.reason);
      this.#retry.sent();
      if (this.#line.size === 0) {
        const ready = this.#takeReady(now);
        if (ready !== undefined) return this.#lend(ready, waiter);
      }
      // Those for whom there is room wait only for their connection to be made.
      if (this.#line.size >= this.#limits.maxWaiting + this.#limits.max - this.#lent.size) return this.#refuse(waiter, new QueueFullError(this.#tuple, this.#line.size));
      this.#enqueue(waiter, signal, timeoutMs);
      return this.#serve();
    });
  }

  #enqueue(waiter: Waiter, signal: AbortSignal | undefined, timeoutMs: number): void {
    this.#line.add(waiter);
    if (timeoutMs > 0) {
      waiter.timer = setTimeout(() => {
        this.#giveUp(waiter, timeoutError({ tuple: this.#tuple, waitedMs: timeoutMs, max: this.#limits.max, lent: this.#lent.size, shortage: this.#shortage, lastError: waiter.lastError }));
      }, timerMs(timeoutMs));
    }
    if (signal === undefined) return;
    waiter.forget = this.#aborts.add(signal, () => this.#giveUp(waiter, signal.reason));
  }

  async use<T>(work: (socket: Socket) => T | Promise<T>, options?: AcquireOptions): Promise<T> {
    const lease = await this.acquire(options);
    try {
      const result = await work(lease.socket);
      lease.release();
      return result;
    } catch (error) {
      lease.destroy(error instanceof Error ? error : undefined);
      throw error;
    }
  }

  /** Somebody waits no longer. The connect that was due for it may now be another's. */
  #giveUp(waiter: Waiter, error: unknown): void {
    if (!this.#line.leave(waiter)) return;
    this.#refuse(waiter, error);
    this.#serve();
  }

  /** Gives those that wait what is there, and has made what is not. */
  #serve(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    while (this.#unserved > 0) {
      const connection = this.#takeIdle(now);
      if (connection === undefined) break;
      if (this.#needsCheck(connection, now)) void this.#check(connection, true);
      else this.#give(connection);
    }
    while (this.#unserved > 0 && this.#mayOpen) this.#connect();
    if (this.#line.size > 0) this.#shortagePause.hold();
  }

  /** The idle connection that was used last and is fit, if it may be lent without a question. */
  #takeReady(now: number): PooledConnection | undefined {
    return this.#takeIdle(now, (connection) => !this.#needsCheck(connection, now));
  }

  /** The idle connection that was used last and is fit; none if that is not what is `wanted`. */
  #takeIdle(now: number, wanted?: (connection: PooledConnection) => boolean): PooledConnection | undefined {
    for (let connection = this.#idle.at(-1); connection !== undefined; connection = this.#idle.at(-1)) {
      if (wanted?.(connection) === false) return undefined;
      this.#idle.pop();
      connection.unwatch();
      const unfit = connection.unfit(now);
      if (unfit === undefined) return connection;
      this.#destroy(connection, unfit);
    }
    return undefined;
  }

  #needsCheck(connection: PooledConnection, now: number): boolean {
    return this.#validate !== undefined && now - connection.checkedAt >= this.#limits.validateAfterIdleMs;
  }

  /** Asks the other end whether the connection serves. @param isForWaiter whether somebody waits for the answer */
  async #check(connection: PooledConnection, isForWaiter: boolean): Promise<void> {
    this.#asked.add(connection);
    if (isForWaiter) this.#askedForWaiters++;
    connection.lend();
    const isFit = await this.#asks(connection.socket);
    if (isForWaiter) this.#askedForWaiters--;
    // Ended by close() meanwhile.
    if (!this.#asked.delete(connection)) return;
    connection.takeBack();
    const now = performance.now();
    const unfit = isFit ? connection.unfit(now) : 'it did not answer as it should';
    if (unfit === undefined) {
      connection.checkedAt = now;
      this.#give(connection);
    } else this.#destroy(connection, unfit);
    this.#serve();
    this.#fill();
  }

  /** The answer of `validate`, within the time that a connect has. */
  async #asks(socket: Socket): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const { connectTimeoutMs } = this.#open;
    const late = new Promise<false>((resolve) => {
      if (connectTimeoutMs > 0) timer = setTimeout(resolve, timerMs(connectTimeoutMs), false);
      socket.once('close', () => resolve(false));
    });
    try {
      return await Promise.race([this.#validate!(socket), late]);
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lends the connection to the first who waits, or keeps it. */
  #give(connection: PooledConnection): void {
    const waiter = this.#line.shift();
    if (waiter !== undefined) return this.#lend(connection, waiter);
    this.#idle.push(connection);
    connection.watch(() => this.#idleEnded(connection));
    this.#scheduleCare();
  }

  #idleEnded(connection: PooledConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    connection.unwatch();
    this.#destroy(connection, connection.unfit(performance.now()) ?? 'closed by the server');
    this.#fill();
  }

  #lend(connection: PooledConnection, waiter: Waiter): void {
    const now = performance.now();
    connection.lend();
    this.#lent.add(connection);
    this.#acquired++;
    const stopWatching = this.#watchLeak(now, waiter.stack);
    let isBack = false;
    const comeBack = (end: string | undefined): void => {
      if (isBack) return;
      isBack = true;
      stopWatching?.();
      if (releasedChannel.hasSubscribers) releasedChannel.publish({ pool: this.#name, elapsedMs: performance.now() - now });
      this.#comeBack(connection, end);
    };
    if (acquiredChannel.hasSubscribers) acquiredChannel.publish({ pool: this.#name, elapsedMs: now - waiter.since });
    waiter.resolve({
      socket: connection.socket,
      release: () => comeBack(undefined),
      destroy: (reason) => comeBack(reason === undefined ? 'it was given up' : 'its user failed'),
      [Symbol.asyncDispose]: async () => {
        comeBack(undefined);
        return Promise.resolve();
      },
    });
  }

  #watchLeak(since: number, stack = ''): (() => void) | undefined {
    const { leakDetectionMs } = this.#limits;
    if (leakDetectionMs === 0) return undefined;
    const timer = setTimeout(() => {
      this.#leaks++;
      const heldMs = performance.now() - since;
      leakChannel.publish({ pool: this.#name, heldMs, stack });
      process.emitWarning(`a connection of the pool ${this.#name} was not given back within ${leakDetectionMs.toLocaleString('en')} ms: see where it was acquired`, { type: 'FourtupleWarning', code: 'FOURTUPLE_LEAK', detail: stack });
    }, timerMs(leakDetectionMs)).unref();
    return () => clearTimeout(timer);
  }

  /** @param end why it is not to be lent again */
  #comeBack(connection: PooledConnection, end: string | undefined): void {
    // Ended by close() meanwhile.
    if (!this.#lent.delete(connection)) return;
    connection.takeBack();
    const now = performance.now();
    const unfit = end ?? connection.unfit(now) ?? (this.#isClosed ? 'the pool was closed' : undefined);
    if (unfit === undefined) {
      connection.idleSince = now;
      connection.checkedAt = now;
      this.#give(connection);
    } else {
      this.#destroy(connection, unfit);
      this.#serve();
      this.#fill();
    }
    if (this.#lent.size === 0) for (const drained of this.#drained) drained();
  }

  #connect(): void {
    const opening = openConnection(this.connector, this.#open, this.#closing.signal);
    this.#opening.add(opening);
    void this.#opens(opening);
  }

  async #opens(opening: Promise<Socket>): Promise<void> {
    let socket: Socket;
    try {
      socket = await opening;
    } catch (error) {
      this.#opening.delete(opening);
      this.#notConnected(error);
      return;
    }
    this.#opening.delete(opening);
    this.#connected(socket);
  }

  #connected(socket: Socket): void {
    this.#shortage = undefined;
    this.#opensAtOnce *= 2;
    this.#shortagePause.forget();
    this.#refillPause.forget();
    const now = performance.now();
    const { maxLifetimeMs } = this.#limits;
    const connection = new PooledConnection(socket, now, maxLifetimeMs === 0 ? Number.POSITIVE_INFINITY : now + maxLifetimeMs * (1 - JITTER * this.#random()));
    this.#created++;
    if (createdChannel.hasSubscribers) createdChannel.publish({ pool: this.#name, localAddress: socket.localAddress, localPort: socket.localPort });
    if (this.#isClosed) return this.#destroy(connection, 'the pool was closed');
    this.#give(connection);
    this.#serve();
    this.#fill();
  }

  #notConnected(error: unknown): void {
    if (this.#isClosed) return;
    if (isShortage(error)) {
      // A connect that finds no port costs the kernel a walk through all of them.
      this.#shortage = error;
      this.#opensAtOnce = 1;
      this.#shortagePause.begin();
    } else {
      const waiter = this.#line.firstUntried;
      if (waiter === undefined) this.#refillPause.begin();
      else this.#failedFor(waiter, error);
    }
    this.#serve();
  }

  /** Another connect for the one that waits, later; or none any more. */
  #failedFor(waiter: Waiter, error: unknown): void {
    waiter.lastError = error;
    const waitMs = this.#retry.next({ method: 'CONNECT', failedBefore: waiter.failedConnects++, code: codeOf(error) });
    if (typeof waitMs !== 'number') {
      this.#refillPause.begin();
      this.#giveUp(waiter, new ConnectError(this.#tuple, error));
      return;
    }
    this.#retrying++;
    const isOver = (): void => {
      clearTimeout(timer);
      waiter.stopRetry = undefined;
      this.#retrying--;
    };
    const timer = setTimeout(() => {
      isOver();
      this.#serve();
    }, waitMs);
    waiter.stopRetry = isOver;
  }

  /** A connection is gone, and with it perhaps a port: those that wait for one need not wait out the pause. */
  #tryNow(): void {
    if (this.#line.size > 0 && this.#shortagePause.end()) this.#serve();
  }

  /** Keeps so many ready as minIdle says. */
  #fill(): void {
    if (this.#isClosed || this.#refillPause.isOn) return;
    while (this.#idle.length + this.#asked.size + this.#opening.size + this.#retrying - this.#line.size < this.#limits.minIdle && this.#mayOpen) this.#connect();
  }

  #scheduleCare(): void {
    if (this.#care !== undefined || this.#isClosed) return;
    const { idleTimeoutMs, maxLifetimeMs, keepAliveMs } = this.#limits;
    // Often enough that lifetimes, which differ by a part, do not end together.
    const shortest = Math.min(...[idleTimeoutMs / 2, maxLifetimeMs * (JITTER / 4), this.#validate === undefined ? 0 : keepAliveMs / 2].filter((ms) => ms > 0));
    if (shortest === Number.POSITIVE_INFINITY) return;
    this.#care = setTimeout(() => {
      this.#care = undefined;
      this.#lookOver();
    }, Math.min(CARE_MS.most, Math.max(CARE_MS.least, shortest))).unref();
  }

  /** Ends idle connections that are too old, or too many, and asks the others whether they serve. */
  #lookOver(): void {
    const now = performance.now();
    const { idleTimeoutMs, keepAliveMs, minIdle } = this.#limits;
    const looked = this.#idle.splice(0);
    let kept = looked.length;
    for (const connection of looked) {
      const isUnused = idleTimeoutMs > 0 && now - connection.idleSince >= idleTimeoutMs && kept > minIdle;
      const end = connection.unfit(now) ?? (isUnused ? 'unused' : undefined);
      const isToBeAsked = this.#validate !== undefined && keepAliveMs > 0 && now - connection.checkedAt >= keepAliveMs;
      if (end === undefined && !isToBeAsked) {
        this.#idle.push(connection);
        continue;
      }
      connection.unwatch();
      if (end === undefined) void this.#check(connection, false);
      else {
        kept--;
        this.#destroy(connection, end);
      }
    }
    this.#fill();
    if (this.#idle.length > 0) this.#scheduleCare();
  }

  #destroy({ socket }: PooledConnection, reason: string): void {
    this.#destroyed.set(reason, (this.#destroyed.get(reason) ?? 0) + 1);
    if (destroyedChannel.hasSubscribers) destroyedChannel.publish({ pool: this.#name, localAddress: socket.localAddress, localPort: socket.localPort, reason });
    if (socket.closed) return this.#tryNow();
    this.#ending.add(socket);
    socket.once('close', () => {
      this.#ending.delete(socket);
      this.#tryNow();
    });
    socket.destroy();
  }

  #refuse(waiter: Waiter, error: unknown): void {
    const name = error instanceof Error ? error.name : 'abort';
    this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
    if (failedChannel.hasSubscribers) failedChannel.publish({ pool: this.#name, elapsedMs: performance.now() - waiter.since, ...(error instanceof Error ? { error } : {}) });
    waiter.reject(error);
  }

  async close({ drainMs = 10_000 }: { readonly drainMs?: number } = {}): Promise<void> {
    if (!this.#isClosed) {
      this.#closing.abort(new PoolClosedError(this.#tuple));
      this.#shortagePause.end();
      this.#refillPause.end();
      clearTimeout(this.#care);
      for (const waiter of this.#line) this.#giveUp(waiter, new PoolClosedError(this.#tuple));
      for (const connection of this.#idle) {
        connection.unwatch();
        this.#destroy(connection, 'the pool was closed');
      }
      this.#idle.length = 0;
      this.#endAll(this.#asked);
    }
    if (this.#lent.size > 0 && drainMs > 0) await this.#drain(drainMs);
    this.#endAll(this.#lent);
    for (const drained of this.#drained) drained();
    await Promise.allSettled([...this.#opening, ...[...this.#ending].map(async (socket) => new Promise((resolve) => socket.once('close', resolve)))]);
  }

  async #drain(mostMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#drained.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timerMs(mostMs));
      this.#drained.add(done);
    });
  }

  #endAll(connections: Set<PooledConnection>): void {
    for (const connection of connections) {
      connections.delete(connection);
      this.#destroy(connection, 'the pool was closed');
    }
  }

  stats(): TcpPoolStats {
    return {
      name: this.#name,
      max: this.#limits.max,
      lent: this.#lent.size,
      idle: this.#idle.length,
      connecting: this.#asked.size + this.#opening.size + this.#retrying,
      pending: this.#line.size,
      acquired: this.#acquired,
      created: this.#created,
      destroyed: Object.fromEntries(this.#destroyed),
      failures: Object.fromEntries(this.#failures),
      leaks: this.#leaks,
      connector: this.connector.stats(),
    };
  }
}
