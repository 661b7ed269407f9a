import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createSecureServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { until } from '../../support/wait.ts';

/** Ports that a source has for each destination here. */
export const PORTS = 100;
export const PORT_RANGE = `40000 ${40_000 + PORTS - 1}`;
export const destinations = [20_001, 20_002] as const;

/** Specifications of sources, and as many connections as they allow to both destinations. */
export const sourceCounts = [
  ['one source', '127.0.0.5', 2 * PORTS],
  ['four sources', '127.0.0.5-127.0.0.8', 8 * PORTS],
] as const;

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** A fresh one for 127.0.0.1; undefined where openssl is not installed. */
export function makeCertificate(): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'fourtuple-certificate-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const { status } = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert]);
    return status === 0 ? { key: readFileSync(key), cert: readFileSync(cert) } : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export type Protocol = 'tcp' | 'tls' | 'http' | 'https' | 'http2';

/** Answers begin, and never end: each takes a connection. */
const unending = (_: IncomingMessage, response: { writeHead(status: number): unknown; write(text: string): unknown }): void => {
  response.writeHead(200);
  response.write('x');
};

function make(protocol: Protocol, certificate: Certificate | undefined): Server {
  const secure = { ...certificate };
  switch (protocol) {
    case 'tcp':
      return createServer();
    case 'tls':
      return createTlsServer(secure);
    case 'http':
      return createHttpServer(unending);
    case 'https':
      return createHttpsServer(secure, unending);
    case 'http2':
      return createHttp2Server(secure, (request, response) => unending(request as never, response));
  }
}

/** What came of opening many connections. */
export interface Opened {
  readonly opened: number;
  readonly failures: readonly string[];
  /** Connections by `source port`, as the servers see them. */
  readonly spread: Readonly<Record<string, number>>;
}

/** What is to come of as many connections as the ports allow: all are made, and each source has all its ports with each destination. */
export function full(count: number): Opened {
  const sources = Array.from({ length: count / (2 * PORTS) }, (_, index) => `127.0.0.${5 + index}`);
  return { opened: count, failures: [], spread: Object.fromEntries(destinations.flatMap((port) => sources.map((source) => [`${source} ${port}`, PORTS]))) };
}

/** Servers of one protocol on both destinations, which keep what they accept. */
export class Servers {
  readonly #servers: readonly Server[];
  readonly #held: Socket[] = [];
  /** What clients opened: a response that nobody holds is collected, and its connection closed. */
  readonly #opened: unknown[] = [];

  constructor(protocol: Protocol, certificate?: Certificate) {
    this.#servers = destinations.map((port) => make(protocol, certificate).listen(port, '127.0.0.1', 2048));
    for (const server of this.#servers) server.on('connection', (socket: Socket) => void this.#held.push(socket.on('error', () => undefined)));
  }

  async listening(): Promise<void> {
    await Promise.all(this.#servers.map(async (server) => server.listening || once(server, 'listening')));
  }

  /** Opens so many at once. */
  async fill(count: number, open: (port: number) => Promise<unknown>): Promise<Opened> {
    const failures = new Set<string>();
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        try {
          this.#opened.push(await open(destinations[index % destinations.length]!));
        } catch (error) {
          const { cause } = error as Error;
          failures.add(`${String(error)} ${cause instanceof Error ? cause.message : ''}`.trim());
        }
      }),
    );
    // Those that are made may still be in the backlog.
    await until('the servers to accept them', () => this.#held.length >= this.#opened.length);
    const opened = this.#opened.length;
    const counts = new Map<string, number>();
    for (const { remoteAddress, localPort } of this.#held) {
      const tuple = `${remoteAddress} ${localPort}`;
      counts.set(tuple, (counts.get(tuple) ?? 0) + 1);
    }
    return { opened, failures: [...failures], spread: Object.fromEntries(counts) };
  }

  async close(): Promise<void> {
    // By a reset: no TIME_WAIT is left to the next.
    for (const socket of this.#held.splice(0)) socket.resetAndDestroy();
    await Promise.all(this.#servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
    this.#opened.length = 0;
  }
}
