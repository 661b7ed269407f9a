import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { getEventListeners, once } from 'node:events';
import { createServer, type AddressInfo, type LookupFunction, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Address } from '../../src/model/index.ts';
import { AcquireTimeoutError, channelNames, ConnectError, createConnector, createTcpPool, PoolClosedError, QueueFullError, type Lease, type TcpPool, type TcpPoolOptions } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';
import { acceptSocket, bindSocket, closeSocket, connectSocket, listenSocket, makeSocket } from '../support/sockets.ts';
import { until } from '../support/wait.ts';
import { makeCertificate, opensslObstacle } from './certificate.ts';

const obstacle = liveTestObstacle();
const openssl = opensslObstacle();
const host = '127.0.0.1';

describe.skipIf(obstacle !== undefined)(`createTcpPool()${because(obstacle)}`, () => {
  const servers: Server[] = [];
  const pools: TcpPool[] = [];
  const fds: number[] = [];
  /** Ends that the servers hold, in the order in which they came. */
  let accepted: Socket[] = [];
  let warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);

  beforeEach(() => {
    enterFreshNamespace();
    accepted = [];
    warnings = [];
    process.on('warning', onWarning);
  });

  afterEach(async () => {
    await Promise.all(pools.splice(0).map(async (pool) => pool.close({ drainMs: 0 })));
    for (const socket of accepted) socket.destroy();
    await Promise.all(servers.splice(0).map(async (server) => new Promise((resolve) => server.close(resolve))));
    for (const fd of fds.splice(0)) closeSocket(fd);
    process.off('warning', onWarning);
    if (warnings.some(({ name }) => name === 'MaxListenersExceededWarning')) throw new Error('listeners stay somewhere');
  });

  const echo = (socket: Socket): void => void socket.pipe(socket);

  function hold(server: Server, behaviour: (socket: Socket) => void = echo): Server {
    servers.push(server);
    return server.on('setTicketKeys' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
      accepted.push(socket.on('error', () => undefined));
      behaviour(socket);
    });
  }

  async function listen(behaviour?: (socket: Socket) => void, port = 0, address = host): Promise<number> {
    const server = hold(createServer(), behaviour).listen(port, address, 4096);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  function poolOf(options: Partial<TcpPoolOptions> & { readonly port: number }): TcpPool {
    const pool = createTcpPool({ host, ...options });
    pools.push(pool);
    return pool;
  }

  /** A pool of a server that echoes. */
  async function echoPool(options: Partial<TcpPoolOptions> = {}): Promise<TcpPool> {
    return poolOf({ port: await listen(), ...options });
  }

  async function failure(promise: Promise<unknown>): Promise<unknown> {
    return promise.then(
      () => 'none',
      (error: unknown) => error,
    );
  }

  /** A question, and its answer by 'data'. */
  async function ask(socket: Socket, question: string): Promise<string> {
    const answer = once(socket, 'data');
    socket.write(question);
    return String((await answer)[0]);
  }

  /** A listener that no event loop serves: the kernel alone makes and ends its connections. */
  function rawListener(port: number, backlog = 4096): number {
    const fd = makeSocket({ reuseAddress: true });
    fds.push(fd);
    if (bindSocket(fd, Address.parse(host)!, port, false) !== 0 || listenSocket(fd, backlog) !== 0) throw new Error('no listener');
    return fd;
  }

  describe('lends', () => {
    it('the connection that came back last, first', async () => {
      const pool = await echoPool();
      const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
      for (const { release } of leases) release();
      const again = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
      expect(again.map(({ socket }) => socket)).toEqual(leases.map(({ socket }) => socket).reverse());
      expect(pool.stats()).toMatchObject({ created: 3, acquired: 6, lent: 3, idle: 0 });
    });

    it('10,000 that wait in the order in which they came, from never more than max', async () => {
      const pool = await echoPool({ max: 4, acquireTimeoutMs: 0 });
      const order: number[] = [];
      let most = 0;
      await Promise.all(
        Array.from({ length: 10_000 }, async (_, index) => {
          const { release } = await pool.acquire();
          order.push(index);
          const { lent, idle, connecting } = pool.stats();
          most = Math.max(most, lent + idle + connecting);
          await new Promise((resolve) => setImmediate(resolve));
          release();
        }),
      );
      expect(order).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
      expect(most).toBe(4);
      expect(pool.stats()).toMatchObject({ created: 4, acquired: 10_000 });
    });

    it('no more than max, and to maxWaiting wait', async () => {
      const pool = await echoPool({ max: 2, maxWaiting: 3 });
      const leases = await Promise.all([pool.acquire(), pool.acquire()]);
      const waiting = [pool.acquire(), pool.acquire(), pool.acquire()];
      const error = await failure(pool.acquire());
      expect(error).toBeInstanceOf(QueueFullError);
      expect(error).toMatchObject({ code: 'ERR_FOURTUPLE_QUEUE_FULL', tuple: { destination: host }, remedy: expect.stringContaining('maxWaiting') as string });
      expect(pool.stats()).toMatchObject({ lent: 2, pending: 3, failures: { QueueFullError: 1 } });
      for (const { release } of leases) release();
      for (const one of waiting) (await one).release();
      expect(pool.stats()).toMatchObject({ created: 2, idle: 2 });
    });

    it('to as many as there is room for when none may wait', async () => {
      const pool = await echoPool({ max: 2, maxWaiting: 0 });
      const leases = await Promise.all([pool.acquire(), pool.acquire()]);
      expect(await failure(pool.acquire())).toBeInstanceOf(QueueFullError);
      leases[0].release();
      expect((await pool.acquire()).socket).toBe(leases[0].socket);
    });

    it('200 at once without a warning', async () => {
      const pool = await echoPool({ max: 200 });
      const leases = await Promise.all(Array.from({ length: 200 }, async () => pool.acquire()));
      expect(new Set(leases.map(({ socket }) => socket.localPort)).size).toBe(200);
    });

    it.each([['::1', '::1'], ['localhost', host]])('to %s, too', async (name, address) => {
      const port = await listen(undefined, 0, address);
      const pool = poolOf({ port, host: name });
      expect(await pool.use(async (socket) => ask(socket, 'hello'))).toBe('hello');
      expect(pool.stats().connector.tuples).toMatchObject([{ destination: address, used: 1 }]);
    });
  });

  describe('an acquire', () => {
    it('times out with what was missing, and what to do', async () => {
      const pool = await echoPool({ max: 1, acquireTimeoutMs: 30 });
      await pool.acquire();
      const error = await failure(pool.acquire());
      expect(error).toBeInstanceOf(AcquireTimeoutError);
      expect(error).toMatchObject({ message: expect.stringContaining('all 1 connections of the pool were lent') as string, tuple: { destination: host, destinationPort: accepted[0]!.localPort }, remedy: expect.stringContaining('leakDetectionMs') as string });
      expect(pool.stats()).toMatchObject({ pending: 0, failures: { AcquireTimeoutError: 1 } });
    });

    it('times out with the last error of a connect as its cause', async () => {
      const pool = poolOf({ port: 1, acquireTimeoutMs: 100, retry: { maxRetries: 100, minDelayMs: 5, maxDelayMs: 5, budgetBurst: 1000 } });
      expect(await failure(pool.acquire())).toMatchObject({ name: 'AcquireTimeoutError', message: expect.stringContaining('ECONNREFUSED') as string, cause: { code: 'ECONNREFUSED' } });
      await until('the last connect', () => pool.stats().connecting === 0);
      expect(pool.stats()).toMatchObject({ pending: 0, lent: 0 });
    });

    it('times out where no source is an address of this host, and says so', async () => {
      const pool = await echoPool({ sources: ['192.0.2.7', '192.0.2.8'], acquireTimeoutMs: 150 });
      expect(await failure(pool.acquire())).toMatchObject({ name: 'AcquireTimeoutError', message: expect.stringContaining('192.0.2.7, 192.0.2.8') as string, tuple: { sources: ['192.0.2.7', '192.0.2.8'] }, remedy: expect.stringContaining('ip address add') as string, cause: { name: 'SourcesMissingError' } });
    });

    it('waits as long as it is asked to, be it longer than a timer can', async () => {
      const pool = await echoPool({ max: 1, acquireTimeoutMs: Number.POSITIVE_INFINITY, connectTimeoutMs: 1e12 });
      const { release } = await pool.acquire();
      const waiting = [pool.acquire(), pool.acquire({ timeoutMs: 1e12 })];
      expect(await failure(pool.acquire({ timeoutMs: 20 }))).toBeInstanceOf(AcquireTimeoutError);
      release();
      for (const one of waiting) (await one).release();
      expect(await failure(pool.acquire({ timeoutMs: -1 }))).toBeInstanceOf(RangeError);
      expect(warnings).toEqual([]);
    });

    it('ends with its signal, before and while it waits, and leaves no listener', async () => {
      const pool = await echoPool({ max: 1 });
      const { release } = await pool.acquire();
      const reason = new Error('enough');
      expect(await failure(pool.acquire({ signal: AbortSignal.abort(reason) }))).toBe(reason);
      const controller = new AbortController();
      const { signal } = controller;
      const [served, ended] = [pool.acquire({ signal }), pool.acquire({ signal })];
      expect(getEventListeners(signal, 'abort').length).toBe(1);
      release();
      const lease = await served;
      expect(getEventListeners(signal, 'abort').length).toBe(1);
      controller.abort(reason);
      expect(await failure(ended)).toBe(reason);
      expect(getEventListeners(signal, 'abort').length).toBe(0);
      lease.release();
      expect(pool.stats()).toMatchObject({ pending: 0, idle: 1, lent: 0 });
    });

    it('by a signal that hundreds wait with ends them all, without a warning', async () => {
      const pool = await echoPool({ max: 1 });
      const { release } = await pool.acquire();
      const controller = new AbortController();
      const waiting = Array.from({ length: 500 }, async () => failure(pool.acquire({ signal: controller.signal })));
      expect(pool.stats().pending).toBe(500);
      controller.abort('enough');
      expect(new Set(await Promise.all(waiting))).toEqual(new Set(['enough']));
      release();
      expect(pool.stats()).toMatchObject({ pending: 0, idle: 1, failures: { abort: 500 } });
      expect(await failure(pool.acquire({ signal: controller.signal }))).toBe('enough');
    });

    it('that is given up leaves its room to the next one', async () => {
      const pool = poolOf({ port: 1, max: 1, retry: { maxRetries: 5, minDelayMs: 60_000, maxDelayMs: 60_000 }, random: () => 0.99 });
      const controller = new AbortController();
      const first = failure(pool.acquire({ signal: controller.signal }));
      await until('the first failure', () => pool.stats().connector.failures['ECONNREFUSED'] === 1);
      const second = pool.acquire();
      await listen(undefined, 1);
      controller.abort();
      expect(await first).toMatchObject({ name: 'AbortError' });
      expect((await second).socket.remotePort).toBe(1);
    });

    it('by use() gives back, and gives up what fails', async () => {
      const pool = await echoPool();
      let used: Socket | undefined;
      expect(await pool.use(async (socket) => ask((used = socket), 'hello'))).toBe('hello');
      expect(pool.stats()).toMatchObject({ idle: 1, lent: 0 });
      const failed = new Error('in the middle');
      expect(
        await failure(
          pool.use((socket) => {
            expect(socket).toBe(used);
            throw failed;
          }),
        ),
      ).toBe(failed);
      expect(used!.destroyed).toBe(true);
      expect(pool.stats()).toMatchObject({ idle: 0, lent: 0, destroyed: { 'its user failed': 1 } });
    });
  });

  describe('a connection that comes back', () => {
    it('twice, counts once', async () => {
      const pool = await echoPool({ max: 1 });
      const first = await pool.acquire();
      first.release();
      first.release();
      const second = await pool.acquire();
      first.destroy();
      await first[Symbol.asyncDispose]();
      expect(second.socket.destroyed).toBe(false);
      expect(pool.stats()).toMatchObject({ lent: 1, idle: 0, acquired: 2 });
    });

    it.each<[string, string, (socket: Socket) => unknown]>([
      ['with something unread', 'unread data', async (socket) => {
        socket.write('an answer that nobody reads');
        await until('the answer', () => socket.readableLength > 0);
      }],
      ['ended by the server', 'closed by the server', async (socket) => {
        accepted[0]!.end();
        await once(socket.resume(), 'end');
      }],
      ['ended by its user', 'closed by its user', (socket) => socket.end()],
      ['destroyed by its user', 'closed by its user', (socket) => socket.destroy()],
      ['reset', 'an error', async (socket) => {
        accepted[0]!.resetAndDestroy();
        await until('the reset', () => socket.closed);
      }],
      ['with an encoding', 'an encoding was set', (socket) => socket.setEncoding('utf8')],
      ['with a stream that writes into it', 'a stream is piped into it', (socket) => new PassThrough().pipe(socket)],
    ])('%s is not lent again', async (_, reason, spoil) => {
      const pool = await echoPool();
      const { socket, release } = await pool.acquire();
      await until('the server', () => accepted.length === 1);
      await spoil(socket);
      release();
      expect(pool.stats()).toMatchObject({ idle: 0, destroyed: { [reason]: 1 } });
      const next = await pool.acquire();
      expect(await ask(next.socket, 'fine')).toBe('fine');
      expect(next.socket).not.toBe(socket);
    });

    it('has neither the listeners nor the settings of its user', async () => {
      const pool = await echoPool();
      const { socket, release } = await pool.acquire();
      const before = new Map(socket.eventNames().map((event) => [event, socket.listenerCount(event)]));
      const sink = new PassThrough();
      for (const event of ['data', 'error', 'end', 'close', 'timeout', 'lookup', 'session', 'ours']) socket.on(event, () => undefined);
      socket.setTimeout(10_000, () => undefined).setNoDelay(false).unref();
      socket.pipe(sink);
      socket.cork();
      socket.write('late');
      release();
      expect(new Map(socket.eventNames().map((event) => [event, socket.listenerCount(event)]))).toEqual(new Map([...before, ['readable', 1], ['end', before.get('end')! + 1], ['close', 1 + (before.get('close') ?? 0)]]));
      expect([socket.timeout, socket.writableCorked, sink.listenerCount('unpipe')]).toEqual([0, 0, 0]);
      await until('the answer that nobody reads', () => pool.stats().destroyed['unread data'] === 1);
    });

    it('survives a user that takes off all listeners', async () => {
      const pool = await echoPool();
      await pool.use((socket) => void socket.removeAllListeners());
      accepted[0]!.resetAndDestroy();
      await until('the reset to be seen', () => pool.stats().idle === 0);
      expect(pool.stats().destroyed).toEqual({ 'an error': 1 });
    });

    /** What users do with a connection, by which it ends in one of the states of a stream. */
    const ways: Readonly<Record<string, (socket: Socket, question: string) => Promise<string>>> = {
      data: ask,
      readable: async (socket, question) => {
        socket.write(question);
        return new Promise((resolve) => {
          socket.on('readable', () => {
            const chunk = socket.read() as Buffer | null;
            if (chunk !== null) resolve(String(chunk));
          });
        });
      },
      pipe: async (socket, question) => {
        const sink = new PassThrough();
        socket.pipe(sink);
        socket.write(question);
        const [chunk] = (await once(sink, 'data')) as [Buffer];
        return String(chunk);
      },
      unpiped: async (socket, question) => {
        const answer = await ways['pipe']!(socket, question);
        socket.unpipe();
        return answer;
      },
      paused: async (socket, question) => {
        const answer = await ask(socket, question);
        socket.pause();
        return answer;
      },
    };
    const pairs = Object.keys(ways).flatMap((first) => Object.keys(ways).map((second) => [first, second] as const));

    it.each(['at once', 'after a while', 'to one that waits'])('serves the next user, %s, whatever the ways of both', async (when) => {
      const pool = await echoPool({ max: 1, acquireTimeoutMs: 2000 });
      let isFirst = true;
      for (const [first, second] of pairs) {
        const one = await pool.acquire();
        const waiting = when === 'to one that waits' ? pool.acquire() : undefined;
        expect(await ways[first]!(one.socket, `${first}, then ${second}`)).toBe(`${first}, then ${second}`);
        one.release();
        if (when === 'after a while') await new Promise((resolve) => setImmediate(resolve));
        const two = await (waiting ?? pool.acquire());
        // One that does not answer is ended, and says so.
        const timer = setTimeout(two.destroy, 2000);
        expect(await ways[second]!(two.socket, `after ${first}, ${second}`)).toBe(`after ${first}, ${second}`);
        clearTimeout(timer);
        two.release();
        isFirst &&= accepted.length === 1;
      }
      expect([isFirst, pool.stats().created]).toEqual([true, 1]);
    });

    it('loses nothing that arrives before its next user listens', async () => {
      const pool = await echoPool({ max: 1 });
      const first = await pool.acquire();
      const waiting = pool.acquire();
      await ask(first.socket, 'one');
      first.release();
      const { socket } = await waiting;
      socket.write('two');
      await until('the answer', () => socket.bytesRead === 6);
      expect(String((await once(socket, 'data'))[0])).toBe('two');
    });
  });

  describe('an idle connection', () => {
    it.each<[string, (socket: Socket) => unknown, string]>([
      ['ends', (socket) => socket.end(), 'closed by the server'],
      ['resets', (socket) => socket.resetAndDestroy(), 'an error'],
      ['says something on', (socket) => socket.write('idle, good-bye'), 'unread data'],
    ])('that the server %s leaves at once', async (_, end, reason) => {
      const pool = await echoPool();
      await pool.use(async (socket) => ask(socket, 'hello'));
      end(accepted[0]!);
      await until('the end to be seen', () => pool.stats().idle === 0);
      expect(pool.stats().destroyed).toEqual({ [reason]: 1 });
      expect(await pool.use(async (socket) => ask(socket, 'again'))).toBe('again');
      expect(accepted.length).toBe(2);
    });

    it('that only the kernel knows to be ended is not lent', async () => {
      const listener = rawListener(20_001);
      const pool = poolOf({ port: 20_001 });
      const { socket, release } = await pool.acquire();
      release();
      closeSocket(acceptSocket(listener));
      const next = await pool.acquire();
      expect(next.socket).not.toBe(socket);
      expect(pool.stats()).toMatchObject({ created: 2, destroyed: { 'closed by the server': 1 } });
    });

    it('goes after idleTimeoutMs, but for minIdle', async () => {
      const pool = await echoPool({ idleTimeoutMs: 60, minIdle: 2 });
      const leases = await Promise.all(Array.from({ length: 6 }, async () => pool.acquire()));
      await until('two more', () => pool.stats().idle === 2);
      for (const { release } of leases) release();
      await until('the unused to be gone', () => pool.stats().idle === 2);
      expect(pool.stats()).toMatchObject({ created: 8, destroyed: { unused: 6 } });
      // The ones that were used last are kept.
      expect(leases.map(({ socket }) => socket.destroyed)).toEqual([true, true, true, true, false, false]);
    });

    it('is made before it is asked for, and again after losses', async () => {
      const pool = await echoPool({ minIdle: 3 });
      await until('three', () => pool.stats().idle === 3 && accepted.length === 3);
      for (const socket of accepted) socket.resetAndDestroy();
      await until('three others', () => pool.stats().idle === 3 && pool.stats().created === 6);
      expect(pool.stats()).toMatchObject({ connecting: 0, lent: 0, pending: 0 });
    });

    it('is made when the server is there at last, though nobody asks', async () => {
      const pool = poolOf({ port: 20_001, minIdle: 2, retry: false });
      expect(await failure(pool.acquire())).toBeInstanceOf(ConnectError);
      await listen(undefined, 20_001);
      await until('two', () => pool.stats().idle === 2);
      // Nor does the wait for that hold up who asks.
      expect(pool.stats()).toMatchObject({ connecting: 0, pending: 0 });
    });

    it('ends by its lifetime, which chance makes up to a quarter shorter', async () => {
      const ages = await Promise.all(
        [0, 0.999999].map(async (chance) => {
          const pool = await echoPool({ maxLifetimeMs: 800, random: () => chance });
          const since = performance.now();
          const { socket, release } = await pool.acquire();
          release();
          await once(socket, 'close');
          expect(pool.stats().destroyed).toEqual({ expired: 1 });
          return performance.now() - since;
        }),
      );
      const [long, short] = ages as [number, number];
      expect(short).toBeGreaterThanOrEqual(600 - 1);
      expect(long).toBeGreaterThanOrEqual(800 - 1);
      expect(short).toBeLessThan(long);
    });

    it('that outlived its time while it was lent is not lent again', async () => {
      const pool = await echoPool({ maxLifetimeMs: 20, random: () => 0 });
      const { socket, release } = await pool.acquire();
      const since = performance.now();
      await until('its time to be over', () => performance.now() - since > 25);
      expect(socket.destroyed).toBe(false);
      release();
      expect(pool.stats()).toMatchObject({ idle: 0, destroyed: { expired: 1 } });
    });
  });

  describe('validate', () => {
    const answers = async (socket: Socket): Promise<boolean> => (await ask(socket, 'ping')) === 'ping';

    it('is asked before a connection that was idle is lent, and leaves it as it was', async () => {
      let asked = 0;
      const pool = await echoPool({ max: 1, validateAfterIdleMs: 0, validate: async (socket) => (asked++, answers(socket)) });
      const first = await pool.acquire();
      expect(asked).toBe(0);
      first.release();
      const second = await pool.acquire();
      expect([asked, second.socket]).toEqual([1, first.socket]);
      expect([second.socket.listenerCount('data'), second.socket.listenerCount('close')]).toEqual([0, first.socket.listenerCount('close')]);
      expect(await ask(second.socket, 'served')).toBe('served');
    });

    it('is not asked of those that were used a moment ago', async () => {
      let asked = 0;
      const pool = await echoPool({ validateAfterIdleMs: 60_000, validate: () => (asked++, true) });
      for (let round = 0; round < 5; round++) await pool.use(async (socket) => ask(socket, 'x'));
      expect([asked, pool.stats().created]).toEqual([0, 1]);
    });

    it.each<[string, NonNullable<TcpPoolOptions['validate']>]>([
      ['says no', () => false],
      ['fails', async () => Promise.reject(new Error('no answer'))],
      ['throws', () => {
        throw new Error('at once');
      }],
      ['never answers', async () => new Promise(() => undefined)],
      ['sees the connection end', async (socket) => {
        socket.destroy();
        return new Promise(() => undefined);
      }],
      ['leaves something unread', async (socket) => {
        socket.write('pong');
        await until('the answer', () => socket.readableLength > 0);
        return true;
      }],
    ])('that %s ends the connection, and another one is made', async (_, validate) => {
      const pool = await echoPool({ max: 1, validateAfterIdleMs: 0, connectTimeoutMs: 100, validate });
      const { socket, release } = await pool.acquire();
      release();
      const next = await pool.acquire();
      expect(socket.destroyed).toBe(true);
      expect(next.socket).not.toBe(socket);
      expect(pool.stats()).toMatchObject({ lent: 1, idle: 0, connecting: 0, pending: 0, created: 2 });
    });

    it('goes before a connection below one that has ended, too', async () => {
      const asked: Socket[] = [];
      const pool = await echoPool({ max: 2, validateAfterIdleMs: 80, validate: (socket) => (asked.push(socket), true) });
      const [older, newer] = await Promise.all([pool.acquire(), pool.acquire()]);
      older.release();
      const since = performance.now();
      await until('the older one to be due', () => performance.now() - since > 90);
      newer.release();
      // Ended, though no event has told yet.
      newer.socket.destroy();
      const lease = await pool.acquire();
      expect(lease.socket).toBe(older.socket);
      expect(asked).toEqual([older.socket]);
    });

    it('asks idle ones every keepAliveMs, and those that fail are replaced', async () => {
      const asked = new Map<Socket, number>();
      let isWell = true;
      const pool = await echoPool({ minIdle: 2, keepAliveMs: 50, validate: (socket) => (asked.set(socket, (asked.get(socket) ?? 0) + 1), isWell) });
      await until('both twice', () => asked.size === 2 && [...asked.values()].every((times) => times >= 2));
      expect(pool.stats()).toMatchObject({ created: 2, destroyed: {} });
      isWell = false;
      await until('others', () => pool.stats().created >= 4);
      isWell = true;
      await until('two that are well', () => pool.stats().idle === 2);
      expect(Object.keys(pool.stats().destroyed)).toEqual(['it did not answer as it should']);
    });

    it('of idle ones that hangs does not keep others from a connection', async () => {
      let hanging = 0;
      const pool = await echoPool({ max: 2, keepAliveMs: 30, validate: async () => (hanging++, new Promise(() => undefined)), validateAfterIdleMs: 60_000 });
      await pool.use(async (socket) => ask(socket, 'x'));
      await until('the question', () => hanging === 1);
      expect(await pool.use(async (socket) => ask(socket, 'another'))).toBe('another');
      expect(pool.stats()).toMatchObject({ created: 2, connecting: 1 });
    });
  });

  describe('leaks', () => {
    it('are told with where the connection was acquired, also by one that waited', async () => {
      const told: unknown[] = [];
      const tell = (message: unknown): void => void told.push(message);
      subscribe('fourtuple.pool.leak', tell);
      const pool = await echoPool({ name: 'leaky', leakDetectionMs: 30 });
      async function forgetful(): Promise<Lease> {
        return pool.acquire();
      }
      const lease = await forgetful();
      await until('the leak', () => told.length === 1);
      await until('the warning', () => warnings.length === 1);
      lease.release();
      await pool.use(() => undefined);
      unsubscribe('fourtuple.pool.leak', tell);
      expect(told).toMatchObject([{ pool: 'leaky', stack: expect.stringContaining('forgetful') as string }]);
      expect(warnings).toMatchObject([{ name: 'FourtupleWarning', code: 'FOURTUPLE_LEAK' }]);
      expect(pool.stats()).toMatchObject({ leaks: 1, idle: 1 });
    });
  });

  describe('close()', () => {
    it('refuses, lets lent connections come back, and ends all', async () => {
      const pool = await echoPool({ max: 2 });
      const [one, two] = await Promise.all([pool.acquire(), pool.acquire()]);
      const waiting = failure(pool.acquire());
      two.release();
      (await pool.acquire({ timeoutMs: 10 }).catch(() => undefined))?.release();
      const closed = pool.close({ drainMs: 60_000 });
      const late = failure(pool.acquire());
      expect(await late).toBeInstanceOf(PoolClosedError);
      expect(await ask(one.socket, 'still mine')).toBe('still mine');
      one.release();
      const release = await waiting;
      expect(release).toBe('none');
      expect(pool.stats().lent).toBe(1);
      await pool.close({ drainMs: 0 });
      await closed;
      expect([one.socket.closed, two.socket.closed]).toEqual([true, true]);
      expect(pool.stats()).toMatchObject({ lent: 0, idle: 0, connecting: 0, pending: 0, connector: { sources: [{ open: 0 }] } });
    });

    it('ends what is lent when the time is over, once, and a late release does no harm', async () => {
      const pool = await echoPool();
      const { socket, release } = await pool.acquire();
      await pool.close({ drainMs: 20 });
      expect(socket.closed).toBe(true);
      release();
      expect(pool.stats()).toMatchObject({ lent: 0, idle: 0, destroyed: { 'the pool was closed': 1 } });
    });

    it('refuses those that wait, and ends connects and questions that are under way', async () => {
      const full = rawListener(20_001, 0);
      const held = makeSocket();
      fds.push(held);
      connectSocket(held, Address.parse(host)!, 20_001, false);
      const stuck = poolOf({ port: 20_001, max: 3, connectTimeoutMs: 0 });
      const waiting = Array.from({ length: 5 }, async () => failure(stuck.acquire()));
      await until('the connects', () => stuck.stats().connecting === 3);
      await stuck.close();
      expect(full).toBeGreaterThan(0);
      for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(PoolClosedError);
      expect(stuck.stats()).toMatchObject({ connecting: 0, pending: 0, connector: { tuples: [] } });

      const pool = await echoPool({ validateAfterIdleMs: 0, connectTimeoutMs: 0, validate: async () => new Promise(() => undefined) });
      const { socket, release } = await pool.acquire();
      release();
      const asking = failure(pool.acquire());
      await pool.close();
      expect(await asking).toBeInstanceOf(PoolClosedError);
      expect(socket.closed).toBe(true);
      expect(pool.stats()).toMatchObject({ connecting: 0, destroyed: { 'the pool was closed': 1 } });
    });

    it('twice, both end with the last connection', async () => {
      const pool = await echoPool();
      const { release } = await pool.acquire();
      const both = [pool.close({ drainMs: 60_000 }), pool.close({ drainMs: 60_000 })];
      release();
      await Promise.all(both);
      await pool.close();
      expect(pool.stats()).toMatchObject({ lent: 0, idle: 0 });
    });

    it('leaves no timer', async () => {
      const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const before = timers();
      const pool = poolOf({ port: 1, minIdle: 1, retry: { minDelayMs: 60_000, maxDelayMs: 60_000 }, random: () => 0.99 });
      const waiting = failure(pool.acquire());
      await until('the failure', () => pool.stats().connector.failures['ECONNREFUSED'] === 1);
      await pool.close();
      await waiting;
      await until('the timers to be over', () => timers() <= before);
      expect(timers()).toBeLessThanOrEqual(before);
    });
  });

  describe('over TLS', () => {
    async function listenTls(): Promise<number> {
      const server = hold(createTlsServer(makeCertificate())).listen(0, host);
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    }

    it.skipIf(openssl !== undefined).each([['by address', host], ['by a name, of whose addresses the first does not answer', 'localhost']])(`connections are reused, %s${because(openssl)}`, async (_, name) => {
      const connector = createConnector();
      const lookup: LookupFunction = (__, ___, callback) => callback(null, [{ address: '::1', family: 6 }, { address: host, family: 4 }]);
      const pool = poolOf({ port: await listenTls(), host: name, tls: { ca: makeCertificate().cert }, connector: { ...connector, mode: connector.mode, modeReason: connector.modeReason, stats: () => connector.stats(), connect: (options, listener) => connector.connect({ autoSelectFamily: true, ...options, lookup }, listener) } });
      for (const question of ['one', 'two', 'three']) expect(await pool.use(async (socket) => ask(socket, question))).toBe(question);
      expect(pool.stats()).toMatchObject({ created: 1, idle: 1 });
      // What has been used up is seen by the kernel's state of the connection below.
      accepted[0]!.end();
      await until('the end to be seen', () => pool.stats().idle === 0);
      expect(pool.stats().destroyed).toEqual({ 'closed by the server': 1 });
      expect(await pool.use(async (socket) => ask(socket, 'four'))).toBe('four');
    });

    it.skipIf(openssl !== undefined)(`a certificate that is not trusted, and options that are none, fail and leave nothing${because(openssl)}`, async () => {
      const port = await listenTls();
      const untrusting = poolOf({ port, tls: true });
      expect(await failure(untrusting.acquire())).toMatchObject({ name: 'ConnectError', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      const wrong = poolOf({ port, tls: { ca: 'no certificate', minVersion: 'TLSv9' as 'TLSv1.3' } });
      expect(await failure(wrong.acquire())).toBeInstanceOf(ConnectError);
      for (const pool of [untrusting, wrong]) expect(pool.stats()).toMatchObject({ connecting: 0, pending: 0, connector: { sources: [{ open: 0 }] } });
    });
  });

  describe('without a server', () => {
    it('ECONNREFUSED is ConnectError after the retries', async () => {
      const pool = poolOf({ port: 1, retry: { maxRetries: 2, minDelayMs: 10, maxDelayMs: 10 } });
      const error = await failure(pool.acquire());
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({ code: 'ECONNREFUSED', tuple: { destination: host, destinationPort: 1 }, cause: { syscall: 'connect' } });
      expect(pool.stats()).toMatchObject({ connecting: 0, pending: 0, failures: { ConnectError: 1 }, connector: { failures: { ECONNREFUSED: 3 } } });
      expect(await failure(poolOf({ port: 1, retry: false }).acquire())).toMatchObject({ code: 'ECONNREFUSED' });
    });

    it('each of those that wait has its own retries, and is served when the server comes', async () => {
      const pool = poolOf({ port: 20_001, max: 10, retry: { maxRetries: 2, minDelayMs: 300, maxDelayMs: 300 }, random: () => 0.9 });
      const waiting = Promise.all(Array.from({ length: 10 }, async () => pool.acquire()));
      await until('all first connects', () => pool.stats().connector.failures['ECONNREFUSED'] === 10);
      expect(pool.stats()).toMatchObject({ pending: 10, connecting: 10, failures: {} });
      await listen(undefined, 20_001);
      for (const { release } of await waiting) release();
      expect(pool.stats()).toMatchObject({ failures: {}, pending: 0, connecting: 0, idle: 10 });
    });

    it('retries are to be had again after many acquires that needed none', async () => {
      const pool = await echoPool({ retry: { maxRetries: 1, minDelayMs: 0, maxDelayMs: 0, budgetBurst: 1, budgetRatio: 0.1 } });
      const retriesOf = async (): Promise<number> => {
        const before = pool.stats().connector.failures['ECONNREFUSED'] ?? 0;
        await failure(pool.acquire());
        return pool.stats().connector.failures['ECONNREFUSED']! - before;
      };
      const { port } = servers[0]!.address() as AddressInfo;
      servers[0]!.close();
      expect([await retriesOf(), await retriesOf()]).toEqual([2, 1]);
      await listen(undefined, port);
      for (let round = 0; round < 12; round++) await pool.use(() => undefined);
      servers.pop()!.close();
      for (const socket of accepted) socket.destroy();
      await until('the connection to be gone', () => pool.stats().idle === 0);
      expect(await retriesOf()).toBe(2);
    });

    it('one that does not answer is not waited for longer than connectTimeoutMs', async () => {
      rawListener(20_001, 0);
      const held = makeSocket();
      fds.push(held);
      connectSocket(held, Address.parse(host)!, 20_001, false);
      const pool = poolOf({ port: 20_001, connectTimeoutMs: 50, retry: false });
      expect(await failure(pool.acquire())).toMatchObject({ name: 'ConnectError', code: 'UND_ERR_CONNECT_TIMEOUT', cause: { name: 'ConnectTimeoutError' } });
      expect(pool.stats()).toMatchObject({ connecting: 0, connector: { tuples: [] } });
    });

    it('an address that cannot be one fails at once', async () => {
      const pool = poolOf({ port: 1, host: '2001:db8::1', sources: '127.0.0.5', retry: false, acquireTimeoutMs: 500 });
      expect(await failure(pool.acquire())).toMatchObject({ tuple: { destination: '2001:db8::1' } });
      expect(pool.stats()).toMatchObject({ connecting: 0, pending: 0 });
    });
  });

  describe('tells', () => {
    it('of each connection and acquire on its channels', async () => {
      const told: string[] = [];
      const messages: Record<string, unknown> = {};
      const listeners = channelNames.map((name) => {
        const listener = (message: unknown): void => {
          told.push(name.replace('fourtuple.pool.', ''));
          messages[name.replace('fourtuple.pool.', '')] = message;
        };
        subscribe(name, listener);
        return () => unsubscribe(name, listener);
      });
      const pool = await echoPool({ name: 'told', max: 1 });
      const { socket, destroy } = await pool.acquire();
      const { localPort } = socket;
      await failure(pool.acquire({ timeoutMs: 5 }));
      destroy();
      await pool.close();
      for (const off of listeners) off();
      expect(told).toEqual(['created', 'acquired', 'failed', 'released', 'destroyed']);
      expect(messages).toMatchObject({
        created: { pool: 'told', localAddress: host, localPort },
        acquired: { pool: 'told', elapsedMs: expect.any(Number) as number },
        failed: { pool: 'told', error: { name: 'AcquireTimeoutError' } },
        destroyed: { pool: 'told', localPort, reason: 'it was given up' },
      });
    });

    it.each<[string, Partial<TcpPoolOptions>]>([
      ['port', { port: 0 }],
      ['max', { max: 0 }],
      ['minIdle', { minIdle: 11 }],
      ['acquireTimeoutMs', { acquireTimeoutMs: Number.NaN }],
      ['connectTimeoutMs', { connectTimeoutMs: -1 }],
    ])('that %s is wrong', (name, options) => {
      expect(() => createTcpPool({ host, port: 1, ...options })).toThrow(name);
    });
  });
});
