import { Agent as NodeHttpAgent, type AgentOptions as NodeHttpOptions, type ClientRequestArgs } from 'node:http';
import { Agent as NodeHttpsAgent, type AgentOptions as NodeHttpsOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { createConnector, type ConnectOptions, type Connector, type ConnectorOptions } from './connector.ts';

/** Connections to one origin at a time, unless maxSockets says otherwise: Node's own default is no limit at all. */
const MAX_SOCKETS = 100;

/** What an agent connects by: a connector, or options to make one of. */
export type AgentConnector = { readonly connector?: Connector } & ConnectorOptions;

export type HttpAgentOptions = NodeHttpOptions & AgentConnector;
export type HttpsAgentOptions = NodeHttpsOptions & AgentConnector;

type Created = (error: Error | null, stream: Duplex) => void;

/** Keeps connections alive, at most {@link MAX_SOCKETS} to an origin, and uses the last one used first, so that those that are not needed end. */
const defaults = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, scheduling: 'lifo' } as const satisfies NodeHttpOptions;

/** The options that are the agent's, apart from those of its connector. */
function split<Options extends NodeHttpOptions>(given: Options & AgentConnector): { agent: Options; connector: Connector } {
  const { connector, sources, policy, portRange, random, ...agent } = given;
  const own = { ...(sources === undefined ? {} : { sources }), ...(policy === undefined ? {} : { policy }), ...(portRange === undefined ? {} : { portRange }), ...(random === undefined ? {} : { random }) };
  return { agent: { ...defaults, ...agent } as unknown as Options, connector: connector ?? createConnector(own) };
}

/** As http.Agent, whose connections a connector opens. Finite by default: 100 connections to an origin. */
export class HttpAgent extends NodeHttpAgent {
  readonly connector: Connector;

  /** @throws SourceError for sources that cannot be used */
  constructor(options: HttpAgentOptions = {}) {
    const { agent, connector } = split<NodeHttpOptions>(options);
    super(agent);
    this.connector = connector;
  }

  override createConnection(options: ClientRequestArgs, _callback?: Created): Duplex {
    return this.connector.connect(options as ConnectOptions);
  }
}

/** As https.Agent, whose connections a connector opens. Finite by default: 100 connections to an origin. */
export class HttpsAgent extends NodeHttpsAgent {
  readonly connector: Connector;

  /** @throws SourceError for sources that cannot be used */
  constructor(options: HttpsAgentOptions = {}) {
    const { agent, connector } = split<NodeHttpsOptions>(options);
    super(agent);
    this.connector = connector;
  }

  /** Node's own, which keeps TLS sessions, over a socket of the connector. */
  override createConnection(options: ClientRequestArgs, callback?: Created): Duplex | null | undefined {
    const socket = this.connector.connect(plainOptions(options));
    const secure = super.createConnection({ ...options, socket } as ClientRequestArgs, callback);
    // tls.connect() sets the timeout of the socket that it makes itself.
    if (typeof options.timeout === 'number' && options.timeout > 0 && secure !== null && secure !== undefined && 'setTimeout' in secure) (secure as unknown as { setTimeout(ms: number): void }).setTimeout(options.timeout);
    return secure;
  }
}

/** Options of the TCP connection below TLS: its own time is that of TLS. */
function plainOptions(options: ClientRequestArgs): ConnectOptions {
  const { timeout: _, ...plain } = options;
  return plain as ConnectOptions;
}
