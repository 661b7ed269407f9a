// Behaviours that the tests of two libraries publish (agentkeepalive 4 for agents, undici 6 and 7 for connectors, pools and
// keep-alive), as cases of ours for our agents, dispatcher and connect function.
import { once } from 'node:events';
import { createServer, get, request as httpRequest, type ClientRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, get as httpsGet } from 'node:https';
import { createSecureServer } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import * as undici from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpAgent, HttpsAgent, type HttpAgentOptions, type HttpsAgentOptions } from '../../src/pool/http/agents.ts';
import { createDispatcher, undiciConnect, type DispatcherOptions, type PooledDispatcher } from '../../src/pool/http/undici.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';
import { until } from '../support/wait.ts';
import { ipv6TlsObstacle, makeCertificate, opensslObstacle } from './certificate.ts';
import { FULL, Peers, peers } from './peers.ts';

const obstacle = liveTestObstacle();
const withoutTls = opensslObstacle();

describe.skipIf(obstacle !== undefined)(`published behaviours${because(obstacle)}`, () => {
  let servers: TcpServer[] = [];
  let connections: Socket[] = [];
  let agents: { destroy(): unknown }[] = [];

  beforeEach(() => {
    enterFreshNamespace();
    [servers, connections, agents] = [[], [], []];
  });

  afterEach(async () => {
    for (const agent of agents) await agent.destroy();
    for (const connection of connections) connection.destroy();
    await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
  });

  async function listen(server: TcpServer, address = '127.0.0.1'): Promise<number> {
    servers.push(server);
    server.on('connection', (socket: Socket) => void connections.push(socket.on('error', () => undefined)));
    server.listen(0, address);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => void response.end('done')): Promise<{ server: Server; port: number }> {
    const server = createServer(answer);
    server.keepAliveTimeout = 60_000;
    return { server, port: await listen(server) };
  }

  /** Answers each request by the same bytes. */
  async function serveRaw(text: string): Promise<number> {
    return listen(createTcpServer((socket) => void socket.on('data', () => socket.write(text))));
  }

  function httpAgent(options: HttpAgentOptions = {}): HttpAgent {
    const agent = new HttpAgent(options);
    agents.push(agent);
    return agent;
  }

  function httpsAgent(options: HttpsAgentOptions = {}): HttpsAgent {
    const agent = new HttpsAgent({ ca: makeCertificate().cert, ...options });
    agents.push(agent);
    return agent;
  }

  function pooled(options: DispatcherOptions = {}): PooledDispatcher {
    const made = createDispatcher(undici, options);
    agents.push(made.dispatcher);
    return made;
  }

  async function ask({ dispatcher }: PooledDispatcher, url: string): Promise<string> {
    const { body } = await undici.request(url, { dispatcher: dispatcher as never });
    return body.text();
  }

  async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
    return promise.then(() => ({ message: 'no error' }), (error: unknown) => error as Record<string, unknown>);
  }

  interface Done {
    readonly text: string;
    readonly headers: IncomingMessage['headers'];
    readonly socket: Socket;
  }

  /** The whole answer, and the connection that it came by. */
  async function done(request: ClientRequest): Promise<Done> {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { text, headers: response.headers, socket: request.socket! };
  }

  async function freed(agent: HttpAgent | HttpsAgent, count = 1): Promise<void> {
    await until('connections to be free', () => agent.stats().origins.reduce((sum, { idle }) => sum + idle, 0) === count);
  }

  describe('of keep-alive agents', () => {
    it('a request asks to keep the connection', async () => {
      const { port } = await serve((request, response) => void response.end(request.headers.connection));
      expect((await done(get({ host: '127.0.0.1', port, agent: httpAgent() }))).text).toBe('keep-alive');
    });

    it('without keepAlive and a limit a request asks to close, and the connection is not kept', async () => {
      const { port } = await serve((request, response) => void response.end(request.headers.connection));
      const agent = httpAgent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
      expect((await done(get({ host: '127.0.0.1', port, agent }))).text).toBe('close');
      await until('it to be closed', () => agent.stats().origins.length === 0);
    });

    it('the next request has the same connection, and says so', async () => {
      const { port } = await serve();
      const agent = httpAgent();
      const first = get({ host: '127.0.0.1', port, agent });
      const { socket } = await done(first);
      await freed(agent);
      const second = get({ host: '127.0.0.1', port, agent });
      expect((await done(second)).socket).toBe(socket);
      expect([first.reusedSocket, second.reusedSocket]).toEqual([false, true]);
    });

    it('of several free connections the last one used is used first', async () => {
      const { port } = await serve((request, response) => {
        if (request.url === '/slow') setTimeout(() => response.end(), 50);
        else response.end();
      });
      const agent = httpAgent();
      const two = await Promise.all([done(get({ host: '127.0.0.1', port, path: '/slow', agent })), done(get({ host: '127.0.0.1', port, agent }))]);
      await freed(agent, 2);
      for (let round = 0; round < 3; round++) {
        expect((await done(get({ host: '127.0.0.1', port, agent }))).socket).toBe(two[0].socket);
        await freed(agent, 2);
      }
    });

    it('there are no more connections than maxSockets, though requests succeed', async () => {
      const { port } = await serve();
      const agent = httpAgent({ maxSockets: 1 });
      const three = await Promise.all([1, 2, 3].map(async () => done(get({ host: '127.0.0.1', port, agent }))));
      expect(new Set(three.map(({ socket }) => socket)).size).toBe(1);
      expect(connections).toHaveLength(1);
    });

    it('there are no more connections than maxSockets, though requests time out', async () => {
      const { port } = await serve(() => undefined);
      const agent = httpAgent({ maxSockets: 1, sources: '127.0.0.5' });
      let most = 0;
      await Promise.all(
        [1, 2, 3].map(async () => {
          const request = get({ host: '127.0.0.1', port, agent, timeout: 50 });
          request.on('timeout', () => {
            most = Math.max(most, agent.stats().connector.sources[0]!.open);
            request.destroy();
          });
          await failure(done(request));
        }),
      );
      expect(most).toBe(1);
      await until('all to be closed', () => agent.stats().origins.length === 0);
    });

    it('no more connections are kept free than maxFreeSockets', async () => {
      const { port } = await serve((_, response) => void setTimeout(() => response.end(), 20));
      const agent = httpAgent({ maxFreeSockets: 2 });
      await Promise.all([1, 2, 3, 4, 5].map(async () => done(get({ host: '127.0.0.1', port, agent }))));
      await until('three to be closed', () => agent.stats().origins[0]!.open === 2);
      expect(agent.stats()).toMatchObject({ origins: [{ idle: 2 }], connector: { sources: [{ open: 2 }] } });
    });

    it('an error on a connection that is free ends it, and nothing else', async () => {
      const { port } = await serve();
      const agent = httpAgent();
      const { socket } = await done(get({ host: '127.0.0.1', port, agent }));
      await freed(agent);
      connections[0]!.resetAndDestroy();
      await until('it to be gone', () => agent.stats().origins.length === 0);
      expect(socket.destroyed).toBe(true);
      expect((await done(get({ host: '127.0.0.1', port, agent }))).text).toBe('done');
    });

    it('a connection that the server ends while it is free is not used again', async () => {
      const { port } = await serve();
      const agent = httpAgent();
      const { socket } = await done(get({ host: '127.0.0.1', port, agent }));
      await freed(agent);
      connections[0]!.end();
      await until('it to be gone', () => agent.stats().origins.length === 0);
      expect((await done(get({ host: '127.0.0.1', port, agent }))).socket).not.toBe(socket);
    });

    it('a request whose kept connection is just being ended by the server fails by ECONNRESET, and says that it was reused', async () => {
      const { port } = await serve((request, response) => void (request.url === '/end' ? request.socket.destroy() : response.end()));
      const agent = httpAgent();
      await done(get({ host: '127.0.0.1', port, agent }));
      await freed(agent);
      const request = get({ host: '127.0.0.1', port, path: '/end', agent });
      expect(await failure(done(request))).toMatchObject({ code: 'ECONNRESET', message: 'socket hang up' });
      expect(request.reusedSocket).toBe(true);
      // So that the caller may ask again.
      expect((await done(get({ host: '127.0.0.1', port, agent }))).text).toBe('');
    });

    it('a connection is as old as it is, however often it is used', async () => {
      const { port } = await serve();
      const agent = httpAgent({ maxLifetimeMs: 200 });
      const sockets = new Set<Socket>();
      const end = performance.now() + 260;
      while (performance.now() < end) {
        sockets.add((await done(get({ host: '127.0.0.1', port, agent }))).socket);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(sockets.size).toBe(2);
    });

    it('a connection is not ended under a request when its time is over', async () => {
      const { port } = await serve((_, response) => void setTimeout(() => response.end('late'), 150));
      const agent = httpAgent({ maxLifetimeMs: 50, idleTimeoutMs: 50 });
      const { text, socket } = await done(get({ host: '127.0.0.1', port, agent }));
      expect(text).toBe('late');
      await until('it to be closed then', () => socket.destroyed);
    });

    it('`Connection: close` of the server ends the connection', async () => {
      const { port } = await serve((_, response) => void response.setHeader('connection', 'close').end());
      const agent = httpAgent();
      await done(get({ host: '127.0.0.1', port, agent }));
      await until('it to be gone', () => agent.stats().origins.length === 0);
      expect(connections).toHaveLength(1);
    });

    it('an answer that is not read keeps its connection, and one that is thrown away ends it', async () => {
      const { port } = await serve((_, response) => void response.end(Buffer.alloc(1_000_000)));
      const agent = httpAgent();
      const request = get({ host: '127.0.0.1', port, agent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      expect(agent.stats().origins).toMatchObject([{ open: 1, idle: 0 }]);
      response.destroy();
      await until('it to be gone', () => agent.stats().origins.length === 0);
    });

    it('the option timeout of a request goes before that of the agent, and both are told by an event', async () => {
      const { port } = await serve(() => undefined);
      const agent = httpAgent({ timeout: 5000 });
      const request = get({ host: '127.0.0.1', port, agent, timeout: 50 }).on('error', () => undefined);
      await once(request, 'timeout');
      expect(request.socket!.timeout).toBe(50);
      request.destroy();
      const other = get({ host: '127.0.0.1', port, agent: httpAgent({ timeout: 50 }) }).on('error', () => undefined);
      await once(other, 'timeout');
      other.destroy();
    });

    it('origins, and addresses to come from, have connections of their own', async () => {
      const [one, other] = [await serve(), await serve()];
      const agent = httpAgent();
      for (const options of [{ port: one.port }, { port: other.port }, { port: one.port, localAddress: '127.0.0.9' }]) await done(get({ host: '127.0.0.1', agent, ...options }));
      expect(agent.stats().origins.map(({ origin }) => origin)).toEqual([`127.0.0.1:${one.port}`, `127.0.0.1:${other.port}`, `127.0.0.1:${one.port}`]);
      expect(connections.map(({ remoteAddress }) => remoteAddress)).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.9']);
    });

    it('a body is sent on a kept connection as on a new one', async () => {
      const { port } = await serve((request, response) => void request.pipe(response));
      const agent = httpAgent({ maxSockets: 1 });
      for (const text of ['one', 'two'.repeat(100_000)]) {
        const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', agent });
        request.end(text);
        expect((await done(request)).text).toBe(text);
      }
      expect(connections).toHaveLength(1);
    });

    describe.skipIf(withoutTls !== undefined)(`of https${because(withoutTls)}`, () => {
      async function serveTls(): Promise<number> {
        return listen(createHttpsServer(makeCertificate(), (request, response) => {
          const socket = request.socket as TLSSocket & { readonly servername: string | false | null };
          response.end(`${String(socket.servername)} ${socket.isSessionReused() ? 'resumed' : 'new'}`);
        }));
      }

      it('a kept connection serves the next request', async () => {
        const port = await serveTls();
        const agent = httpsAgent();
        const { socket } = await done(httpsGet({ host: 'localhost', family: 4, port, agent }));
        await freed(agent);
        expect((await done(httpsGet({ host: 'localhost', family: 4, port, agent }))).socket).toBe(socket);
      });

      it('a new connection resumes the session of the last one', async () => {
        const port = await serveTls();
        const agent = httpsAgent({ keepAlive: false });
        const texts = [];
        for (let round = 0; round < 2; round++) texts.push((await done(httpsGet({ host: 'localhost', family: 4, port, agent }))).text);
        expect(texts).toEqual(['localhost new', 'localhost resumed']);
      });

      it('an error of TLS reaches the request, and the connection is forgotten', async () => {
        const port = await serveTls();
        const agent = httpsAgent({ ca: [] });
        expect(await failure(done(httpsGet({ host: 'localhost', family: 4, port, agent })))).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
        await until('it to be gone', () => agent.stats().origins.length === 0);
      });

      const onIpv6 = ipv6TlsObstacle();

      it.skipIf(onIpv6 !== undefined)(`over IPv6, by an address, of which no name is sent${because(onIpv6)}`, async () => {
        const port = await listen(createHttpsServer(makeCertificate(), (request, response) => void response.end(String((request.socket as TLSSocket & { servername: unknown }).servername))), '::1');
        expect((await done(httpsGet({ host: '::1', port, agent: httpsAgent({ sources: '::1' }) }))).text).toBe('false');
      });
    });
  });

  describe('of undici', () => {
    it('a connection that takes too long is a connect timeout, and the attempt is given up', async () => {
      const dark = new Peers();
      await dark.start(false);
      const one = pooled({ timeout: 100, retry: false });
      expect(await failure(ask(one, `http://${FULL}:${peers.echo}`))).toMatchObject({ name: 'ConnectTimeoutError', code: 'UND_ERR_CONNECT_TIMEOUT', message: `${FULL}:${peers.echo} took longer than 100 ms to connect` });
      await until('the attempt to be closed', () => one.stats().connector.sources.every(({ open }) => open === 0));
      await dark.stop();
    });

    it('an error of the connect function is that of the request, and of all that wait for the same connection', async () => {
      const one = pooled({ max: 1, retry: false });
      const all = await Promise.all([1, 2, 3].map(async () => failure(ask(one, 'http://127.0.0.1:1'))));
      expect(all.map(({ code }) => code)).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
    });

    it('after a connect that failed the next request connects anew', async () => {
      const one = pooled({ max: 1, retry: false });
      const { port, server } = await serve();
      await new Promise((resolve) => server.close(resolve));
      expect(await failure(ask(one, `http://127.0.0.1:${port}`))).toMatchObject({ code: 'ECONNREFUSED' });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      expect(await ask(one, `http://127.0.0.1:${port}`)).toBe('done');
    });

    it('there are no more connections than the pool may have', async () => {
      const { port } = await serve((_, response) => void setTimeout(() => response.end('done'), 10));
      const one = pooled({ max: 3 });
      await Promise.all(Array.from({ length: 20 }, async () => ask(one, `http://127.0.0.1:${port}`)));
      expect(connections).toHaveLength(3);
    });

    it.each([
      ['Keep-Alive: timeout=1', 0],
      ['Keep-Alive: timeout=3', 900],
    ])('a connection is kept as long as the server says: %s', async (header, least) => {
      const port = await serveRaw(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${header}\r\nConnection: keep-alive\r\n\r\n`);
      const one = pooled();
      await ask(one, `http://127.0.0.1:${port}`);
      const before = performance.now();
      await until('it to be closed', () => one.stats().connector.sources[0]!.open === 0);
      expect(performance.now() - before).toBeGreaterThanOrEqual(least);
      expect(performance.now() - before).toBeLessThan(least + 1500);
    });

    it('without a Keep-Alive of the server, as long as the option says', async () => {
      const port = await serveRaw('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      const one = pooled({ idleTimeoutMs: 200 });
      await ask(one, `http://127.0.0.1:${port}`);
      await until('it to be closed', () => one.stats().connector.sources[0]!.open === 0, 3000);
      expect(one.stats().connector.sources).toMatchObject([{ connects: 1 }]);
    });

    it('`Connection: close` of the server ends the connection', async () => {
      const { port } = await serve((_, response) => void response.setHeader('connection', 'close').end('done'));
      const one = pooled({ max: 1 });
      for (let round = 0; round < 3; round++) expect(await ask(one, `http://127.0.0.1:${port}`)).toBe('done');
      expect(connections).toHaveLength(3);
    });

    it('the address to come from may be that of the client, too', async () => {
      const { port } = await serve((request, response) => void response.end(request.socket.remoteAddress));
      const one = pooled({ agent: { localAddress: '127.0.0.9' } });
      expect(await ask(one, `http://127.0.0.1:${port}`)).toBe('127.0.0.9');
    });

    it('sockets send small pieces at once, and ask whether the other end is there', async () => {
      const { port } = await serve();
      const socket = await new Promise<Socket>((resolve, reject) => undiciConnect({ keepAliveInitialDelay: 1000 })({ hostname: '127.0.0.1', protocol: 'http:', port: String(port) }, (...[error, made]) => (made === null ? reject(error) : resolve(made))));
      expect([socket.remotePort, socket.writableHighWaterMark, socket.connecting]).toEqual([port, 65_536, false]);
      socket.destroy();
    });

    it('a callback is called once, though the socket fails later', async () => {
      const { port } = await serve();
      let calls = 0;
      const socket = await new Promise<Socket>((resolve) => undiciConnect()({ hostname: '127.0.0.1', protocol: 'http:', port: String(port) }, (...[, made]) => {
        calls++;
        if (made !== null) resolve(made);
      }));
      socket.destroy(new Error('later'));
      await until('it to be closed', () => socket.closed);
      expect(calls).toBe(1);
    });

    describe.skipIf(withoutTls !== undefined)(`over TLS${because(withoutTls)}`, () => {
      async function serveTls(): Promise<number> {
        return listen(createHttpsServer({ ...makeCertificate(), maxVersion: 'TLSv1.2' }, (request, response) => {
          const socket = request.socket as TLSSocket & { readonly servername: string | false | null };
          response.end(`${String(socket.servername)} ${socket.isSessionReused() ? 'resumed' : 'new'}`);
        }));
      }
      const tls = { ca: opensslObstacle() === undefined ? makeCertificate().cert : '' };

      it('the name of the server is that of the URL, or of the option, or of the Host header', async () => {
        const port = await serveTls();
        expect(await ask(pooled({ tls }), `https://localhost:${port}`)).toBe('localhost new');
        expect(await ask(pooled({ tls: { ...tls, servername: 'other.test' } }), `https://127.0.0.1:${port}`)).toBe('other.test new');
        const { body } = await undici.request(`https://127.0.0.1:${port}`, { dispatcher: pooled({ tls }).dispatcher as never, headers: { host: 'other.test' } });
        expect(await body.text()).toBe('other.test new');
      });

      it('connections of a pool resume the session of the first', async () => {
        const port = await serveTls();
        const one = pooled({ tls, agent: { pipelining: 0 } });
        const texts = [];
        for (let round = 0; round < 3; round++) texts.push((await ask(one, `https://localhost:${port}`)).split(' ')[1]);
        expect(texts).toEqual(['new', 'resumed', 'resumed']);
      });

      it('a certificate that is not trusted, or of another name, is the error of the request', async () => {
        const port = await serveTls();
        expect(await failure(ask(pooled(), `https://localhost:${port}`))).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
        expect(await failure(ask(pooled({ tls: { ...tls, servername: 'another.test' } }), `https://127.0.0.1:${port}`))).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      });

      it('HTTP/2 is spoken where both can', async () => {
        const versions: string[] = [];
        const server = createSecureServer({ ...makeCertificate(), allowHTTP1: true }, (request, response) => {
          versions.push(request.httpVersion);
          response.end('done');
        });
        const port = await listen(server);
        for (const allowH2 of [false, true]) expect(await ask(pooled({ tls, allowH2 }), `https://localhost:${port}`)).toBe('done');
        expect(versions).toEqual(['1.1', '2.0']);
      });
    });
  });
});
