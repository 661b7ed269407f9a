import { channel } from 'node:diagnostics_channel';
import { Socket, type SocketConstructorOpts, type TcpNetConnectOpts } from 'node:net';
import type { ConnectOptions, Connector, ConnectorMode, ConnectorOptions, ConnectorStats } from './connector-options.ts';
import { LateConnector } from './late-connector.ts';
import { makeSocket } from './tcp-handle.ts';

/** @throws SourceError for sources, a policy, a budget or a range that cannot be used */
export function createConnector(options: ConnectorOptions = {}): Connector {
  const late = new LateConnector(options);
  const connector = new SocketConnector(late);
  lateConnectors.set(connector, late);
  return connector;
}

const lateConnectors = new WeakMap<object, LateConnector>();

/** What binds the sockets of a connector; undefined for one that is none of ours. */
export function lateConnectorOf(connector: Pick<Connector, 'connect'>): LateConnector | undefined {
  return lateConnectors.get(connector);
}

let shared: Connector | undefined;

/** As net.connect(), but that `localAddress` takes no port from other destinations and programs. */
export function connect(options: ConnectOptions, listener?: () => void): Socket {
  shared ??= createConnector();
  return shared.connect(options, listener);
}

/** Makes sockets as net.connect() does, whose handles a {@link LateConnector} binds. */
class SocketConnector implements Connector {
  readonly connect: Connector['connect'];
  readonly #late: LateConnector;

  constructor(late: LateConnector) {
    this.#late = late;
    this.connect = (options, listener) => this.#connect(options, listener);
  }

  get mode(): ConnectorMode {
    return this.#late.mode;
  }

  get modeReason(): string | undefined {
    return this.#late.modeReason;
  }

  stats(): ConnectorStats {
    return this.#late.stats();
  }

  #connect(options: ConnectOptions, listener: (() => void) | undefined): Socket {
    const given = options as ConnectOptions & SocketConstructorOpts & { readonly timeout?: number };
    const isPlain = this.mode === 'plain';
    const socket = isPlain ? new Socket(given) : makeSocket(given, (made) => this.#late.hooks(made, options.sourceKey));
    if (given.timeout) socket.setTimeout(given.timeout);
    if (!clientSockets.hasSubscribers) return isPlain ? this.#late.connectPlain(socket, options as TcpNetConnectOpts, listener) : socket.connect(options, listener);
    return announced(socket, () => (isPlain ? this.#late.connectPlain(socket, options as TcpNetConnectOpts, listener) : socket.connect(options, listener)));
  }
}

const clientSockets = channel('net.client.socket');

/** Tells diagnostics_channel of the socket as net.connect() does, which on older Nodes does it itself, on newer ones by Socket.connect(). */
function announced(socket: Socket, connect: () => Socket): Socket {
  let isTold = false;
  const listen = (message: unknown): void => {
    isTold ||= (message as { readonly socket?: Socket }).socket === socket;
  };
  clientSockets.subscribe(listen);
  try {
    connect();
  } finally {
    clientSockets.unsubscribe(listen);
    if (!isTold) clientSockets.publish({ socket });
  }
  return socket;
}
