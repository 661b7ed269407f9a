import { isIP, type Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions } from 'node:tls';
import type { Connector, FurtherOptions } from '../connector-options.ts';
import { ConnectTimeoutError, destinationText } from '../errors.ts';
import { timerMs } from './timer-ms.ts';

export interface OpenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: ConnectionOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly connectOptions: FurtherOptions;
}

const ignore = (): void => undefined;

/** Makes one connection. Rejects with Node's error, or ConnectTimeoutError, when nothing of it is left. @param signal ends it */
export async function openConnection(connector: Connector, { host, port, tls, connectTimeoutMs, keepAliveMs, connectOptions }: OpenOptions, signal: AbortSignal): Promise<Socket> {
  return new Promise<Socket>((resolve, reject) => {
    const tcp = connector.connect({ noDelay: true, keepAlive: keepAliveMs > 0, keepAliveInitialDelay: keepAliveMs, ...connectOptions, host, port });
    let secure: Socket | undefined;
    const timer = connectTimeoutMs > 0 ? setTimeout(() => fail(new ConnectTimeoutError(`${destinationText({ sources: [], destination: host, destinationPort: port })} took longer than ${connectTimeoutMs.toLocaleString('en')} ms to connect`)), timerMs(connectTimeoutMs)) : undefined;
    const aborted = (): void => fail(signal.reason as Error);
    const closed = (): void => fail(new Error('the connection was closed before it was made'));
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      tcp.off('connect', connected).off('error', fail).off('close', closed);
      secure?.off('secureConnect', made).off('error', fail).off('close', closed);
    };
    function fail(error: Error): void {
      done();
      // What it still says is of no interest, and must not end the process.
      secure?.on('error', ignore).destroy();
      tcp.on('error', ignore).destroy();
      if (tcp.closed) reject(error);
      else tcp.once('close', () => reject(error));
    }
    function made(): void {
      done();
      resolve(secure ?? tcp);
    }
    /** TLS begins when it is connected: before, its host may have further addresses, and each attempt a handle of its own. */
    function connected(): void {
      if (tls === undefined) return made();
      tcp.off('close', closed).on('error', ignore);
      try {
        secure = tlsConnect({ ...(isIP(host) === 0 ? { servername: host } : {}), ...tls, host, socket: tcp });
      } catch (error) {
        return fail(error as Error);
      }
      secure.on('secureConnect', made).on('error', fail).on('close', closed);
    }
    tcp.on('connect', connected).on('error', fail).on('close', closed);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
  });
}
