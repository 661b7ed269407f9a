import { once } from 'node:events';
import { get as httpGet, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { get as httpsGet } from 'node:https';
import type { Socket } from 'node:net';
import { connect as tlsConnect, createSecureContext } from 'node:tls';
import { HttpAgent, HttpsAgent } from '../../../src/pool/http/agents.ts';
import { http2Connection } from '../../../src/pool/http/http2.ts';
import { undiciConnect } from '../../../src/pool/http/undici-connect.ts';
import { createConnector } from '../../../src/pool/index.ts';
import { Servers, type Certificate, type Opened, type Protocol } from './servers.ts';
import type { InstalledUndici } from './undici.ts';

/** A way to open connections through a connector. */
export interface ConnectorClient {
  readonly name: string;
  readonly protocol: Protocol;
  /** Why this Node.js cannot; undefined if it can. */
  readonly lacking?: string | undefined;
  /** @returns what opens one connection to a port of 127.0.0.1, and what ends it all */
  readonly make: (sources: string, secure: object) => { readonly open: (port: number) => Promise<unknown>; readonly end: () => unknown };
}

const host = '127.0.0.1';

async function beginning(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
}

const own: readonly ConnectorClient[] = [
  {
    name: 'net',
    protocol: 'tcp',
    make: (sources) => {
      const connector = createConnector({ sources });
      const sockets: Socket[] = [];
      const open = async (port: number): Promise<void> => {
        const socket = connector.connect({ host, port }).on('error', () => undefined);
        sockets.push(socket);
        await once(socket, 'connect');
      };
      return { open, end: () => sockets.forEach((socket) => socket.destroy()) };
    },
  },
  {
    name: 'tls.connect()',
    protocol: 'tls',
    make: (sources, secure) => {
      const connector = createConnector({ sources });
      const sockets: Socket[] = [];
      const open = async (port: number): Promise<void> => {
        const socket = tlsConnect({ socket: connector.connect({ host, port }), host, ...secure }).on('error', () => undefined);
        sockets.push(socket);
        await once(socket, 'secureConnect');
      };
      return { open, end: () => sockets.forEach((socket) => socket.destroy()) };
    },
  },
  {
    name: 'http.Agent',
    protocol: 'http',
    make: (sources) => {
      const agent = new HttpAgent({ sources, maxSockets: 400 });
      return { open: async (port) => beginning(httpGet({ host, port, agent })), end: () => agent.destroy() };
    },
  },
  {
    name: 'https.Agent',
    protocol: 'https',
    make: (sources, secure) => {
      const agent = new HttpsAgent({ sources, maxSockets: 400, ...secure });
      return { open: async (port) => beginning(httpsGet({ host, port, agent })), end: () => agent.destroy() };
    },
  },
  {
    name: 'http2',
    protocol: 'http2',
    make: (sources, secure) => {
      const connector = createConnector({ sources });
      const ends: (() => void)[] = [];
      const createConnection = http2Connection(connector, secure);
      const open = async (port: number): Promise<void> => {
        const session = http2Connect(`https://${host}:${port}`, { createConnection });
        ends.push(() => session.destroy());
        await new Promise((resolve, reject) => session.on('error', reject).request({ ':path': '/' }).once('response', resolve).once('error', reject));
      };
      return { open, end: () => ends.forEach((end) => end()) };
    },
  },
];

function ofUndici({ name, load, deaf }: InstalledUndici): ConnectorClient[] {
  const request = (protocol: 'http' | 'https'): ConnectorClient => ({
    name: `${name}, ${protocol}`,
    protocol,
    make: (sources, secure) => {
      const undici = load();
      const dispatcher = new undici.Agent({ connect: undiciConnect({ sources, timeout: 0, ...(protocol === 'https' ? { tls: secure } : {}) }), pipelining: 1 });
      const open = async (port: number): Promise<void> => {
        const { body } = await undici.request(`${protocol}://${host}:${port}/`, { dispatcher });
        body.on('error', () => undefined);
      };
      return { open, end: async () => dispatcher.destroy() };
    },
  });
  const viaFetch: ConnectorClient = {
    name: `${name}, fetch() by setGlobalDispatcher()`,
    protocol: 'http',
    lacking: deaf,
    make: (sources) => {
      const undici = load();
      const before = undici.getGlobalDispatcher();
      const dispatcher = new undici.Agent({ connect: undiciConnect({ sources, timeout: 0 }) });
      undici.setGlobalDispatcher(dispatcher);
      const end = async (): Promise<void> => {
        undici.setGlobalDispatcher(before);
        await dispatcher.destroy();
      };
      return { open: async (port) => fetch(`http://${host}:${port}/`), end };
    },
  };
  return [request('http'), request('https'), viaFetch];
}

export function connectorClients(undicis: readonly InstalledUndici[]): ConnectorClient[] {
  return [...own, ...undicis.flatMap(ofUndici)];
}

export function isSecure(protocol: Protocol): boolean {
  return protocol !== 'tcp' && protocol !== 'http';
}

/** Opens so many at once, and ends them. */
export async function fillBy({ protocol, make }: ConnectorClient, sources: string, count: number, certificate: Certificate | undefined): Promise<Opened> {
  const servers = new Servers(protocol, certificate);
  await servers.listening();
  // One context for all: to make one takes longer than a handshake.
  const { open, end } = make(sources, certificate === undefined ? {} : { secureContext: createSecureContext({ ca: certificate.cert }) });
  try {
    return await servers.fill(count, open);
  } finally {
    await servers.close();
    await end();
  }
}
