import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Connector } from '../connector-options.ts';
import { tlsConnect } from '../tls-connect.ts';

/** What http2.connect() was given: a URL, or an object with what is needed of one. */
type Authority = Partial<Pick<URL, 'hostname' | 'protocol' | 'host'>> & { readonly port?: string | number };

/**
 * A function for the option `createConnection` of http2.connect(), whose connections a connector opens:
 * `http2.connect(url, { createConnection: http2Connection(connector) })`.
 * @param tls options of tls.connect(), for https; they go before those that http2.connect() was given
 */
export function http2Connection(connector: Pick<Connector, 'connect'>, tls: ConnectionOptions = {}): (authority: URL, options?: object) => Socket | TLSSocket {
  return (authority: Authority, given: ConnectionOptions & { readonly protocol?: string } = {}) => {
    const name = authority.hostname || authority.host || 'localhost';
    const host = name.startsWith('[') ? name.slice(1, -1) : name;
    const isSecure = (authority.protocol ?? given.protocol ?? 'https:') === 'https:';
    const port = String(authority.port ?? '');
    const target = { host, port: Number(port === '' ? (isSecure ? 443 : 80) : port), noDelay: true };
    if (!isSecure) return connector.connect(target);
    return tlsConnect(connector, { ALPNProtocols: ['h2'], ...(isIP(host) === 0 ? { servername: host } : {}), ...given, ...tls, ...target });
  };
}
