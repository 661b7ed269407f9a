// A program that knows nothing of the pool, for `node --import fourtuple/register`: takes a PlainTask as JSON, and writes what came of it.
import { once } from 'node:events';
import { get as httpGet, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { get as httpsGet } from 'node:https';
import { connect } from 'node:net';
import { connect as tlsConnect, createSecureContext } from 'node:tls';
import { Servers, type Opened, type Protocol } from './servers.ts';
import { installedUndicis } from './undici.ts';

export interface PlainTask {
  /** Their names, without the version of undici. */
  readonly clients: readonly string[];
  readonly count: number;
  readonly localAddress?: string;
  /** As PEM; only for clients of TLS. */
  readonly key?: string;
  readonly cert?: string;
}

/** By the names of the clients. */
export type PlainResults = Record<string, Opened>;

const { clients, count, localAddress, key, cert } = JSON.parse(process.argv[2]!) as PlainTask;
const host = '127.0.0.1';
const local = localAddress === undefined ? {} : { localAddress };
// One context for all: to make one takes longer than a handshake.
const secure = cert === undefined ? {} : { secureContext: createSecureContext({ ca: cert }) };
const trusted = { ...local, ...secure };
const release: (() => unknown)[] = [];

async function beginning(request: ClientRequest): Promise<IncomingMessage> {
  release.push(() => request.destroy());
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
}

type Client = readonly [Protocol, (port: number) => Promise<unknown>];

async function http2(url: string, options: object): Promise<void> {
  const session = http2Connect(url, options);
  release.push(() => session.destroy());
  await new Promise((resolve, reject) => session.on('error', reject).request({ ':path': '/' }).once('response', resolve).on('error', reject));
}

const all: Record<string, Client> = {
  net: ['tcp', async (port) => {
    const socket = connect({ host, port, ...local }).on('error', () => undefined);
    release.push(() => socket.destroy());
    await once(socket, 'connect');
  }],
  tls: ['tls', async (port) => {
    const socket = tlsConnect({ host, port, ...trusted }).on('error', () => undefined);
    release.push(() => socket.destroy());
    await once(socket, 'secureConnect');
  }],
  http: ['http', async (port) => beginning(httpGet({ host, port, ...local }))],
  https: ['https', async (port) => beginning(httpsGet({ host, port, ...trusted }))],
  http2: ['http2', async (port) => http2(`https://${host}:${port}`, trusted)],
  fetch: ['http', async (port) => fetch(`http://${host}:${port}/`)],
};

for (const { name, load } of installedUndicis(process.argv[1]!)) {
  for (const protocol of ['http', 'https'] as const) {
    let agent: object | undefined;
    all[`${name} ${protocol}`] = [protocol, async (port) => {
      const undici = load();
      agent ??= new undici.Agent({ ...local, connect: { ...secure, timeout: 0 } });
      const { body } = await undici.request(`${protocol}://${host}:${port}/`, { dispatcher: agent });
      body.on('error', () => undefined);
    }];
  }
}

const results: PlainResults = {};
for (const [name, [protocol, open]] of Object.entries(all)) {
  if (!clients.includes(name.replace(/ [.\d]+ /, ' '))) continue;
  const servers = new Servers(protocol, key === undefined || cert === undefined ? undefined : { key: Buffer.from(key), cert: Buffer.from(cert) });
  await servers.listening();
  results[name] = await servers.fill(count, open);
  await servers.close();
  for (const end of release.splice(0)) end();
}
process.stdout.write(`${JSON.stringify(results)}\n`, () => process.exit());
