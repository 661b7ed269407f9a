import { Socket, type TcpNetConnectOpts } from 'node:net';
import { connect, TLSSocket, type ConnectionOptions } from 'node:tls';
import type { Connector } from './connector-options.ts';
import { lateConnectorOf } from './connector.ts';
import { hookHandles } from './tcp-handle.ts';

/** The one thing that is asked of a connector that is none of ours. */
type Connects = Pick<Connector, 'connect'>;

/**
 * As tls.connect() without an option `socket`, whose connection a connector opens. The handles of the TLS socket itself
 * are hooked: TLS over a socket that is not connected yet ends the process (Node 20 to 26) when the first of several
 * addresses does not answer, as each attempt has a handle of its own.
 */
export function tlsConnect(connector: Connects, options: ConnectionOptions): TLSSocket {
  return withHooks(connector, () => connect(options)) ?? connect({ ...options, socket: connector.connect({ ...options, autoSelectFamily: false } as TcpNetConnectOpts) });
}

/**
 * Calls what makes a TLS socket and connects it, at once.
 * @returns undefined, and nothing is called, for a connector that is none of ours or has no hooks
 */
export function withHooks<Result>(connector: Connects, make: () => Result): Result | undefined {
  const late = lateConnectorOf(connector);
  if (late === undefined || late.mode === 'plain') return undefined;
  // tls.connect() makes the socket and connects it in one go: only in between, and only by this name, is it seen.
  const prototype = TLSSocket.prototype as { connect?: unknown };
  prototype.connect = function connectHooked(this: Socket, ...args: Parameters<Socket['connect']>): Socket {
    hookHandles(this, late.hooks(this, undefined));
    return Socket.prototype.connect.apply(this, args);
  };
  try {
    return make();
  } finally {
    Reflect.deleteProperty(prototype, 'connect');
  }
}
