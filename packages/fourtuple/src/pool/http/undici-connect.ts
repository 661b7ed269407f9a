import { isIP, type Socket } from 'node:net';
import { connect as tlsOver, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Connector, ConnectorOptions, FurtherOptions } from '../connector-options.ts';
import { splitConnector } from '../connector-part.ts';
import { ConnectTimeoutError, destinationText } from '../errors.ts';
import { tlsConnect } from '../tls-connect.ts';

/** What undici asks for: its buildConnector.Options, of versions 6 to 8. */
export interface UndiciTarget {
  readonly hostname: string;
  readonly host?: string | undefined;
  readonly protocol: string;
  readonly port: string;
  readonly servername?: string | null | undefined;
  readonly localAddress?: string | null | undefined;
  readonly httpSocket?: Socket | undefined;
}

export type UndiciCallback = (...result: [null, Socket | TLSSocket] | [Error, null]) => void;

/** What the option `connect` of undici's Agent, Pool and Client takes. */
export type UndiciConnect = (target: UndiciTarget, callback: UndiciCallback) => void;

export interface UndiciConnectOptions extends ConnectorOptions {
  readonly connector?: Connector;
  /** Milliseconds for TCP and TLS together, 0 for any: 10,000 by default, as of undici. */
  readonly timeout?: number;
  /** Of tls.connect(): `ca`, `rejectUnauthorized` and the like. */
  readonly tls?: ConnectionOptions;
  /** Offers HTTP/2 too. Give undici's Agent the same option. */
  readonly allowH2?: boolean;
  /** Further options of net.connect(): `lookup`, `family`, `autoSelectFamily` and the like. */
  readonly connectOptions?: FurtherOptions;
  /** Milliseconds without traffic before TCP asks whether the other end is there: 60,000 by default, as of undici. */
  readonly keepAliveInitialDelay?: number;
}

/** Sessions that are kept to be resumed, as many as of undici. */
const MAX_SESSIONS = 100;

/**
 * A function for undici's option `connect`, whose connections a connector opens: `new Agent({ connect: undiciConnect({ sources }) })`.
 * undici itself is not needed for it.
 * @throws SourceError for sources that cannot be used
 */
export function undiciConnect({ connector: given, timeout = 10_000, tls = {}, allowH2 = false, keepAliveInitialDelay = 60_000, connectOptions = {}, ...rest }: UndiciConnectOptions = {}): UndiciConnect {
  const { connector } = splitConnector({ ...rest, ...(given === undefined ? {} : { connector: given }) });
  const sessions = new Map<string, Buffer>();
  return ({ hostname, host, protocol, port, servername, localAddress, httpSocket }, callback) => {
    const isSecure = protocol === 'https:';
    const options = { ...connectOptions, host: hostname, port: Number(port === '' ? (isSecure ? 443 : 80) : port), highWaterMark: 65_536, noDelay: true, keepAlive: true, keepAliveInitialDelay };
    const from = localAddress === null || localAddress === undefined ? {} : { localAddress };
    const name = servername ?? tls.servername ?? nameOf(host ?? hostname);
    const secureOptions = { ...tls, ...(name === '' ? {} : { servername: name }), ALPNProtocols: allowH2 ? ['http/1.1', 'h2'] : ['http/1.1'] };
    const socket = isSecure
      ? secure({ ...secureOptions, ...(httpSocket === undefined ? { ...options, ...from } : { host: hostname, socket: httpSocket }) }, sessions, connector)
      : (httpSocket ?? connector.connect({ ...options, ...from }));
    let isDone = false;
    const done = (error: Error | null): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      if (error === null) callback(null, socket);
      else callback(error, null);
    };
    const timer = timeout > 0 ? setTimeout(() => socket.destroy(new ConnectTimeoutError(`${destinationText({ sources: [], destination: hostname, destinationPort: options.port })} took longer than ${timeout} ms to connect`)), timeout) : undefined;
    socket.once(isSecure ? 'secureConnect' : 'connect', () => done(null)).on('error', done);
    // undici destroys a socket that it no longer wants without an error.
    socket.once('close', () => done(new Error(`the connection to ${destinationText({ sources: [], destination: hostname, destinationPort: options.port })} was closed before it was made`)));
  };
}

/** @param options with a socket, or with what to connect to */
function secure(options: ConnectionOptions, sessions: Map<string, Buffer>, connector: Connector): TLSSocket {
  const key = options.servername ?? options.host ?? '';
  const session = options.session ?? sessions.get(key);
  const all = { ...options, highWaterMark: 16_384, ...(session === undefined ? {} : { session }) } as ConnectionOptions;
  const socket = options.socket === undefined ? tlsConnect(connector, all) : tlsOver(all);
  socket.on('session', (made) => {
    sessions.delete(key);
    if (sessions.size >= MAX_SESSIONS) for (const oldest of [...sessions.keys()].slice(0, 1)) sessions.delete(oldest);
    sessions.set(key, made);
  });
  return socket;
}

/** The server's name as TLS sends it: none for an address. */
function nameOf(host: string): string {
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.split(':').length > 2 ? host : host.replace(/:\d+$/, '');
  return isIP(name) === 0 ? name : '';
}
