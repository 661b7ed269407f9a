import { isIP, type Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions } from 'node:tls';
import type { Connector } from '../connector-options.ts';
import { ConnectTimeoutError, destinationText } from '../errors.ts';

export interface OpenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: ConnectionOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
}

/** Makes one connection. Rejects with Node's error, or ConnectTimeoutError; nothing of a failed one stays. @param signal ends it */
export async function openConnection(connector: Connector, { host, port, tls, connectTimeoutMs, keepAliveMs }: OpenOptions, signal: AbortSignal): Promise<Socket> {
  const tcp = connector.connect({ host, port, noDelay: true, keepAlive: keepAliveMs > 0, keepAliveInitialDelay: keepAliveMs });
  const socket = tls === undefined ? tcp : tlsConnect({ ...(isIP(host) === 0 ? { servername: host } : {}), ...tls, host, socket: tcp });
  return new Promise<Socket>((resolve, reject) => {
    const timer = connectTimeoutMs > 0 ? setTimeout(() => fail(new ConnectTimeoutError(`${destinationText({ sources: [], destination: host, destinationPort: port })} took longer than ${connectTimeoutMs.toLocaleString('en')} ms to connect`)), connectTimeoutMs) : undefined;
    const aborted = (): void => fail(signal.reason as Error);
    const closed = (): void => fail(new Error('the connection was closed before it was made'));
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      socket.off('error', fail).off('close', closed).off(event, made);
    };
    function fail(error: Error): void {
      done();
      // What it still says is of no interest, and must not end the process.
      socket.on('error', () => undefined);
      tcp.on('error', () => undefined);
      socket.destroy();
      tcp.destroy();
      reject(error);
    }
    function made(): void {
      done();
      resolve(socket);
    }
    const event = tls === undefined ? 'connect' : 'secureConnect';
    socket.on(event, made).on('error', fail).on('close', closed);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
  });
}
