import { once } from 'node:events';
import { createServer, get, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpAgent, HttpsAgent } from '../../src/pool/http/agents.ts';
import { createConnector } from '../../src/pool/index.ts';
import { undiciConnect } from '../../src/pool/http/undici-connect.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';
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
