import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Address } from '../../src/model/index.ts';
import { AcquireTimeoutError, createTcpPool, PortBudgetError, type Lease, type TcpPool, type TcpPoolOptions } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { bindSocket, connectSocket, makeSocket, resetSocket } from '../support/sockets.ts';
import { until } from '../support/wait.ts';

const obstacle = liveTestObstacle();
const PORTS = 100;
const host = '127.0.0.1';
const SERVER = 20_001;
const [one, two] = ['127.0.0.5', '127.0.0.6'];

const TIME_WAIT = '06';

/** Connections to the server as the kernel lists them, by source: those in TIME_WAIT, and all that hold a port. */
function ofKernel(): Readonly<Record<string, { readonly used: number; readonly timeWait: number }>> {
  const counts: Record<string, { used: number; timeWait: number }> = {};
  for (const line of readFileSync('/proc/thread-self/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local, remote, state] = line.trim().split(/\s+/);
    if (local === undefined || remote?.endsWith(`:${SERVER.toString(16).toUpperCase()}`) !== true) continue;
    const source = (local.slice(0, 8).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).reverse().join('.');
    const count = (counts[source] ??= { used: 0, timeWait: 0 });
    count.used++;
    if (state === TIME_WAIT) count.timeWait++;
  }
  return counts;
}

/** The same as the connector believes it. */
function believed(pool: TcpPool): ReturnType<typeof ofKernel> {
  return Object.fromEntries(pool.stats().connector.tuples.map(({ source, used, timeWait }) => [source, { used, timeWait: timeWait ?? 0 }]));
}

describe.skipIf(obstacle !== undefined)(`a pool of ${PORTS} ports${because(obstacle)}`, () => {
  let server: Server;
  const pools: TcpPool[] = [];
  const accepted = new Set<Socket>();
  const fds: number[] = [];

  beforeEach(async () => {
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', `40000 ${40_000 + PORTS - 1}`);
    setSysctl('ipv4/tcp_tw_reuse', 0);
    server = createServer((socket) => {
      accepted.add(socket.on('error', () => undefined).on('close', () => accepted.delete(socket)));
      socket.on('data', (data) => {
        if (String(data) === 'leave') socket.end();
        else socket.write(data);
      });
    }).listen(SERVER, host, 4096);
    await once(server, 'listening');
  });

  afterEach(async () => {
    await Promise.all(pools.splice(0).map(async (pool) => pool.close({ drainMs: 0 })));
    for (const socket of accepted) socket.destroy();
    for (const fd of fds.splice(0)) resetSocket(fd);
    await new Promise((resolve) => server.close(resolve));
  });

  function poolOf(options: Partial<TcpPoolOptions> = {}): TcpPool {
    const pool = createTcpPool({ host, port: SERVER, max: 200, sources: one, ...options });
    pools.push(pool);
    return pool;
  }

  /** As many connections as are to be had. */
  function acquireAll(pool: TcpPool, count: number, leases: Lease[], signal?: AbortSignal): Promise<string>[] {
    return Array.from({ length: count }, async () =>
      pool.acquire(signal === undefined ? {} : { signal }).then(
        (lease) => (leases.push(lease), 'lent'),
        (error: unknown) => (error instanceof Error ? error.name : String(error)),
      ),
    );
  }

  async function failure(promise: Promise<unknown>): Promise<unknown> {
    return promise.then(
      () => 'none',
      (error: unknown) => error,
    );
  }

  it.each([
    ['one source', [one], 80],
    ['two sources', [one, two], 160],
  ] as const)('has the budget of %s in use, and not one more', async (_, sources, expected) => {
    const pool = poolOf({ sources, budget: 0.8, acquireTimeoutMs: 0 });
    const leases: Lease[] = [];
    const controller = new AbortController();
    const asked = acquireAll(pool, 200, leases, controller.signal);
    const used = Object.fromEntries(sources.map((source) => [source, { used: 80, timeWait: 0 }]));
    await until('all that are to be had', () => leases.length === expected);
    expect(ofKernel()).toEqual(used);
    // Further attempts are made meanwhile, one at a time.
    const attempts = (): number => pool.stats().connector.sources[0]!.overBudget;
    const before = attempts();
    await until('the next attempts', () => attempts() >= before + 3);
    expect([ofKernel(), believed(pool)]).toEqual([used, used]);
    controller.abort();
    const outcomes = await Promise.all(asked);
    expect([leases.length, outcomes.filter((outcome) => outcome === 'AbortError').length]).toEqual([expected, 200 - expected]);
    expect(pool.stats()).toMatchObject({ lent: expected, created: expected, connecting: 0, pending: 0 });
    // Once more it is said what was missing.
    expect(await failure(pool.acquire({ timeoutMs: 100 }))).toMatchObject({
      name: 'AcquireTimeoutError',
      message: expect.stringContaining(sources.join(', ')) as string,
      tuple: { sources, destination: host, destinationPort: SERVER },
      budget: { used: 80, limit: 80, capacity: PORTS },
      remedy: expect.stringContaining('give more source addresses') as string,
      cause: { name: 'PortBudgetError' },
    });
  });

  it('counts TIME_WAIT where the client closes first, and nothing where the server does', async () => {
    const pool = poolOf({ max: 30, budget: 0.8 });
    const leases: Lease[] = [];
    await Promise.all(acquireAll(pool, 30, leases));
    for (const { destroy } of leases.slice(0, 10)) destroy();
    for (const { socket } of leases.slice(10, 20)) socket.write('leave');
    await until('the ends', () => leases.slice(0, 20).every(({ socket }) => socket.closed) && accepted.size === 10);
    await until('the kernel to agree', () => ofKernel()[one]?.timeWait === 10);
    expect(believed(pool)).toEqual({ [one]: { used: 20, timeWait: 10 } });
    expect(ofKernel()).toEqual({ [one]: { used: 20, timeWait: 10 } });
  });

  it('agrees with the kernel about every way in which a connection ends', async () => {
    const pool = poolOf({ max: 90, budget: 1 });
    const leases: Lease[] = [];
    await Promise.all(acquireAll(pool, 60, leases));
    await until('the server to have them', () => accepted.size === 60);
    const ends: ((socket: Socket) => void)[] = [
      (socket) => socket.end(),
      (socket) => socket.destroySoon(),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end('leave'),
      (socket) => [...accepted].find(({ remotePort }) => remotePort === socket.localPort)!.resetAndDestroy(),
      (socket) => [...accepted].find(({ remotePort }) => remotePort === socket.localPort)!.end(),
    ];
    for (const [index, { socket }] of leases.entries()) {
      socket.resume();
      ends[index % ends.length]!(socket);
    }
    await until('all to end', () => leases.every(({ socket }) => socket.closed) && accepted.size === 0);
    await until('the kernel to agree', () => ofKernel()[one]?.used === ofKernel()[one]?.timeWait);
    // One that both close at the same moment may be the server's.
    const { timeWait } = ofKernel()[one]!;
    expect(timeWait).toBeGreaterThanOrEqual(20);
    expect(believed(pool)).toEqual({ [one]: { used: timeWait, timeWait } });
  });

  it('waits, and costs nothing, when the budget is spent on TIME_WAIT', async () => {
    const pool = poolOf({ budget: 0.8, acquireTimeoutMs: 2000 });
    const leases: Lease[] = [];
    await Promise.all(acquireAll(pool, 80, leases));
    for (const { destroy } of leases) destroy();
    await until('TIME_WAIT', () => ofKernel()[one]?.timeWait === 80);
    // What is not of the wait: code that is compiled at its first use.
    await Promise.all(Array.from({ length: 1000 }, async () => failure(pool.acquire({ timeoutMs: 50 }))));
    const [since, before] = [performance.now(), process.cpuUsage()];
    const errors = await Promise.all(Array.from({ length: 1000 }, async () => failure(pool.acquire())));
    const { user, system } = process.cpuUsage(before);
    const elapsedMs = performance.now() - since;
    expect(elapsedMs).toBeGreaterThan(1990);
    expect((user + system) / 1000 / elapsedMs).toBeLessThan(0.1);
    for (const error of errors) expect(error).toBeInstanceOf(AcquireTimeoutError);
    expect(errors[0]).toMatchObject({ cause: { name: 'PortBudgetError' }, budget: { used: 80, limit: 80, capacity: PORTS }, tuple: { sources: [one], destination: host, destinationPort: SERVER } });
    expect((errors[0] as Error).cause).toBeInstanceOf(PortBudgetError);
    expect(ofKernel()).toEqual({ [one]: { used: 80, timeWait: 80 } });
  });

  it('tries few connects for each port that becomes free', async () => {
    const pool = poolOf({ budget: 0.8, acquireTimeoutMs: 0, retry: false });
    const leases: Lease[] = [];
    const outcomes = acquireAll(pool, 480, leases);
    await until('the first ones', () => leases.length === 80);
    // The server closes first: the port is free at once.
    for (let at = 0; at < 400; at++) {
      await until('the next one', () => leases.length > at);
      const { socket, release } = leases[at]!;
      socket.resume().write('leave');
      socket.once('close', release);
    }
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['lent']));
    expect(ofKernel()[one]!.used).toBeLessThanOrEqual(80);
    expect(pool.stats().connector.sources[0]!.overBudget).toBeLessThan(2000);
  });

  it('of a kernel that has none waits without a spin, and is served soon after there is one', async () => {
    // Another program has them all.
    for (let index = 0; index < PORTS; index++) {
      const fd = makeSocket({ noPort: true });
      fds.push(fd);
      if (bindSocket(fd, Address.parse(one)!, 0, false) !== 0 || connectSocket(fd, Address.parse(host)!, SERVER, false) !== 0) throw new Error('the ports are taken already');
    }
    const pool = poolOf({ budget: 1, acquireTimeoutMs: 20_000 });
    expect(await failure(pool.acquire({ timeoutMs: 100 }))).toMatchObject({ name: 'AcquireTimeoutError', cause: { name: 'PortsExhaustedError', code: 'EADDRNOTAVAIL' }, tuple: { sources: [one] }, remedy: expect.stringContaining('fourtuple ports') as string });
    const before = process.cpuUsage();
    let at = Number.NaN;
    const lease = pool.acquire().then((got) => {
      at = performance.now();
      return got;
    });
    const others = Array.from({ length: 999 }, async () => failure(pool.acquire({ timeoutMs: 2000 })));
    await Promise.all(others);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(200);
    const freed = performance.now();
    resetSocket(fds.pop()!);
    const { socket } = await lease;
    expect(at - freed).toBeLessThan(1300);
    expect([socket.localAddress, pool.stats().lent]).toEqual([one, 1]);
  });
});
