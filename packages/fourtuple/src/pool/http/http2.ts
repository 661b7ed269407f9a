import { isIP, type Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Connector } from '../connector-options.ts';

/**
 * A function for the option `createConnection` of http2.connect(), whose connections a connector opens:
 * `http2.connect(url, { createConnection: http2Connection(connector) })`.
 * @param tls options of tls.connect(), for https
 */
export function http2Connection(connector: Pick<Connector, 'connect'>, tls: ConnectionOptions = {}): (authority: URL) => Socket | TLSSocket {
  return ({ protocol, hostname, port }) => {
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    const isSecure = protocol === 'https:';
    const socket = connector.connect({ host, port: Number(port === '' ? (isSecure ? 443 : 80) : port), noDelay: true });
    if (!isSecure) return socket;
    return tlsConnect({ ALPNProtocols: ['h2'], ...(isIP(host) === 0 ? { servername: host } : {}), ...tls, host, socket });
  };
}
