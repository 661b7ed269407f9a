import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type LookupFunction, type Server, type Socket } from 'node:net';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AF_INET, loadLibc } from '../../src/kernel/libc.ts';
import { encodeSockaddr } from '../../src/kernel/sockaddr.ts';
import { Address } from '../../src/model/index.ts';
import { createConnector, createTcpPool, PoolError, type Connector, type TcpPool, type TcpPoolOptions } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { addLoopbackAddress, bindSocket, closeSocket, listenSocket, makeSocket, resetSocket, tryAccept } from '../support/sockets.ts';
import { until } from '../support/wait.ts';

const obstacle = liveTestObstacle() ?? (spawnSync('prlimit', ['--version']).status === 0 ? undefined : 'prlimit of util-linux is not installed');
/** How long the load lasts, in milliseconds. */
const LOAD_MS = process.env['FOURTUPLE_LONG'] === '1' ? 60_000 : 6000;
const WORKERS = 60;
const CANCELLED = 10_000;
const PORT = 20_001;
const sources = ['10.0.0.1', '10.0.0.2'];
/** Of the two that serve, and of one that accepts slowly and then resets. */
const [first, second, slow] = ['10.1.0.1', '10.1.0.2', '10.1.0.3'] as const;

/** Numbers from 0 to 1 that look like chance. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A request about an alias of loopback. @param value what comes after its name */
function askLoopback(alias: number, request: number, value: Uint8Array): void {
  const fd = makeSocket({ udp: true });
  const bytes = new Uint8Array(40);
  new TextEncoder().encodeInto(`lo:${alias}`, bytes);
  bytes.set(value, 16);
  const result = loadLibc().ioctl(fd, request, bytes);
  closeSocket(fd);
  if (result < 0) throw new Error(`ioctl ${request.toString(16)} of lo:${alias}`);
}

/** An address by itself (SIOCSIFNETMASK): of a network on loopback, every address would be one of this host. */
function addAddress(address: string, alias: number): void {
  addLoopbackAddress(Address.parse(address)!, alias);
  askLoopback(alias, 0x891c, encodeSockaddr(Address.parse('255.255.255.255')!, 0, AF_INET));
}

/** SIOCSIFFLAGS without IFF_UP. */
function removeAddress(alias: number): void {
  askLoopback(alias, 0x8914, new Uint8Array(2));
}

/** Sets how many descriptors this process may have, from a process that needs none for it. */
class DescriptorLimit {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    this.#child = spawn('sh', ['-c', `while read soft; do prlimit --pid ${process.pid} --nofile=$soft: && echo done; done`], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async set(soft: number): Promise<void> {
    this.#child.stdin.write(`${soft}\n`);
    await this.#answers.next();
  }

  async close(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    await gone;
  }
}

/** Whether a connect failed by EMFILE. */
const lacksDescriptors = (pool: TcpPool): boolean => Object.keys(pool.stats().connector.failures).some((name) => name === 'EMFILE' || name === `errno ${constants.errno.EMFILE}`);
/** Node.js loses the descriptor of one that is reset while its FIN is under way. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** Sockets that this process has open; other descriptors are the test runner's. */
function openSockets(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const link = readlinkSync(`/proc/self/fd/${fd}`);
      return link.startsWith('socket:') ? [link] : [];
    } catch {
      return [];
    }
  });
}

/** Those of them that are of TCP, as the kernel lists them. */
function tcpSockets(links: readonly string[]): string[] {
  const inodes = new Set(links.map((link) => link.slice('socket:['.length, -1)));
  return ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/thread-self/net/${name}`, 'latin1').split('\n').filter((line) => inodes.has(line.trim().split(/\s+/)[9] ?? '')));
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate').length;

describe.skipIf(obstacle !== undefined)(`a pool in chaos${because(obstacle)}`, () => {
  let servers: Server[] = [];
  const accepted = new Set<Socket>();
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);

  beforeEach(() => {
    enterFreshNamespace();
    setSysctl('ipv4/tcp_syn_retries', 1);
    for (const [alias, address] of [...sources, first, second, slow].entries()) addAddress(address, alias + 1);
    process.on('unhandledRejection', onRejection);
  });

  afterEach(() => {
    process.off('unhandledRejection', onRejection);
    rejections.length = 0;
  });

  /** Answers in time, late, in parts or never, ends and resets: as chance will have it. */
  function serve(random: () => number): (socket: Socket) => void {
    return (socket) => {
      accepted.add(socket.on('error', () => undefined).on('close', () => accepted.delete(socket)));
      if (random() < 0.02) reset(socket);
      if (random() < 0.02) socket.end();
      socket.on('data', (data: Buffer) => {
        const chance = random();
        if (chance < 0.01) reset(socket);
        else if (chance < 0.02) socket.end(data);
        else if (chance < 0.03) return;
        else if (chance < 0.06) setTimeout(() => socket.write(data), 100 * random());
        else if (chance < 0.08) {
          socket.write(data.subarray(0, 3));
          setTimeout(() => socket.write(data.subarray(3)), 5);
        } else socket.write(data);
        // Idle ones, too, end at any time.
        if (random() < 0.02) setTimeout(() => (random() < 0.5 ? socket.end() : reset(socket)), 50 * random());
      });
    };
  }

  /** A connector whose lookup answers otherwise each time. */
  function fickle(options: Parameters<typeof createConnector>[0], random: () => number): Connector {
    const connector = createConnector(options);
    const answers = [[first], [second], [first, second], [slow, first], [slow], []];
    const lookup: LookupFunction = (_, { all }, callback) => {
      const addresses = answers[Math.floor(random() ** 2 * answers.length)]!;
      setTimeout(() => {
        if (addresses.length === 0) callback(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), '', 0);
        else if (all === true) callback(null, addresses.map((address) => ({ address, family: 4 })));
        else callback(null, addresses[0]!, 4);
      }, 3 * random());
    };
    return { mode: connector.mode, modeReason: connector.modeReason, stats: () => connector.stats(), connect: (asked, listener) => connector.connect({ ...asked, lookup }, listener) };
  }

  /** A question and its whole answer. @throws when there is none in time, or another's */
  async function ask(socket: Socket, question: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      let answer = '';
      const timer = setTimeout(() => done(new Error('no answer')), 250);
      const done = (error?: Error): void => {
        clearTimeout(timer);
        socket.off('data', read).off('close', closed).off('end', closed);
        if (error === undefined) resolve();
        else reject(error);
      };
      const closed = (): void => done(new Error('closed'));
      const read = (data: Buffer): void => {
        answer += String(data);
        if (answer === question) done();
        else if (!question.startsWith(answer)) done(new Error(`the answer of another: ${answer} instead of ${question}`));
      };
      socket.on('data', read).on('close', closed).on('end', closed);
      socket.write(question);
    });
  }

  it.each<[string, Partial<TcpPoolOptions>]>([
    ['', {}],
    [' that validates', { validateAfterIdleMs: 20, keepAliveMs: 50, validate: async (socket) => ask(socket, 'ping-pong').then(() => true) }],
  ])(`loses nothing%s`, { timeout: LOAD_MS + 40_000 }, async (_, options) => {
    const random = makeRandom(20_260_101);
    const limit = new DescriptorLimit();
    await limit.set(4096);
    const [descriptorsBefore, socketsBefore, timersBefore] = [openDescriptors(), new Set(openSockets()), timers()];
    servers = [first, second].map((address) => createServer(serve(random)).listen(PORT, address, 4096));
    await Promise.all(servers.map(async (server) => once(server, 'listening')));
    const listener = makeSocket({ reuseAddress: true });
    if (bindSocket(listener, Address.parse(slow)!, PORT, false) !== 0 || listenSocket(listener, 1) !== 0) throw new Error('no listener');
    const slowly = setInterval(() => {
      const fd = tryAccept(listener, 1);
      if (fd >= 0) resetSocket(fd);
    }, 50);

    const pool: TcpPool = createTcpPool({ host: 'service.example', port: PORT, max: 20, minIdle: 2, acquireTimeoutMs: 1000, connectTimeoutMs: 300, idleTimeoutMs: 200, maxLifetimeMs: 300, leakDetectionMs: 5000, retry: { minDelayMs: 5, maxDelayMs: 20, budgetRatio: 1, budgetBurst: 1000 }, ...options, connector: fickle({ sources, budget: 0.8 }, random) });
    const outcomes: Record<string, number> = {};
    const count = (name: string): void => void (outcomes[name] = (outcomes[name] ?? 0) + 1);
    const end = performance.now() + LOAD_MS;
    const wrong: unknown[] = [];
    let most = 0;

    async function worker(number: number): Promise<void> {
      for (let turn = 0; performance.now() < end; turn++) {
        const signal = random() < 0.1 ? AbortSignal.timeout(Math.ceil(20 * random())) : undefined;
        try {
          await pool.use(async (socket) => {
            const { lent, idle, connecting } = pool.stats();
            most = Math.max(most, lent + idle + connecting);
            for (let index = 0; index < 3; index++) await ask(socket, `${number} asks ${turn}.${index}`);
            if (random() < 0.05) socket.on('data', () => undefined).setTimeout(1000);
            if (random() < 0.02) throw new Error('the user fails');
          }, signal === undefined ? {} : { signal });
          count('served');
        } catch (error) {
          count(error instanceof PoolError ? error.name : (error as Error).message.replace(/:.*/, ''));
          if ((error as Error).message.startsWith('the answer of another')) wrong.push(error);
        }
      }
    }

    async function events(): Promise<void> {
      const step = LOAD_MS / 8;
      await after(step);
      removeAddress(1);
      await after(step);
      removeAddress(2);
      await after(step);
      addAddress(sources[0]!, 1);
      await after(step / 2);
      addAddress(sources[1]!, 2);
      await after(step);
      // Descriptors for those that there were before, and no further ones.
      await limit.set(descriptorsBefore);
      await until('a connect that has no descriptor', () => lacksDescriptors(pool));
      await after(step / 2);
      await limit.set(4096);
    }

    await Promise.all([events(), ...Array.from({ length: WORKERS }, async (__, number) => worker(number))]);
    expect(wrong).toEqual([]);
    expect(most).toBeLessThanOrEqual(20);
    expect(outcomes['served']).toBeGreaterThan(50);
    expect(pool.stats().connector.sources.every(({ missing }) => missing > 0)).toBe(true);
    expect(lacksDescriptors(pool)).toBe(true);

    // Many are cancelled, before they have a connection, at the moment, or too late.
    let settled = 0;
    await Promise.all(
      Array.from({ length: CANCELLED }, async (__, index) => {
        const controller = new AbortController();
        const asked = pool.acquire({ signal: controller.signal, timeoutMs: 5000 });
        if (index % 3 === 0) setTimeout(() => controller.abort(), 200 * random());
        else if (index % 3 === 1) controller.abort();
        else setImmediate(() => controller.abort());
        try {
          const { release, destroy } = await asked;
          await after(random());
          if (random() < 0.5) release();
          else destroy();
        } catch {
          // Cancelled.
        }
        settled++;
      }),
    );
    expect(settled).toBe(CANCELLED);

    await pool.close();
    expect(pool.stats()).toMatchObject({ lent: 0, idle: 0, connecting: 0, pending: 0, leaks: 0 });
    const { acquired, created, destroyed, connector } = pool.stats();
    expect(Object.values(destroyed).reduce((sum, one) => sum + one, 0)).toBe(created);
    expect(acquired).toBeGreaterThan(created);
    expect(connector.sources.map(({ open }) => open)).toEqual([0, 0]);

    clearInterval(slowly);
    closeSocket(listener);
    for (const socket of accepted) socket.destroy();
    await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
    const further = (): string[] => openSockets().filter((link) => !socketsBefore.has(link));
    await until('the sockets to be closed', () => further().length === 0, 5000).catch(() => undefined);
    expect([further(), tcpSockets(further())]).toEqual([[], []]);
    await until('the timers to be over', () => timers() <= timersBefore);
    await limit.close();
    expect(rejections).toEqual([]);
  });
});
