import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo, Socket } from 'node:net';
import { PassThrough, Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDispatcher, type DispatcherOptions, type PooledDispatcher, type UndiciModule } from '../../src/pool/http/undici.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { until } from '../support/wait.ts';

interface Answer {
  statusCode: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable & { text(): Promise<string> };
}

/** The part of undici that is used here, of all its versions. */
interface Undici extends UndiciModule {
  request(url: string, options: object): Promise<Answer>;
  stream(url: string, options: object, factory: (answer: { statusCode: number }) => Writable): Promise<object>;
  pipeline(url: string, options: object, handler: (answer: { body: Readable }) => Readable): NodeJS.ReadWriteStream;
  upgrade(url: string, options: object): Promise<{ headers: object; socket: Socket }>;
  fetch(url: string, options?: object): Promise<{ status: number; text(): Promise<string> }>;
  setGlobalDispatcher(dispatcher: object): void;
  getGlobalDispatcher(): object;
}

const obstacle = liveTestObstacle();

const undicis = (['undici', 'undici-6', 'undici-8'] as const).map((name) => {
  try {
    const require = createRequire(import.meta.url);
    const { version, engines } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string; engines: { node: string } };
    const [major = 0, minor = 0] = engines.node.replace('>=', '').split('.').map(Number);
    const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number);
    const isTooOld = ownMajor < major || (ownMajor === major && ownMinor < minor);
    return { name: `undici ${version}`, load: () => require(name) as Undici, lacking: isTooOld ? `it takes Node ${engines.node}` : undefined };
  } catch {
    return { name, load: (): Undici => { throw new Error(name); }, lacking: `${name} is not installed` };
  }
});

for (const { name, load, lacking } of undicis) {
  const reason = obstacle ?? lacking;
  describe.skipIf(reason !== undefined)(`a dispatcher of ${name}${because(reason)}`, () => {
    let undici: Undici;
    let server: Server;
    let url = '';
    let connections: Socket[] = [];
    let requests: { request: IncomingMessage; response: ServerResponse; text: string }[] = [];
    let answer: (request: IncomingMessage, response: ServerResponse, text: string) => void;
    let made: PooledDispatcher[] = [];

    beforeEach(async () => {
      enterFreshNamespace();
      undici = load();
      [connections, requests, made] = [[], [], []];
      answer = (_, response) => void response.end('done');
      server = createServer((request, response) => {
        let text = '';
        request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('error', () => undefined);
        request.on('end', () => {
          requests.push({ request, response, text });
          answer(request, response, text);
        });
      }).on('connection', (socket: Socket) => {
        connections.push(socket);
        socket.on('error', () => undefined);
      });
      server.keepAliveTimeout = 60_000;
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    afterEach(async () => {
      vi.restoreAllMocks();
      for (const { dispatcher } of made) await dispatcher.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    function pooled(options: DispatcherOptions = {}): PooledDispatcher {
      const one = createDispatcher(undici, options);
      made.push(one);
      return one;
    }

    async function get({ dispatcher }: PooledDispatcher, options: object = {}, path = '/'): Promise<string> {
      const { statusCode, body } = await undici.request(`${url}${path}`, { dispatcher, ...options });
      return `${statusCode} ${await body.text()}`;
    }

    async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
      return promise.then(() => ({ message: 'no error' }), (error: unknown) => error as Record<string, unknown>);
    }

    /** Answers wait until they are let go. */
    function holdAnswers(): () => void {
      const held: ServerResponse[] = [];
      let isFree = false;
      answer = (_, response) => void (isFree ? response.end('done') : held.push(response));
      return () => {
        isFree = true;
        for (const response of held.splice(0)) response.end('done');
      };
    }

    async function idle(one: PooledDispatcher): Promise<void> {
      await until('nothing under way', () => one.stats().origins.length === 0);
    }

    it('request(): an answer, and nothing is left of its counts', async () => {
      const one = pooled();
      expect(await get(one, { headers: { 'x-test': 'one' } })).toBe('200 done');
      expect(requests[0]!.request.headers['x-test']).toBe('one');
      await idle(one);
      expect(one.stats()).toMatchObject({ failures: { acquireTimeout: 0, queueFull: 0 }, retries: { retries: 0, refusedByBudget: 0 }, connector: { sources: [{ open: 1 }] } });
    });

    it('says how many requests of an origin wait, and how many are under way', async () => {
      const release = holdAnswers();
      const one = pooled({ max: 2 });
      const all = Promise.all(Array.from({ length: 5 }, async () => get(one)));
      await until('two requests', () => requests.length === 2);
      expect(one.stats().origins).toEqual([{ origin: url, pending: 3, running: 2 }]);
      release();
      expect(await all).toHaveLength(5);
      expect(connections).toHaveLength(2);
      await idle(one);
      expect(one.stats().origins).toEqual([]);
    });

    it('stream() and pipeline()', async () => {
      const one = pooled();
      let received = '';
      await undici.stream(url, { dispatcher: one.dispatcher, method: 'GET' }, () => new Writable({ write: (chunk: Buffer, _, done) => { received += chunk.toString(); done(); } }));
      answer = (_, response, text) => void response.end(text.toUpperCase());
      const through = undici.pipeline(url, { dispatcher: one.dispatcher, method: 'POST' }, ({ body }) => body);
      through.end('text');
      for await (const chunk of through) received += String(chunk);
      expect(received).toBe('doneTEXT');
      await idle(one);
    });

    it('fetch(), by setGlobalDispatcher()', async () => {
      const one = pooled();
      const before = undici.getGlobalDispatcher();
      undici.setGlobalDispatcher(one.dispatcher);
      try {
        const response = await undici.fetch(url);
        expect([response.status, await response.text()]).toEqual([200, 'done']);
        answer = (_, answered, text) => void answered.end(text);
        expect(await (await undici.fetch(url, { method: 'POST', body: 'sent' })).text()).toBe('sent');
      } finally {
        undici.setGlobalDispatcher(before);
      }
      expect(one.stats().connector.sources).toMatchObject([{ connects: connections.length }]);
      await idle(one);
    });

    it('slow readers make the server wait, and get all', async () => {
      const size = 3_000_000;
      answer = (_, response) => void response.end(Buffer.alloc(size, 'x'));
      const { body } = await undici.request(url, { dispatcher: pooled().dispatcher });
      let length = 0;
      for await (const chunk of body) {
        length += (chunk as Buffer).length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(length).toBe(size);
    });

    it('pipelining: several requests on one connection', async () => {
      const release = holdAnswers();
      const one = pooled({ max: 1, agent: { pipelining: 3 } });
      // The first tells that the server takes them one after the other.
      const all = Promise.all(Array.from({ length: 4 }, async () => get(one)));
      await until('the first', () => requests.length > 0);
      release();
      expect(await all).toEqual(Array.from({ length: 4 }, () => '200 done'));
      expect(connections).toHaveLength(1);
      await idle(one);
    });

    it('upgrade(): the connection is the caller\'s', async () => {
      server.on('upgrade', (_, socket: Socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
        socket.pipe(socket);
      });
      const one = pooled();
      const { socket } = await undici.upgrade(url, { dispatcher: one.dispatcher, protocol: 'echo' });
      socket.write('hello');
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      expect(chunk.toString()).toBe('hello');
      expect(one.stats().origins).toEqual([]);
      socket.destroy();
    });

    it('a signal that was aborted before: nothing reaches the server', async () => {
      const one = pooled();
      expect(await failure(get(one, { signal: AbortSignal.abort() }))).toMatchObject({ name: 'AbortError' });
      expect([connections.length, one.stats().origins.length]).toEqual([0, 0]);
    });

    it.each(['AbortSignal', 'EventEmitter'])('a signal (%s) that is aborted while the request waits: it ends at once, and the connection serves others', async (kind) => {
      const release = holdAnswers();
      const one = pooled({ max: 1 });
      const first = get(one);
      await until('the first request', () => requests.length === 1);
      const controller = new AbortController();
      const emitter = new EventEmitter();
      const second = failure(get(one, { signal: kind === 'AbortSignal' ? controller.signal : emitter }, '/second'));
      const third = get(one, {}, '/third');
      expect(one.stats().origins).toMatchObject([{ pending: 2 }]);
      controller.abort();
      emitter.emit('abort');
      expect(String((await second)['name'])).toMatch(/Abort/);
      expect(requests).toHaveLength(1);
      release();
      expect([await first, await third]).toEqual(['200 done', '200 done']);
      expect(requests.map(({ request }) => request.url)).toEqual(['/', '/third']);
      expect(connections).toHaveLength(1);
      await idle(one);
    });

    it('a fetch() that is aborted while it waits leaves the connection to others', async () => {
      const release = holdAnswers();
      const one = pooled({ max: 1 });
      const first = get(one);
      await until('the first request', () => requests.length === 1);
      const controller = new AbortController();
      const second = failure(undici.fetch(`${url}/second`, { dispatcher: one.dispatcher, signal: controller.signal }));
      await until('the second to wait', () => one.stats().origins[0]!.pending === 1);
      controller.abort();
      expect(await second).toMatchObject({ name: 'AbortError' });
      release();
      expect([await first, await get(one, {}, '/third')]).toEqual(['200 done', '200 done']);
      expect([requests.map(({ request }) => request.url), connections.length]).toEqual([['/', '/third'], 1]);
      await idle(one);
    });

    it('a signal that is aborted while the server answers: the connection ends', async () => {
      holdAnswers();
      const one = pooled();
      const controller = new AbortController();
      const promise = failure(get(one, { signal: controller.signal }));
      await until('the request', () => requests.length === 1);
      controller.abort();
      expect(await promise).toMatchObject({ name: 'AbortError' });
      await idle(one);
      await until('its connection to be closed', () => one.stats().connector.sources[0]!.open === 0);
      expect(one.stats().retries.retries).toBe(0);
    });

    it('sends streams, iterables, forms and buffers', async () => {
      answer = (_, response, text) => void response.end(text);
      const one = pooled();
      async function* pieces(): AsyncGenerator<string> {
        yield 'of';
        yield 'pieces';
      }
      const sent = [Readable.from(['of', 'a stream']), pieces(), Buffer.from('of bytes'), 'of text', new Uint8Array([97, 98])];
      const got = await Promise.all(sent.map(async (body) => get(one, { method: 'PUT', body })));
      expect(got).toEqual(['200 ofa stream', '200 ofpieces', '200 of bytes', '200 of text', '200 ab']);
      await idle(one);
    });

    it('an acquire timeout: the request fails then, never reaches the server, and the connection serves later ones', async () => {
      const release = holdAnswers();
      const one = pooled({ max: 1, acquireTimeoutMs: 50 });
      const first = get(one);
      await until('the first request', () => requests.length === 1);
      const late = await Promise.all(Array.from({ length: 3 }, async () => failure(get(one, {}, '/late'))));
      expect(late.map(({ name: kind, code }) => [kind, code])).toEqual(late.map(() => ['AcquireTimeoutError', 'ERR_FOURTUPLE_ACQUIRE_TIMEOUT']));
      expect(late[0]).toMatchObject({ tuple: { destination: '127.0.0.1', destinationPort: Number(new URL(url).port) } });
      expect(one.stats()).toMatchObject({ failures: { acquireTimeout: 3 }, origins: [{ pending: 0, running: 1 }], retries: { retries: 0 } });
      release();
      expect([await first, await get(one, {}, '/later')]).toEqual(['200 done', '200 done']);
      expect([requests.map(({ request }) => request.url), connections.length]).toEqual([['/', '/later'], 1]);
      await idle(one);
    });

    it('a full queue refuses at once, and those that were given up are not counted as waiting', async () => {
      const release = holdAnswers();
      const one = pooled({ max: 2, maxWaiting: 1, acquireTimeoutMs: 300 });
      // Cold: the first two are to be the first on a connection.
      const three = [get(one), get(one), failure(get(one))];
      expect(await failure(get(one))).toMatchObject({ name: 'QueueFullError', code: 'ERR_FOURTUPLE_QUEUE_FULL' });
      expect(await three[2]).toMatchObject({ name: 'AcquireTimeoutError' });
      const fifth = get(one);
      await until('the fifth to wait', () => one.stats().origins[0]!.pending === 1);
      release();
      expect([await three[0], await three[1], await fifth]).toEqual(['200 done', '200 done', '200 done']);
      expect(one.stats().failures).toEqual({ acquireTimeout: 1, queueFull: 1 });
      await idle(one);
    });

    it('maxWaiting 0: what finds a connection is served', async () => {
      const release = holdAnswers();
      const one = pooled({ max: 2, maxWaiting: 0 });
      const two = [get(one), get(one)];
      expect(await failure(get(one))).toMatchObject({ name: 'QueueFullError' });
      await until('two requests', () => requests.length === 2);
      release();
      expect(await Promise.all(two)).toEqual(['200 done', '200 done']);
      await idle(one);
    });

    it('maxWaiting 0 counts what pipelining takes', async () => {
      const release = holdAnswers();
      const one = pooled({ max: 1, maxWaiting: 0, agent: { pipelining: 2 } });
      const two = [get(one), get(one)];
      expect(await failure(get(one))).toMatchObject({ name: 'QueueFullError' });
      await until('the first request', () => requests.length > 0);
      release();
      expect(await Promise.all(two)).toEqual(['200 done', '200 done']);
    });

    it('requests that were given up are as many as may wait, at most', async () => {
      holdAnswers();
      const one = pooled({ max: 1, maxWaiting: 3, acquireTimeoutMs: 20 });
      void failure(get(one));
      await until('the first request', () => requests.length === 1);
      for (let round = 0; round < 3; round++) expect(await failure(get(one))).toMatchObject({ name: 'AcquireTimeoutError' });
      expect(await failure(get(one))).toMatchObject({ name: 'QueueFullError' });
    });

    /** Answers the first requests by a status. */
    function failFirst(count: number, headers: Record<string, string> = {}, status = 503): void {
      answer = (_, response) => void (requests.length <= count ? response.writeHead(status, headers).end('ill') : response.end('done'));
    }

    const fast = { minDelayMs: 0, maxDelayMs: 0 };

    it('sends again what may be sent twice, on the same connection', async () => {
      failFirst(2);
      const one = pooled({ retry: fast, max: 1 });
      expect(await get(one, { method: 'PUT', body: 'text' })).toBe('200 done');
      expect(requests.map(({ text }) => text)).toEqual(['text', 'text', 'text']);
      expect([one.stats().retries, connections.length]).toEqual([{ retries: 2, refusedByBudget: 0 }, 1]);
      await idle(one);
    });

    it.each(['POST', 'PATCH'])('never sends %s again', async (method) => {
      failFirst(1);
      expect(await get(pooled({ retry: fast }), { method, body: 'text' })).toBe('503 ill');
      answer = (request) => void request.socket.destroy();
      expect(await failure(get(pooled({ retry: fast }), { method, body: 'text' }))).toMatchObject({ code: 'UND_ERR_SOCKET' });
      expect(requests).toHaveLength(2);
    });

    it('delivers the last answer when it was tried often enough', async () => {
      failFirst(9);
      expect(await get(pooled({ retry: { ...fast, maxRetries: 3 } }))).toBe('503 ill');
      expect(requests).toHaveLength(4);
    });

    it('`retry: false` sends nothing again', async () => {
      failFirst(1);
      const one = pooled({ retry: false });
      expect(await get(one)).toBe('503 ill');
      expect([requests.length, one.stats().retries]).toEqual([1, { retries: 0, refusedByBudget: 0 }]);
    });

    it.each([
      ['seconds', () => '1', 1000],
      // A date has whole seconds: up to one of two is over.
      ['a date', () => new Date(Date.now() + 2000).toUTCString(), 900],
    ])('waits as long as Retry-After says, in %s', async (_, header, least) => {
      failFirst(1, { 'retry-after': header() });
      const before = performance.now();
      expect(await get(pooled({ retry: { ...fast, maxDelayMs: 5000 } }))).toBe('200 done');
      expect(performance.now() - before).toBeGreaterThanOrEqual(least);
    });

    it('does not wait for a Retry-After beyond the longest wait', async () => {
      failFirst(1, { 'retry-after': '3600' });
      expect(await get(pooled())).toBe('503 ill');
      expect(requests).toHaveLength(1);
    });

    it('a server that always fails gets a tenth more requests, and a burst', async () => {
      failFirst(Number.POSITIVE_INFINITY);
      const one = pooled({ retry: { ...fast, budgetBurst: 5 } });
      for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 10 }, async () => get(one)));
      expect(requests.length).toBeGreaterThan(200);
      expect(requests.length).toBeLessThanOrEqual(200 * 1.1 + 5);
      expect(one.stats().retries.retries).toBe(requests.length - 200);
    });

    it('waits by chance, longer each time', async () => {
      failFirst(2);
      const random = vi.fn<() => number>(() => 1);
      const before = performance.now();
      expect(await get(pooled({ retry: { minDelayMs: 100, factor: 3, random } }))).toBe('200 done');
      expect(random).toHaveBeenCalledTimes(2);
      expect(performance.now() - before).toBeGreaterThanOrEqual(395);
    });

    it('sends again when the connection ends before the answer, not when it ends in it', async () => {
      answer = (request, response) => void (requests.length === 1 ? request.socket.destroy() : response.end('done'));
      expect(await get(pooled({ retry: fast }))).toBe('200 done');
      requests = [];
      answer = (request, response) => {
        response.writeHead(200, { 'content-length': '10' });
        response.write('half', () => request.socket.destroy());
      };
      expect(await failure(get(pooled({ retry: fast })))).not.toMatchObject({ message: 'no error' });
      expect(requests).toHaveLength(1);
    });

    it('sends a stream again as long as nothing was read of it', async () => {
      const port = Number(new URL(url).port);
      await new Promise((resolve) => server.close(resolve));
      const one = pooled({ retry: { minDelayMs: 20, maxDelayMs: 20, maxRetries: 1000, budgetBurst: 1000 } });
      const promise = get(one, { method: 'PUT', body: Readable.from(['a stream']) });
      await until('a retry', () => one.stats().retries.retries > 0);
      server.listen(port, '127.0.0.1');
      expect(await promise).toBe('200 done');
      failFirst(9);
      requests = [];
      expect(await get(one, { method: 'PUT', body: Readable.from(['a stream']) })).toBe('503 ill');
      expect(requests.map(({ text }) => text)).toEqual(['a stream']);
    });

    it('an abort while it waits to be sent again ends it at once', async () => {
      failFirst(9);
      for (const refused of [false, true]) {
        const controller = new AbortController();
        const one = pooled({ retry: { minDelayMs: 60_000, maxDelayMs: 60_000, random: () => 1 } });
        const promise = failure(undici.request(refused ? 'http://127.0.0.1:1' : url, { dispatcher: one.dispatcher, signal: controller.signal }));
        await until('a retry', () => one.stats().retries.retries === 1);
        controller.abort();
        expect(await promise).toMatchObject({ name: 'AbortError' });
        expect(one.stats().origins).toEqual([]);
      }
      expect(requests).toHaveLength(1);
    });

    it('throws away an answer that does not end', async () => {
      answer = (_, response) => {
        if (requests.length > 1) response.end('done');
        else response.writeHead(503).write('x');
      };
      expect(await get(pooled({ retry: fast }))).toBe('200 done');
      await until('its connection to be closed', () => connections.some(({ destroyed }) => destroyed));
      expect(requests).toHaveLength(2);
    });

    it('early hints are no answer', async () => {
      answer = (_, response) => {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.end('done');
      };
      expect(await get(pooled())).toBe('200 done');
    });

    it('that there is no port is told at once, by Node\'s code, and not tried again', async () => {
      setSysctl('ipv4/ip_local_port_range', '40000 40001');
      const release = holdAnswers();
      const one = pooled({ sources: '127.0.0.5', budget: 1 });
      const two = [get(one), get(one)];
      await until('two requests', () => requests.length === 2);
      expect(await failure(get(one))).toMatchObject({ name: 'PortsExhaustedError', code: 'EADDRNOTAVAIL', syscall: 'connect', port: Number(new URL(url).port) });
      expect(one.stats().retries).toEqual({ retries: 0, refusedByBudget: 0 });
      release();
      expect(await Promise.all(two)).toHaveLength(2);
      await idle(one);
    });

    it('that the budget is spent is told at once, and not tried again', async () => {
      setSysctl('ipv4/ip_local_port_range', '40000 40003');
      const release = holdAnswers();
      const one = pooled({ sources: '127.0.0.5', budget: 0.5 });
      const two = [get(one), get(one)];
      await until('two requests', () => requests.length === 2);
      expect(await failure(get(one))).toMatchObject({ name: 'PortBudgetError', code: 'ERR_FOURTUPLE_PORT_BUDGET' });
      expect(one.stats().retries).toEqual({ retries: 0, refusedByBudget: 0 });
      release();
      expect(await Promise.all(two)).toHaveLength(2);
    });

    it('connections end after their time, each at its own, and requests that wait get new ones', async () => {
      let chance = 0;
      vi.spyOn(Math, 'random').mockImplementation(() => chance);
      const one = pooled({ max: 1, maxLifetimeMs: 400, acquireTimeoutMs: 5000 });
      const ports = async (): Promise<number> => {
        expect(await Promise.all([get(one), get(one), get(one)])).toHaveLength(3);
        return connections.length;
      };
      expect(await ports()).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 410));
      // The first ends the old connection, the two behind it have a new one, whose life is a quarter shorter.
      chance = 1;
      expect(await ports()).toBe(2);
      expect(requests[3]!.request.headers.connection).toBe('close');
      await new Promise((resolve) => setTimeout(resolve, 310));
      expect(await ports()).toBe(3);
      await idle(one);
    });

    it.each([
      ['the idle time, when the server keeps it longer', 60, 100, 0, 5],
      ['the time that the server says', 3, 0, 900, 3],
    ])('a connection that is not used ends after %s', async (_, serverSeconds, idleTimeoutMs, least, mostSeconds) => {
      server.keepAliveTimeout = serverSeconds * 1000;
      const one = pooled({ idleTimeoutMs });
      await get(one);
      const before = performance.now();
      expect(one.stats().connector.sources[0]!.open).toBe(1);
      await until('it to be closed', () => one.stats().connector.sources[0]!.open === 0);
      expect(performance.now() - before).toBeGreaterThanOrEqual(least);
      expect(performance.now() - before).toBeLessThan(mostSeconds * 1000);
    });

    it('close() waits for what is under way, and takes no more', async () => {
      const release = holdAnswers();
      const one = pooled({ max: 1 });
      const two = [get(one), get(one)];
      await until('the first request', () => requests.length === 1);
      const closed = one.close();
      expect(await failure(get(one))).toMatchObject({ code: 'UND_ERR_CLOSED' });
      release();
      expect(await Promise.all(two)).toEqual(['200 done', '200 done']);
      await closed;
      await until('all connections to be closed', () => one.stats().connector.sources[0]!.open === 0);
      expect(one.stats().origins).toEqual([]);
    });

    it('leaves no timer when all is done', async () => {
      const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
      const before = timers();
      const release = holdAnswers();
      const one = pooled({ max: 1 });
      const all = Array.from({ length: 5 }, async () => get(one));
      await until('the first request', () => requests.length === 1);
      expect(timers()).toBeGreaterThan(before);
      release();
      await Promise.all(all);
      await one.close();
      expect(timers()).toBeLessThanOrEqual(before);
    });

    it('a peer that is gone before the connection is made is an error, and counted away', async () => {
      const one = pooled({ retry: false });
      expect(await failure(undici.request('http://127.0.0.1:1', { dispatcher: one.dispatcher }))).toMatchObject({ code: 'ECONNREFUSED', port: 1 });
      expect(await failure(undici.request('http://127.0.0.1:1', { dispatcher: one.dispatcher, method: 'POST', body: new PassThrough() }))).toMatchObject({ code: 'ECONNREFUSED' });
      expect(one.stats().origins).toEqual([]);
    });

    it('takes options that are sound, and only those', () => {
      expect(() => pooled({ max: 0 })).toThrow(RangeError);
      expect(() => pooled({ acquireTimeoutMs: Number.NaN })).toThrow(RangeError);
      expect(() => pooled({ retry: { maxRetries: -1 } })).toThrow(RangeError);
      expect(() => pooled({ sources: 'nowhere' })).toThrow('"nowhere" is no address, range, prefix or interface of this host');
    });

    it('requests to IPv6', async () => {
      const six = createServer((_, response) => void response.end('six')).listen(0, '::1');
      await once(six, 'listening');
      const one = pooled({ sources: '::1' });
      const { body } = await undici.request(`http://[::1]:${(six.address() as AddressInfo).port}`, { dispatcher: one.dispatcher });
      expect(await body.text()).toBe('six');
      await one.close();
      six.close();
    });
  });
}
