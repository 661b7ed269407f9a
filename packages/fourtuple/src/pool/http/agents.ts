import { Agent as NodeHttpAgent, type AgentOptions as NodeHttpOptions, type ClientRequest, type ClientRequestArgs } from 'node:http';
import { Agent as NodeHttpsAgent, type AgentOptions as NodeHttpsOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ConnectOptions, Connector } from '../connector-options.ts';
import { splitConnector, type WithConnector } from '../connector-part.ts';
import { withHooks } from '../tls-connect.ts';
import { AgentLimits, splitLimits, type AgentLimitOptions, type AgentStats } from './agent-limits.ts';

/** Connections to one origin at a time, unless maxSockets says otherwise: Node's own default is no limit at all. */
const MAX_SOCKETS = 100;

export type HttpAgentOptions = NodeHttpOptions & WithConnector & AgentLimitOptions;
export type HttpsAgentOptions = NodeHttpsOptions & WithConnector & AgentLimitOptions;

type Created = (error: Error | null, stream: Duplex) => void;

/** Keeps connections alive, at most {@link MAX_SOCKETS} to an origin, and uses the last one used first, so that those that are not needed end. */
const defaults = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, scheduling: 'lifo' } as const satisfies NodeHttpOptions;

/** Methods of http.Agent that its types leave out. */
interface Internals {
  addRequest(request: ClientRequest, options: ClientRequestArgs): void;
  keepSocketAlive(socket: Duplex): boolean | undefined;
  reuseSocket(socket: Duplex, request: ClientRequest): void;
}

const own = NodeHttpAgent.prototype as unknown as Internals;

/** As http.Agent, whose connections a connector opens. Finite by default: 100 connections to an origin. */
export class HttpAgent extends NodeHttpAgent {
  readonly connector: Connector;
  readonly #limits: AgentLimits;

  /** @throws SourceError for sources that cannot be used @throws RangeError for a limit that is none */
  constructor(options: HttpAgentOptions = {}) {
    const { connector, rest } = splitConnector(options);
    const { limits, rest: agent } = splitLimits(rest);
    super({ ...defaults, ...agent });
    this.connector = connector;
    this.#limits = new AgentLimits(this, limits);
  }

  override createConnection(options: ClientRequestArgs, _callback?: Created): Duplex {
    return this.#limits.created(this.connector.connect(options as ConnectOptions), options);
  }

  /** Called by http.request(). */
  addRequest(request: ClientRequest, options: ClientRequestArgs): void {
    this.#limits.addRequest(request, options, () => own.addRequest.call(this, request, options));
  }

  override keepSocketAlive(socket: Duplex): boolean {
    return this.#limits.keepSocketAlive(socket, own.keepSocketAlive.call(this, socket) !== false);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#limits.reuseSocket(socket);
    own.reuseSocket.call(this, socket, request);
  }

  stats(): AgentStats {
    return this.#limits.stats(this.connector);
  }
}

/** As https.Agent, whose connections a connector opens. Finite by default: 100 connections to an origin. */
export class HttpsAgent extends NodeHttpsAgent {
  readonly connector: Connector;
  readonly #limits: AgentLimits;

  /** @throws SourceError for sources that cannot be used @throws RangeError for a limit that is none */
  constructor(options: HttpsAgentOptions = {}) {
    const { connector, rest } = splitConnector(options);
    const { limits, rest: agent } = splitLimits(rest);
    super({ ...defaults, ...agent });
    this.connector = connector;
    this.#limits = new AgentLimits(this, limits);
  }

  /** Node's own, which keeps TLS sessions; the connector binds its handles. */
  override createConnection(options: ClientRequestArgs, callback?: Created): Duplex | null | undefined {
    const secure = withHooks(this.connector, () => super.createConnection(options, callback)) ?? this.#overSocket(options, callback);
    return secure === null || secure === undefined ? secure : this.#limits.created(secure, options);
  }

  /** Over a socket of a connector that is none of ours: to one address, as TLS cannot take over from one attempt to the next. */
  #overSocket(options: ClientRequestArgs, callback?: Created): Duplex | null | undefined {
    const socket = this.connector.connect({ ...plainOptions(options), autoSelectFamily: false });
    const secure = super.createConnection({ ...options, socket } as ClientRequestArgs, callback);
    // tls.connect() sets the timeout of the socket that it makes itself.
    if (typeof options.timeout === 'number' && options.timeout > 0 && secure !== null && secure !== undefined && 'setTimeout' in secure) (secure as unknown as { setTimeout(ms: number): void }).setTimeout(options.timeout);
    return secure;
  }

  /** Called by https.request(). */
  addRequest(request: ClientRequest, options: ClientRequestArgs): void {
    this.#limits.addRequest(request, options, () => own.addRequest.call(this, request, options));
  }

  override keepSocketAlive(socket: Duplex): boolean {
    return this.#limits.keepSocketAlive(socket, own.keepSocketAlive.call(this, socket) !== false);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#limits.reuseSocket(socket);
    own.reuseSocket.call(this, socket, request);
  }

  stats(): AgentStats {
    return this.#limits.stats(this.connector);
  }
}

/** Options of the TCP connection below TLS: its own time is that of TLS. */
function plainOptions(options: ClientRequestArgs): ConnectOptions {
  const { timeout: _, ...plain } = options;
  return plain as ConnectOptions;
}
