import { once } from 'node:events';
import { createServer, get, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HttpAgent, HttpsAgent } from '../../src/pool/http/agents.ts';
import { createConnector } from '../../src/pool/index.ts';
import { undiciConnect } from '../../src/pool/http/undici-connect.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { until } from '../support/wait.ts';

const obstacle = liveTestObstacle();

describe.skipIf(obstacle !== undefined)(`agents of a connector${because(obstacle)}`, () => {
  let server: Server;
  let port = 0;
  let answers: (() => void)[] = [];

  beforeEach(async () => {
    enterFreshNamespace();
    answers = [];
    server = createServer((_, response) => {
      answers.push(() => response.end('done'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function answered(request: ClientRequest): Promise<void> {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
  }

  it('open 100 connections to an origin, and the rest of the requests wait', async () => {
    const agent = new HttpAgent({ sources: '127.0.0.5' });
    const requests = Array.from({ length: 150 }, () => get({ host: '127.0.0.1', port, agent }));
    const all = Promise.all(requests.map(answered));
    await until('100 requests', () => answers.length === 100);
    expect(agent.connector.stats().tuples).toMatchObject([{ destinationPort: port, used: 100 }]);
    for (let index = 0; index < 150; index++) {
      await until('the next request', () => answers.length > index);
      answers[index]!();
    }
    await all;
    expect(agent.connector.stats().sources).toMatchObject([{ address: '127.0.0.5', connects: 100, open: 100 }]);
    agent.destroy();
    await until('all to be closed', () => agent.connector.stats().sources[0]!.open === 0);
  });

  it('take one connector between them, and say so', () => {
    const connector = createConnector({ sources: '127.0.0.5' });
    expect([new HttpAgent({ connector }).connector, new HttpsAgent({ connector }).connector]).toEqual([connector, connector]);
    expect(new HttpsAgent({ connector })).toMatchObject({ maxSockets: 100, maxFreeSockets: 100, keepAlive: true, scheduling: 'lifo' });
  });

  it('limits that are given go before those of the agent', () => {
    expect(new HttpAgent({ maxSockets: 7, keepAlive: false })).toMatchObject({ maxSockets: 7, keepAlive: false });
  });

  it('say ECONNREFUSED as Node does', async () => {
    const [error] = (await once(get({ host: '127.0.0.1', port: 1, agent: new HttpAgent() }), 'error')) as [NodeJS.ErrnoException];
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: 1 });
  });

  it('of https, too, over the socket of the connector', async () => {
    const [error] = (await once(get({ protocol: 'https:', host: '127.0.0.1', port: 1, agent: new HttpsAgent() }), 'error')) as [NodeJS.ErrnoException];
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: 1 });
  });

  it('time out by the option timeout of a request', async () => {
    const agent = new HttpAgent({ sources: '127.0.0.5' });
    const request = get({ host: '127.0.0.1', port, agent, timeout: 50 });
    await once(request, 'timeout');
    expect(request.socket?.timeout).toBe(50);
    request.on('error', () => undefined).destroy();
    await until('its connection to be closed', () => agent.connector.stats().sources[0]!.open === 0);
  });

  it.each(['http:', 'https:'])('a connect function of undici says ECONNREFUSED, by %s', async (protocol) => {
    const connect = undiciConnect({ sources: '127.0.0.5' });
    const error = await new Promise<unknown>((resolve) => connect({ hostname: '127.0.0.1', protocol, port: '1' }, (...[failure]) => resolve(failure)));
    expect(error).toMatchObject({ code: 'ECONNREFUSED', address: '127.0.0.1', port: 1 });
  });

  it('a connect function of undici has a time', async () => {
    const connect = undiciConnect({ timeout: 50 });
    // A TLS handshake that nobody answers.
    const silent = createTcpServer((socket) => void socket.pause().on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port: silentPort } = silent.address() as AddressInfo;
    const error = await new Promise<unknown>((resolve) => connect({ hostname: '127.0.0.1', protocol: 'https:', port: String(silentPort) }, (...[failure]) => resolve(failure)));
    silent.close();
    expect(error).toMatchObject({ name: 'ConnectTimeoutError', code: 'UND_ERR_CONNECT_TIMEOUT' });
  });
});

describe.skipIf(obstacle !== undefined)(`limits of agents${because(obstacle)}`, () => {
  let server: Server;
  let port = 0;
  let urls: (string | undefined)[] = [];
  let held: (() => void)[] = [];
  let connections: Socket[] = [];
  let agents: HttpAgent[] = [];
  let headers: Record<string, string> = {};

  beforeEach(async () => {
    enterFreshNamespace();
    [urls, held, connections, agents, headers] = [[], [], [], [], {}];
    server = createServer((request, response) => {
      urls.push(request.url);
      const answer = (): void => void response.writeHead(200, headers).end('done');
      if (request.url === '/held') held.push(answer);
      else answer();
    }).on('connection', (socket: Socket) => void connections.push(socket));
    server.keepAliveTimeout = 60_000;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    for (const agent of agents) agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function agentOf(options: ConstructorParameters<typeof HttpAgent>[0]): HttpAgent {
    const agent = new HttpAgent(options);
    agents.push(agent);
    return agent;
  }

  function ask(agent: HttpAgent, path = '/', options: object = {}): ClientRequest {
    return get({ host: '127.0.0.1', port, path, agent, ...options });
  }

  /** What becomes of a request: its answer's status, or its error, or that it only closes. */
  async function outcome(request: ClientRequest): Promise<number | string | NodeJS.ErrnoException> {
    return new Promise((resolve) => {
      request.once('error', resolve).once('response', (response: IncomingMessage) => {
        response.resume().once('end', () => resolve(response.statusCode!));
      });
      request.once('close', () => resolve('closed'));
    });
  }

  function release(): void {
    for (const answer of held.splice(0)) answer();
  }

  function timers(): number {
    return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  }

  it('a request that waits too long fails, leaves the queue, and later ones are served', async () => {
    const agent = agentOf({ maxSockets: 1, acquireTimeoutMs: 50 });
    const first = outcome(ask(agent, '/held'));
    const second = ask(agent, '/late');
    expect(await outcome(second)).toMatchObject({ name: 'AcquireTimeoutError', code: 'ERR_FOURTUPLE_ACQUIRE_TIMEOUT', message: expect.stringContaining('all 1 connections were in use'), tuple: { destination: '127.0.0.1', destinationPort: port } });
    await until('it to be closed', () => second.closed);
    expect([second.destroyed, agent.requests]).toEqual([true, {}]);
    expect(agent.stats()).toMatchObject({ origins: [{ origin: `127.0.0.1:${port}`, open: 1, idle: 0, pending: 0 }], failures: { acquireTimeout: 1, queueFull: 0 } });
    await until('the first request', () => held.length === 1);
    release();
    expect([await first, await outcome(ask(agent, '/later'))]).toEqual([200, 200]);
    expect([urls, connections.length]).toEqual([['/held', '/later'], 1]);
  });

  it('a full queue refuses the next at once', async () => {
    const agent = agentOf({ maxSockets: 1, maxWaiting: 2 });
    const all = [ask(agent, '/held'), ask(agent), ask(agent)].map(outcome);
    expect(await outcome(ask(agent))).toMatchObject({ name: 'QueueFullError', code: 'ERR_FOURTUPLE_QUEUE_FULL' });
    expect(agent.stats()).toMatchObject({ origins: [{ pending: 2 }], failures: { acquireTimeout: 0, queueFull: 1 } });
    await until('the first request', () => held.length === 1);
    release();
    expect(await Promise.all(all)).toEqual([200, 200, 200]);
    expect(agent.stats().origins).toMatchObject([{ open: 1, pending: 0 }]);
  });

  it('the queue is that of the agent\'s own options, too, and its origin is host and port', async () => {
    const agent = new HttpsAgent({ maxSockets: 1, maxWaiting: 1, rejectUnauthorized: false, ca: 'none', servername: 'name.example' });
    const silent = createTcpServer((socket) => void socket.pause().on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const target = { protocol: 'https:', host: '127.0.0.1', port: (silent.address() as AddressInfo).port, agent };
    const two = [get(target), get(target)];
    for (const request of two) request.on('error', () => undefined);
    expect(await outcome(get(target))).toMatchObject({ name: 'QueueFullError' });
    expect(agent.stats().origins).toEqual([{ origin: `127.0.0.1:${target.port}`, open: 1, idle: 0, pending: 1 }]);
    for (const request of two.reverse()) request.destroy();
    await until('all to be closed', () => agent.stats().origins.length === 0);
    silent.close();
  });

  it.each(['destroy()', 'abort()', 'signal'])('a request that ends by %s while it waits leaves the queue at once, and says so', async (by) => {
    const agent = agentOf({ maxSockets: 1, maxWaiting: 1 });
    const before = timers();
    const first = outcome(ask(agent, '/held'));
    const controller = new AbortController();
    const second = ask(agent, '/second', { signal: controller.signal });
    const result = outcome(second);
    expect(agent.stats().origins).toMatchObject([{ pending: 1 }]);
    if (by === 'signal') controller.abort();
    else if (by === 'abort()') second.abort();
    else second.destroy();
    expect(agent.stats().origins).toMatchObject([{ pending: 0 }]);
    // As http.Agent has it for one that has its socket.
    const end = await result;
    expect(typeof end === 'object' ? end.code : end).toBe({ 'destroy()': 'ECONNRESET', 'abort()': 'closed', signal: 'ABORT_ERR' }[by]);
    await until('it to be closed', () => second.closed);
    expect(timers()).toBeLessThanOrEqual(before);
    const third = outcome(ask(agent, '/third'));
    await until('the first request', () => held.length === 1);
    release();
    expect([await first, await third, urls]).toEqual([200, 200, ['/held', '/third']]);
    expect(agent.stats().failures).toEqual({ acquireTimeout: 0, queueFull: 0 });
  });

  it('a request that is destroyed by an error while it waits fails by that', async () => {
    const agent = agentOf({ maxSockets: 1 });
    void outcome(ask(agent, '/held'));
    const second = ask(agent);
    const result = outcome(second);
    second.destroy(new Error('not wanted'));
    expect(await result).toMatchObject({ message: 'not wanted' });
  });

  it('a request that is destroyed before it is connected leaves nothing', async () => {
    const agent = agentOf({ sources: '127.0.0.5' });
    const request = ask(agent);
    request.destroy();
    expect(await outcome(request)).toMatchObject({ code: 'ECONNRESET' });
    expect(await outcome(ask(agent))).toBe(200);
    await until('one connection at most', () => agent.stats().connector.sources[0]!.open <= 1);
    expect(agent.stats().origins).toMatchObject([{ pending: 0 }]);
  });

  it('a connection that is not used ends after the idle time, and the next request has a new one', async () => {
    const agent = agentOf({ idleTimeoutMs: 60 });
    expect(await outcome(ask(agent))).toBe(200);
    await until('it to be free', () => agent.stats().origins[0]?.idle === 1);
    await until('it to be closed', () => agent.stats().origins.length === 0);
    expect(await outcome(ask(agent))).toBe(200);
    expect(connections).toHaveLength(2);
  });

  it('a request that comes just when an idle connection ends gets a new one', async () => {
    const agent = agentOf({ idleTimeoutMs: 20 });
    for (let round = 0; round < 5; round++) {
      const request = ask(agent);
      expect(await outcome(request)).toBe(200);
      const socket = request.socket!;
      // It is destroyed, and has not closed yet.
      while (!socket.destroyed) await new Promise((resolve) => setImmediate(resolve));
      expect(await outcome(ask(agent))).toBe(200);
      agent.destroy();
    }
  });

  it.each([
    ['timeout=1', 0],
    ['timeout=2', 1000],
    ['max=5, timeout=2', 1000],
    ['timeout=60', 2000],
    ['max=5', 2000],
  ])('of `Keep-Alive: %s` and an idle time of two seconds, %i ms remain', async (hint, remaining) => {
    headers = { 'keep-alive': hint, connection: 'keep-alive' };
    const agent = agentOf({ idleTimeoutMs: 2000 });
    const set = vi.spyOn(globalThis, 'setTimeout');
    const request = ask(agent);
    expect(await outcome(request)).toBe(200);
    await until('it to be free, or closed', () => request.socket!.destroyed || agent.stats().origins[0]?.idle === 1);
    expect(request.socket!.destroyed).toBe(remaining === 0);
    const waits = set.mock.calls.map(([, wait]) => wait ?? 0).filter((wait) => wait === remaining && wait > 0);
    expect(waits).toHaveLength(remaining === 0 ? 0 : 1);
  });

  it('connections end after their time, by chance up to a quarter earlier, even if requests never cease', async () => {
    const agent = agentOf({ maxSockets: 2, maxLifetimeMs: 200 });
    let chance = 1;
    vi.spyOn(Math, 'random').mockImplementation(() => (chance = 1 - chance));
    const sockets = new Map<Socket, number>();
    const end = performance.now() + 500;
    const worker = async (): Promise<void> => {
      while (performance.now() < end) {
        const request = ask(agent);
        request.once('socket', (socket: Socket) => {
          if (!sockets.has(socket)) sockets.set(socket, performance.now());
        });
        expect(await outcome(request)).toBe(200);
      }
    };
    // Three of them: one waits always, so that no connection is ever free.
    await Promise.all([worker(), worker(), worker()]);
    expect(sockets.size).toBeGreaterThanOrEqual(6);
    expect(sockets.size).toBeLessThanOrEqual(8);
  });

  it('a connection that is free ends when its time is over', async () => {
    const agent = agentOf({ idleTimeoutMs: 0, maxLifetimeMs: 100 });
    expect(await outcome(ask(agent))).toBe(200);
    await until('it to be closed', () => agent.stats().origins.length === 0, 1000);
    expect(agent.stats().connector.sources[0]!.open).toBe(0);
  });

  it('0 is no limit', async () => {
    const agent = agentOf({ idleTimeoutMs: 0, maxLifetimeMs: 0, acquireTimeoutMs: 0, maxSockets: 1 });
    const set = vi.spyOn(globalThis, 'setTimeout');
    const all = [ask(agent), ask(agent)].map(outcome);
    expect(await Promise.all(all)).toEqual([200, 200]);
    // The server's own is 60 seconds.
    expect(set.mock.calls.map(([, wait]) => wait).filter((wait) => wait !== 59_000 && (wait ?? 0) > 10)).toEqual([]);
  });

  it('destroy() ends what is open, and leaves no timer', async () => {
    const before = timers();
    const agent = agentOf({ maxSockets: 2, idleTimeoutMs: 60_000 });
    expect(await Promise.all([ask(agent), ask(agent), ask(agent)].map(outcome))).toEqual([200, 200, 200]);
    await until('two to be free', () => agent.stats().origins[0]?.idle === 2);
    const running = outcome(ask(agent, '/held'));
    await until('the request', () => held.length === 1);
    agent.destroy();
    expect(await running).toMatchObject({ code: 'ECONNRESET' });
    await until('all to be closed', () => agent.stats().origins.length === 0);
    expect(agent.stats().connector.sources).toMatchObject([{ open: 0 }]);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('that there is no port reaches the request as Node\'s code, typed', async () => {
    setSysctl('ipv4/ip_local_port_range', '40000 40001');
    const agent = agentOf({ sources: '127.0.0.5', budget: 1 });
    const two = [ask(agent, '/held'), ask(agent, '/held')].map(outcome);
    await until('two requests', () => held.length === 2);
    expect(await outcome(ask(agent))).toMatchObject({ name: 'PortsExhaustedError', code: 'EADDRNOTAVAIL', syscall: 'connect', errno: -99, address: '127.0.0.1', port });
    release();
    expect(await Promise.all(two)).toEqual([200, 200]);
    await until('the third to be forgotten', () => agent.stats().origins[0]!.open === 2);
  });

  it.each(['http:', 'https:'])('that the budget is spent reaches the request, by %s', async (protocol) => {
    setSysctl('ipv4/ip_local_port_range', '40000 40003');
    const limited = { sources: '127.0.0.5', budget: 0.5 };
    const connector = createConnector(limited);
    const agent = protocol === 'http:' ? agentOf({ connector }) : new HttpsAgent({ connector });
    const sockets = [connector.connect({ host: '127.0.0.1', port }), connector.connect({ host: '127.0.0.1', port })];
    await Promise.all(sockets.map(async (socket) => once(socket, 'connect')));
    const error = await outcome(get({ protocol, host: '127.0.0.1', port, agent }));
    expect(error).toMatchObject({ name: 'PortBudgetError', code: 'ERR_FOURTUPLE_PORT_BUDGET', budget: { used: 2, limit: 2, capacity: 4 } });
    await until('it to be forgotten', () => agent.stats().origins.length === 0);
    for (const socket of sockets) socket.on('error', () => undefined).destroy();
  });

  it('maxTotalSockets is of all origins, and who waits for it is told so', async () => {
    const agent = agentOf({ maxTotalSockets: 1, acquireTimeoutMs: 50 });
    void outcome(ask(agent, '/held'));
    expect(await outcome(ask(agent, '/', { host: '127.0.0.2' }))).toMatchObject({ name: 'AcquireTimeoutError', message: expect.stringContaining('`maxTotalSockets`') });
    expect(agent.stats().origins.map(({ origin, pending }) => [origin, pending])).toEqual([[`127.0.0.1:${port}`, 0], [`127.0.0.2:${port}`, 0]]);
  });

  it('a limit that is none is refused', () => {
    expect(() => new HttpAgent({ idleTimeoutMs: -1 })).toThrow(RangeError);
    expect(() => new HttpsAgent({ acquireTimeoutMs: Number.NaN })).toThrow(RangeError);
  });
});
