import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, get as httpGet, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect as http2Connect, createSecureServer as createHttp2Server, type ClientHttp2Session } from 'node:http2';
import { createServer as createHttpsServer, get as httpsGet } from 'node:https';
import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect, createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HttpAgent, HttpsAgent } from '../../src/pool/http/agents.ts';
import { createConnector } from '../../src/pool/index.ts';
import { undiciConnect } from '../../src/pool/http/undici-connect.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';

const PORTS = 100;
const destinations = [20_001, 20_002];
const sourceCounts = [
  ['one source', '127.0.0.5', 2 * PORTS],
  ['four sources', '127.0.0.5-127.0.0.8', 8 * PORTS],
] as const;

const obstacle = liveTestObstacle();
const openssl = spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed';

let folder = '';
let certificate = { key: Buffer.alloc(0), cert: Buffer.alloc(0) };
let servers: Server[] = [];
/** Connections that the servers hold, and the sources that they came from. */
const held: Socket[] = [];
const release: (() => void)[] = [];

beforeAll(() => {
  if (obstacle !== undefined || openssl !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-clients-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert]);
  if (made.status !== 0) throw new Error(made.stderr.toString());
  certificate = { key: readFileSync(key), cert: readFileSync(cert) };
});

afterAll(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  if (obstacle !== undefined) return;
  enterFreshNamespace();
  setSysctl('ipv4/ip_local_port_range', `40000 ${40_000 + PORTS - 1}`);
});

afterEach(async () => {
  for (const end of release.splice(0)) end();
  for (const socket of held.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map(async (server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(make: () => Server): Promise<void> {
  servers = destinations.map((port) => make().listen(port, '127.0.0.1', 2048));
  for (const server of servers) {
    server.on('connection', (socket: Socket) => {
      held.push(socket);
      socket.on('error', () => undefined);
    });
  }
  await Promise.all(servers.map(async (server) => once(server, 'listening')));
}

/** Opens so many at once, and says how many came through, from how many addresses, and with which errors. */
async function open(count: number, one: (port: number) => Promise<unknown>): Promise<{ opened: number; failures: string[] }> {
  const failures = new Set<string>();
  const all = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      try {
        await one(destinations[index % destinations.length]!);
        return 1;
      } catch (error) {
        const { cause } = error as Error;
        failures.add(`${String(error)} ${cause instanceof Error ? cause.message : ''}`);
        return 0;
      }
    }),
  );
  return { opened: all.reduce<number>((sum, got) => sum + got, 0), failures: [...failures] };
}

/** Answers begin, and never end: each takes a connection. */
const unending = (_: IncomingMessage, response: { writeHead(status: number): unknown; write(text: string): unknown }): void => {
  response.writeHead(200);
  response.write('x');
};

async function beginning(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
}

function sourcesOf(sockets: readonly Socket[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { remoteAddress = '' } of sockets) counts[remoteAddress] = (counts[remoteAddress] ?? 0) + 1;
  return counts;
}

function expectEven(spec: string, count: number): void {
  const found = sourcesOf(held);
  expect(Object.values(found)).toEqual(Object.values(found).map(() => 2 * PORTS));
  expect(Object.keys(found)).toHaveLength(count / (2 * PORTS));
  expect(spec).toContain(Object.keys(found).sort()[0]);
}

describe.skipIf(obstacle !== undefined).each(sourceCounts)(`clients, with ${PORTS} ports and %s${because(obstacle)}`, (_, sources, count) => {
  it('http.Agent', async () => {
    await listen(() => createHttpServer(unending));
    const agent = new HttpAgent({ sources, maxSockets: 400 });
    release.push(() => agent.destroy());
    expect(await open(count, async (port) => beginning(httpGet({ host: '127.0.0.1', port, agent })))).toEqual({ opened: count, failures: [] });
    expectEven(sources, count);
  });

  it.skipIf(openssl !== undefined)(`https.Agent${because(openssl)}`, async () => {
    await listen(() => createHttpsServer(certificate, unending));
    const agent = new HttpsAgent({ sources, maxSockets: 400, ca: certificate.cert });
    release.push(() => agent.destroy());
    expect(await open(count, async (port) => beginning(httpsGet({ host: '127.0.0.1', port, agent })))).toEqual({ opened: count, failures: [] });
    expectEven(sources, count);
  });

  it.skipIf(openssl !== undefined)(`tls.connect()${because(openssl)}`, async () => {
    await listen(() => createTlsServer(certificate));
    const connector = createConnector({ sources });
    const opened = await open(count, async (port) => {
      const socket = tlsConnect({ socket: connector.connect({ host: '127.0.0.1', port }), ca: certificate.cert, host: '127.0.0.1' });
      release.push(() => socket.destroy());
      await once(socket, 'secureConnect');
    });
    expect(opened).toEqual({ opened: count, failures: [] });
    expectEven(sources, count);
  });

  it.skipIf(openssl !== undefined)(`http2${because(openssl)}`, async () => {
    await listen(() => createHttp2Server(certificate, (request, response) => unending(request as never, response)));
    const connector = createConnector({ sources });
    const opened = await open(count, async (port) => {
      const createConnection = (authority: URL): Socket => tlsConnect({ socket: connector.connect({ host: authority.hostname, port: Number(authority.port) }), ca: certificate.cert, host: authority.hostname, ALPNProtocols: ['h2'] });
      const session: ClientHttp2Session = http2Connect(`https://127.0.0.1:${port}`, { createConnection });
      release.push(() => session.destroy());
      await new Promise((resolve, reject) => session.once('error', reject).request({ ':path': '/' }).once('response', resolve).once('error', reject));
    });
    expect(opened).toEqual({ opened: count, failures: [] });
    expectEven(sources, count);
  });
});

/** The part of undici that is used here, of all its versions. */
interface Undici {
  Agent: new (options: object) => { destroy(): Promise<void> };
  request(url: string, options: object): Promise<{ statusCode: number; body: { on(event: string, listener: () => void): unknown } }>;
  setGlobalDispatcher(dispatcher: object): void;
  getGlobalDispatcher(): object;
}

/** Names under which versions may be installed beside each other, and how new a Node each takes. */
const undicis = (['undici', 'undici-6', 'undici-8'] as const).map((name) => {
  try {
    const require = createRequire(import.meta.url);
    const { version, engines } = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string; engines: { node: string } };
    const [major = 0, minor = 0] = engines.node.replace('>=', '').split('.').map(Number);
    const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number);
    const isTooOld = ownMajor < major || (ownMajor === major && ownMinor < minor);
    return { name: `undici ${version}`, version, load: () => require(name) as Undici, lacking: isTooOld ? `it takes Node ${engines.node}` : undefined };
  } catch {
    return { name, version: '', load: (): Undici => { throw new Error(name); }, lacking: `${name} is not installed` };
  }
});

for (const { name, version, load, lacking } of undicis) {
  const reason = obstacle ?? lacking;
  describe.skipIf(reason !== undefined).each(sourceCounts)(`${name}, with ${PORTS} ports and %s${because(reason)}`, (_, sources, count) => {
    async function requests(protocol: string, options: object): Promise<void> {
      const undici = load();
      const dispatcher = new undici.Agent({ connect: undiciConnect({ sources, ...options }), pipelining: 1 });
      const opened = await open(count, async (port) => {
        const { body } = await undici.request(`${protocol}//127.0.0.1:${port}/`, { dispatcher });
        body.on('error', () => undefined);
      });
      expect(opened).toEqual({ opened: count, failures: [] });
      expectEven(sources, count);
      await dispatcher.destroy();
    }

    it('http', async () => {
      await listen(() => createHttpServer(unending));
      await requests('http:', {});
      expect(held).toHaveLength(count);
    });

    it.skipIf(openssl !== undefined)(`https${because(openssl)}`, async () => {
      await listen(() => createHttpsServer(certificate, unending));
      await requests('https:', { tls: { ca: certificate.cert } });
      expect(held).toHaveLength(count);
    });

    const deaf = version.startsWith('6.') && Number(process.versions.node.split('.')[0]) >= 26 ? 'the fetch() of Node 26 does not look at the dispatcher of undici 6' : undefined;
    it.skipIf(deaf !== undefined)(`fetch(), by setGlobalDispatcher()${because(deaf)}`, async () => {
      await listen(() => createHttpServer(unending));
      const undici = load();
      const before = undici.getGlobalDispatcher();
      const dispatcher = new undici.Agent({ connect: undiciConnect({ sources }) });
      undici.setGlobalDispatcher(dispatcher);
      try {
        expect(await open(count, async (port) => fetch(`http://127.0.0.1:${port}/`))).toEqual({ opened: count, failures: [] });
        expectEven(sources, count);
      } finally {
        undici.setGlobalDispatcher(before);
        await dispatcher.destroy();
      }
    });
  });
}
