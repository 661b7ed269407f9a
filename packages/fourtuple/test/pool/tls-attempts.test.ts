import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as http2Connect, createSecureServer } from 'node:http2';
import { get } from 'node:https';
import type { AddressInfo, LookupFunction, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpsAgent, http2Connection } from '../../src/pool/http/index.ts';
import { undiciConnect } from '../../src/pool/http/undici.ts';
import { createConnector, createTcpPool } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';
import { until } from '../support/wait.ts';
import { makeCertificate, opensslObstacle } from './certificate.ts';

const obstacle = liveTestObstacle() ?? opensslObstacle();

/** A name of two addresses, at the first of which nobody listens. */
const lookup: LookupFunction = (_, __, callback) => callback(null, [{ address: '127.0.0.99', family: 4 }, { address: '127.0.0.1', family: 4 }]);
const attempts = { lookup, autoSelectFamily: true };

describe.skipIf(obstacle !== undefined)(`TLS to a name whose first address does not answer${because(obstacle)}`, () => {
  let server: Server;
  let port = 0;
  let ca: Buffer;

  beforeEach(async () => {
    enterFreshNamespace();
    const certificate = makeCertificate();
    ca = certificate.cert;
    server = createSecureServer({ ...certificate, allowHTTP1: true }, (_, response) => void response.end('answer'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });

  afterEach(() => void server.close());

  it('https.Agent: the second one is tried, and its time is counted', async () => {
    const agent = new HttpsAgent({ sources: '127.0.0.5', ca });
    const request = get({ host: 'localhost', port, agent, ...attempts });
    const [response] = (await once(request, 'response')) as [{ socket: { localAddress: string }; resume(): void }];
    expect(response.socket.localAddress).toBe('127.0.0.5');
    response.resume();
    agent.destroy();
    await until('its connection to be closed', () => agent.connector.stats().sources.every(({ open }) => open === 0));
  });

  it('undici', async () => {
    const connect = undiciConnect({ sources: '127.0.0.5', tls: { ca }, connectOptions: attempts });
    const socket = await new Promise<{ localAddress?: string | undefined; destroy(): unknown }>((resolve, reject) => connect({ hostname: 'localhost', protocol: 'https:', port: String(port) }, (...[error, made]) => (error === null ? resolve(made) : reject(error))));
    expect(socket.localAddress).toBe('127.0.0.5');
    socket.destroy();
  });

  it('http2', async () => {
    const connector = createConnector({ sources: '127.0.0.5' });
    const session = http2Connect(`https://localhost:${port}`, { createConnection: http2Connection(connector, { ca, ...attempts }) });
    const request = session.request({ ':path': '/' });
    await once(request, 'response');
    expect(session.socket.localAddress).toBe('127.0.0.5');
    session.destroy();
  });

  it('the TCP pool', async () => {
    const pool = createTcpPool({ host: 'localhost', port, sources: '127.0.0.5', tls: { ca }, connectOptions: attempts });
    expect(await pool.use((socket) => socket.localAddress)).toBe('127.0.0.5');
    await pool.close();
  });

  it('a TIME_WAIT that the end of TLS leaves is counted, and none where the server ends first', async () => {
    const inKernel = (): number => readFileSync('/proc/thread-self/net/tcp', 'latin1').split('\n').filter((line) => / 0500007F:\w{4} \w{8}:\w{4} 06 /.test(line)).length;
    const secure = createTlsServer({ ...makeCertificate(), allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined).on('end', () => socket.end()).resume();
      if (isServerFirst) socket.end();
    }).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    let isServerFirst = false;
    const connector = createConnector({ sources: '127.0.0.5' });
    const connect = undiciConnect({ connector, tls: { ca } });
    for (const [first, expected] of [[false, 1], [true, 1]] as const) {
      isServerFirst = first;
      const socket = await new Promise<Socket>((resolve, reject) => connect({ hostname: '127.0.0.1', protocol: 'https:', port: String((secure.address() as AddressInfo).port) }, (...[error, made]) => (error === null ? resolve(made) : reject(error))));
      if (first) await once(socket.resume(), 'end');
      else socket.resume().end();
      if (!socket.closed) await once(socket, 'close');
      expect({ estimated: connector.stats().sources[0]!.timeWait, inKernel: inKernel() }).toEqual({ estimated: expected, inKernel: expected });
    }
    secure.close();
  });
});
