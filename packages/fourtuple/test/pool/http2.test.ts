import { once } from 'node:events';
import { connect, createSecureServer, createServer, type ClientHttp2Session, type Http2Server } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { http2Connection } from '../../src/pool/http/http2.ts';
import { createConnector, type Connector } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { ipv6TlsObstacle, makeCertificate, opensslObstacle } from './certificate.ts';

const obstacle = liveTestObstacle() ?? opensslObstacle();

describe.skipIf(obstacle !== undefined)(`http2.connect() over a connector${because(obstacle)}`, () => {
  let sessions: ClientHttp2Session[] = [];
  let servers: Http2Server[] = [];
  let sources: (string | undefined)[] = [];

  beforeEach(() => {
    enterFreshNamespace();
    [sessions, servers, sources] = [[], [], []];
  });

  afterEach(async () => {
    for (const session of sessions) session.destroy();
    await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
  });

  async function serve(isSecure: boolean, address: string): Promise<number> {
    const server = isSecure ? createSecureServer(makeCertificate()) : createServer();
    servers.push(server);
    server.on('stream', (stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.end(`for ${String(headers[':path'])}`);
    });
    server.on(isSecure ? 'secureConnection' : 'connection', (socket: Socket) => void sources.push(socket.remoteAddress));
    server.listen(0, address);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function ask(session: ClientHttp2Session, path = '/'): Promise<string> {
    sessions.push(session);
    let text = '';
    const failed = new Promise<never>((_, reject) => session.once('error', reject));
    failed.catch(() => undefined);
    const stream = session.request({ ':path': path }).setEncoding('utf8');
    stream.on('data', (chunk: string) => (text += chunk)).on('error', () => undefined);
    await Promise.race([once(stream, 'end'), failed]);
    return text;
  }

  function connectorOf(spec: string): Connector {
    return createConnector({ sources: spec });
  }

  const onIpv6 = ipv6TlsObstacle();

  for (const [protocol, address, authority, source, lacking] of [
    ['http:', '127.0.0.1', '127.0.0.1', '127.0.0.5', undefined],
    ['https:', '127.0.0.1', '127.0.0.1', '127.0.0.5', undefined],
    ['http:', '::1', '[::1]', '::1', undefined],
    ['https:', '::1', '[::1]', '::1', onIpv6],
  ] as const) {
    it.skipIf(lacking !== undefined)(`${protocol}//${authority}${because(lacking)}`, async () => {
      const port = await serve(protocol === 'https:', address);
      const connector = connectorOf(source);
      const session = connect(`${protocol}//${authority}:${port}`, { createConnection: http2Connection(connector, { ca: makeCertificate().cert }) });
      expect(await Promise.all([ask(session), ask(session, '/other')])).toEqual(['for /', 'for /other']);
      expect([sources, connector.stats().sources[0]!.open]).toEqual([[source], 1]);
    });
  }

  it('takes the options for TLS that http2.connect() was given', async () => {
    const port = await serve(true, '127.0.0.1');
    const createConnection = http2Connection(connectorOf('127.0.0.5'));
    const session = connect(`https://127.0.0.1:${port}`, { ca: makeCertificate().cert, createConnection });
    expect(await ask(session)).toBe('for /');
    await expect(ask(connect(`https://127.0.0.1:${port}`, { createConnection }))).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  it('sends the name of the server, and checks it', async () => {
    const port = await serve(true, '127.0.0.1');
    const names: (string | false | null)[] = [];
    servers[0]!.on('secureConnection', (socket: { readonly servername: string | false | null }) => void names.push(socket.servername));
    const session = connect(`https://localhost:${port}`, { createConnection: http2Connection(createConnector(), { ca: makeCertificate().cert }) });
    expect(await ask(session)).toBe('for /');
    const other = http2Connection({ connect: (options) => createConnector().connect({ ...options, host: '127.0.0.1' }) }, { ca: makeCertificate().cert });
    expect(await ask(connect(`https://other.test:${port}`, { createConnection: other }))).toBe('for /');
    expect(names).toEqual(['localhost', 'other.test']);
    await expect(ask(connect(`https://another.test:${port}`, { createConnection: other }))).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('takes an object for a URL, as http2.connect() does', async () => {
    const port = await serve(false, '127.0.0.1');
    const createConnection = http2Connection(connectorOf('127.0.0.5'));
    // Of which the types know nothing: a host, a port that is a number, and a protocol among the options.
    const session = connect({ host: '127.0.0.1', port, protocol: 'http:' } as unknown as URL, { createConnection });
    expect(await ask(session)).toBe('for /');
    expect(sources).toEqual(['127.0.0.5']);
  });

  it('says that there is no port by the error of the connector', async () => {
    const port = await serve(false, '127.0.0.1');
    setSysctl('ipv4/ip_local_port_range', '40000 40000');
    const createConnection = http2Connection(connectorOf('127.0.0.5'));
    await ask(connect(`http://127.0.0.1:${port}`, { createConnection }));
    await expect(ask(connect(`http://127.0.0.1:${port}`, { createConnection }))).rejects.toMatchObject({ name: 'PortsExhaustedError', code: 'EADDRNOTAVAIL' });
  });
});
