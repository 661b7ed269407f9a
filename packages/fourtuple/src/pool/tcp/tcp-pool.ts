import type { Socket } from 'node:net';
import { acquiredChannel, createdChannel, destroyedChannel, failedChannel, leakChannel, releasedChannel } from '../channels.ts';
import type { Connector } from '../connector-options.ts';
import { codeOf, ConnectError, isPortError, PoolClosedError, QueueFullError, type PortTuple } from '../errors.ts';
import { splitConnector } from '../connector-part.ts';
import { RetryPolicy } from '../http/retry.ts';
import { openConnection, type OpenOptions } from './open-connection.ts';
import type { AcquireOptions, Lease, TcpPool, TcpPoolOptions, TcpPoolStats } from './pool-options.ts';
import { PooledConnection } from './pooled-connection.ts';
import { timeoutError } from './timeout-error.ts';
import { Waiter, WaitingLine } from './waiting-line.ts';

const JITTER = 0.25;
/** How long a pool that finds no port, or no descriptor, waits before it looks again: the first time, and at most. */
const SHORTAGE_MS = { first: 50, most: 1000 } as const;
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
  /** Last in, first out: those that are not needed are at the beginning, and end. */
  readonly #idle: PooledConnection[] = [];
  readonly #lent = new Set<PooledConnection>();
  /** Sockets that are destroyed, and not closed yet. */
  readonly #ending = new Set<Socket>();
  /** Connections that are being made, or will be after a wait, or are being asked whether they serve. */
  #coming = 0;
  readonly #closing = new AbortController();
  #drained: (() => void) | undefined;
  /** Set while no connect is tried, for want of ports or descriptors. */
  #pause: NodeJS.Timeout | undefined;
  #shortages = 0;
  #shortage: unknown;
  #care: NodeJS.Timeout | undefined;
  #acquired = 0;
  #created = 0;
  readonly #destroyed = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #leaks = 0;

  constructor(options: TcpPoolOptions) {
    const { host, port, name, max = 10, minIdle = 0, maxWaiting = 10_000, acquireTimeoutMs = 30_000, connectTimeoutMs = 10_000, idleTimeoutMs = 60_000, maxLifetimeMs = 1_800_000, keepAliveMs = 60_000, leakDetectionMs = 0, validateAfterIdleMs = 500, validate, retry, tls = false } = options;
    if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) throw new RangeError(`port is one of 1 to 65535, not ${port}`);
    if (!(Number.isInteger(max) && max >= 1)) throw new RangeError(`max is a number of connections from 1 on, not ${max}`);
    this.#limits = { max, minIdle, maxWaiting, acquireTimeoutMs, idleTimeoutMs, maxLifetimeMs, keepAliveMs, leakDetectionMs, validateAfterIdleMs };
    for (const [key, value] of [...Object.entries(this.#limits), ['connectTimeoutMs', connectTimeoutMs] as const]) {
      if (!(value >= 0)) throw new RangeError(`${key} is a number from 0 on, not ${value}`);
    }
    if (minIdle > max) throw new RangeError(`minIdle (${minIdle}) is more than max (${max})`);
    this.connector = splitConnector(options, { budget: 0.8 }).connector;
    this.#open = { host, port, tls: tls === false ? undefined : tls === true ? {} : tls, connectTimeoutMs, keepAliveMs };
    this.#name = name ?? `${host}:${port}`;
    this.#tuple = { sources: [], destination: host, destinationPort: port };
    this.#validate = validate;
    this.#retry = new RetryPolicy(retry === false ? { maxRetries: 0 } : { ...retry, methods: ['CONNECT'] });
    this.#random = options.random ?? Math.random;
    this.#fill();
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  get #total(): number {
    return this.#lent.size + this.#idle.length + this.#coming;
  }

  async acquire({ signal, timeoutMs = this.#limits.acquireTimeoutMs }: AcquireOptions = {}): Promise<Lease> {
    return new Promise<Lease>((resolve, reject) => {
      const now = performance.now();
      const waiter = new Waiter(now, resolve, reject);
      if (this.#isClosed) return this.#refuse(waiter, new PoolClosedError(this.#tuple));
      if (signal?.aborted === true) return this.#refuse(waiter, signal.reason);
      if (this.#line.size === 0) {
        const ready = this.#takeReady(now);
        if (ready !== undefined) return this.#lend(ready, waiter);
      }
      if (this.#line.size >= this.#limits.maxWaiting) return this.#refuse(waiter, new QueueFullError(this.#tuple, this.#limits.maxWaiting));
      this.#enqueue(waiter, signal, timeoutMs);
      return this.#serve();
    });
  }

  #enqueue(waiter: Waiter, signal: AbortSignal | undefined, timeoutMs: number): void {
    this.#line.add(waiter);
    if (timeoutMs > 0) {
      waiter.timer = setTimeout(() => {
        if (this.#line.leave(waiter)) this.#refuse(waiter, timeoutError({ tuple: this.#tuple, waitedMs: timeoutMs, max: this.#limits.max, lent: this.#lent.size, shortage: this.#shortage, lastError: waiter.lastError }));
      }, timeoutMs);
    }
    if (signal === undefined) return;
    const aborted = (): void => {
      if (this.#line.leave(waiter)) this.#refuse(waiter, signal.reason);
    };
    signal.addEventListener('abort', aborted, { once: true });
    waiter.forget = () => signal.removeEventListener('abort', aborted);
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

  /** Gives those that wait what is there, and has made what is not. */
  #serve(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    while (this.#line.size - this.#coming > 0) {
      const connection = this.#takeIdle(now);
      if (connection === undefined) break;
      if (this.#needsCheck(connection, now)) void this.#check(connection);
      else this.#give(connection);
    }
    while (this.#line.size - this.#coming > 0 && this.#total < this.#limits.max && this.#pause === undefined) this.#connect();
  }

  /** An idle connection that may be lent without a question, if the next one is. */
  #takeReady(now: number): PooledConnection | undefined {
    const last = this.#idle.at(-1);
    return last === undefined || this.#needsCheck(last, now) ? undefined : this.#takeIdle(now);
  }

  /** The idle connection that was used last and is fit. */
  #takeIdle(now: number): PooledConnection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
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

  /** Asks the other end whether the connection serves. */
  async #check(connection: PooledConnection): Promise<void> {
    this.#coming++;
    connection.lend();
    const isFit = await this.#asks(connection.socket);
    this.#coming--;
    connection.takeBack();
    const now = performance.now();
    const unfit = isFit ? connection.unfit(now) : 'it did not answer as it should';
    if (unfit !== undefined || this.#isClosed) {
      this.#destroy(connection, unfit ?? 'the pool was closed');
      this.#serve();
      return;
    }
    connection.checkedAt = now;
    this.#give(connection);
    this.#serve();
  }

  /** The answer of `validate`, within the time that a connect has. */
  async #asks(socket: Socket): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const { connectTimeoutMs } = this.#open;
    const late = new Promise<false>((resolve) => {
      if (connectTimeoutMs > 0) timer = setTimeout(resolve, connectTimeoutMs, false);
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
    this.#destroy(connection, connection.unfit(performance.now()) ?? 'unread data');
    this.#fill();
  }

  #lend(connection: PooledConnection, waiter: Waiter): void {
    const now = performance.now();
    connection.lend();
    this.#lent.add(connection);
    this.#acquired++;
    const stopWatching = this.#watchLeak(now);
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

  #watchLeak(since: number): (() => void) | undefined {
    const { leakDetectionMs } = this.#limits;
    if (leakDetectionMs === 0) return undefined;
    const { stack = '' } = new Error('acquired here');
    const timer = setTimeout(() => {
      this.#leaks++;
      const heldMs = performance.now() - since;
      leakChannel.publish({ pool: this.#name, heldMs, stack });
      process.emitWarning(`a connection of the pool ${this.#name} was not given back within ${leakDetectionMs.toLocaleString('en')} ms: see where it was acquired`, { type: 'FourtupleWarning', code: 'FOURTUPLE_LEAK', detail: stack });
    }, leakDetectionMs).unref();
    return () => clearTimeout(timer);
  }

  /** @param end why it is not to be lent again */
  #comeBack(connection: PooledConnection, end: string | undefined): void {
    this.#lent.delete(connection);
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
    if (this.#lent.size === 0) this.#drained?.();
  }

  #connect(): void {
    this.#coming++;
    openConnection(this.connector, this.#open, this.#closing.signal).then(
      (socket) => this.#connected(socket),
      (error: unknown) => this.#notConnected(error),
    );
  }

  #connected(socket: Socket): void {
    this.#coming--;
    this.#shortages = 0;
    this.#shortage = undefined;
    // An error of a connection that nobody has is no reason to end the process.
    socket.on('error', () => undefined);
    const now = performance.now();
    const { maxLifetimeMs } = this.#limits;
    const connection = new PooledConnection(socket, now, maxLifetimeMs === 0 ? Number.POSITIVE_INFINITY : now + maxLifetimeMs * (1 - JITTER * this.#random()));
    this.#created++;
    if (createdChannel.hasSubscribers) createdChannel.publish({ pool: this.#name, localAddress: socket.localAddress, localPort: socket.localPort });
    if (this.#isClosed) this.#destroy(connection, 'the pool was closed');
    else this.#give(connection);
  }

  #notConnected(error: unknown): void {
    this.#coming--;
    if (this.#isClosed) return;
    const { first } = this.#line;
    if (isShortage(error)) {
      this.#shortage = error;
      this.#wait();
    } else if (first === undefined) {
      // For those that are kept ready: later.
      this.#wait();
    } else {
      first.lastError = error;
      const wait = this.#retry.next({ method: 'CONNECT', failedBefore: first.failedConnects++, code: codeOf(error) });
      if (typeof wait === 'number') this.#connectLater(wait);
      else if (this.#line.leave(first)) this.#refuse(first, new ConnectError(this.#tuple, error));
    }
    this.#serve();
  }

  #connectLater(waitMs: number): void {
    this.#coming++;
    setTimeout(() => {
      this.#coming--;
      this.#serve();
    }, waitMs);
  }

  /** Tries nothing for a while that grows: a connect that finds no port costs the kernel a walk through all of them. */
  #wait(): void {
    if (this.#pause !== undefined) return;
    const most = Math.min(SHORTAGE_MS.most, SHORTAGE_MS.first * 2 ** this.#shortages++);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#serve();
      this.#fill();
    }, most * (1 - JITTER * this.#random()));
    // Those that wait have timers of their own.
    if (this.#line.size === 0) this.#pause.unref();
  }

  /** A connection is gone, and with it perhaps a port: those that wait for one need not wait out the pause. */
  #tryNow(): void {
    if (this.#pause === undefined || this.#line.size === 0 || this.#isClosed) return;
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#serve();
  }

  /** Keeps so many ready as minIdle says. */
  #fill(): void {
    while (!this.#isClosed && this.#idle.length + this.#coming - this.#line.size < this.#limits.minIdle && this.#total < this.#limits.max && this.#pause === undefined) this.#connect();
  }

  #scheduleCare(): void {
    if (this.#care !== undefined || this.#isClosed) return;
    const { idleTimeoutMs, maxLifetimeMs, keepAliveMs } = this.#limits;
    const shortest = Math.min(...[idleTimeoutMs, maxLifetimeMs, this.#validate === undefined ? 0 : keepAliveMs].filter((ms) => ms > 0));
    if (shortest === Number.POSITIVE_INFINITY) return;
    this.#care = setTimeout(() => {
      this.#care = undefined;
      this.#lookOver();
    }, Math.min(CARE_MS.most, Math.max(CARE_MS.least, shortest / 2))).unref();
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
      if (end === undefined) void this.#check(connection);
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
    if (socket.closed) return;
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
      clearTimeout(this.#pause);
      clearTimeout(this.#care);
      for (const waiter of this.#line) {
        this.#line.leave(waiter);
        this.#refuse(waiter, new PoolClosedError(this.#tuple));
      }
      for (const connection of this.#idle.splice(0)) {
        connection.unwatch();
        this.#destroy(connection, 'the pool was closed');
      }
    }
    if (this.#lent.size > 0 && drainMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs);
        this.#drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const connection of this.#lent) this.#destroy(connection, 'the pool was closed');
    await Promise.all([...this.#ending].map(async (socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  stats(): TcpPoolStats {
    return {
      name: this.#name,
      max: this.#limits.max,
      lent: this.#lent.size,
      idle: this.#idle.length,
      connecting: this.#coming,
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
