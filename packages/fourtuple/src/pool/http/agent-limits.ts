import type { Agent, ClientRequest, ClientRequestArgs, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Connector, ConnectorStats } from '../connector-options.ts';
import { AcquireTimeoutError, QueueFullError, type PortTuple } from '../errors.ts';

/** What an agent of ours limits besides what http.Agent does. */
export interface AgentLimitOptions {
  /** Milliseconds that a request waits for a connection when all are in use: 30,000 by default, 0 for any. */
  readonly acquireTimeoutMs?: number;
  /** Requests to one origin that may wait: 10,000 by default. */
  readonly maxWaiting?: number;
  /** Milliseconds that a connection is kept without a request: 4,000 by default, shorter if the server asks for it (Keep-Alive), 0 for any. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds after which a connection takes no further request: 1,800,000 by default, 0 for any. Each lives up to a quarter shorter, by chance, so that they do not end together. */
  readonly maxLifetimeMs?: number;
}

export interface OriginStats {
  /** `host:port`. */
  readonly origin: string;
  /** Connections, those that are idle among them. */
  readonly open: number;
  readonly idle: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
}

export interface AgentStats {
  readonly origins: readonly OriginStats[];
  /** Requests that were refused, or given up, for want of a connection. */
  readonly failures: { readonly acquireTimeout: number; readonly queueFull: number };
  readonly connector: ConnectorStats;
}

/** A share of its lifetime by which a connection may end earlier. */
const JITTER = 0.25;

const MANY_ORIGINS = 1000;

/** Milliseconds before the server's own end of an idle connection: as of http.Agent, for a request that is under way then. */
const SERVER_MARGIN = 1000;

const LONGEST_TIMER = 0x7fff_ffff;

/** Tells the options of limits from the others. */
export function splitLimits<Options extends AgentLimitOptions>({ acquireTimeoutMs = 30_000, maxWaiting = 10_000, idleTimeoutMs = 4000, maxLifetimeMs = 1_800_000, ...rest }: Options): { limits: Required<AgentLimitOptions>; rest: Omit<Options, keyof AgentLimitOptions> } {
  const limits = { acquireTimeoutMs, maxWaiting, idleTimeoutMs, maxLifetimeMs };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 0)) throw new RangeError(`${name} is a number from 0 on, not ${value}`);
  }
  return { limits, rest };
}

/** Sockets or requests by the name that http.Agent gives to an origin and its options. */
type Lists<Item> = Record<string, Item[] | undefined>;

interface Connection {
  readonly name: string;
  /** When it ends, by performance.now(). */
  readonly end: number;
  idle: NodeJS.Timeout | undefined;
}

/** What http.Agent adds to the options of a connection. */
type AgentConnectOptions = ClientRequestArgs & { readonly _agentKey?: string };

/** The waiting queue of an agent, and how long its connections are kept. */
export class AgentLimits {
  readonly #agent: Agent;
  readonly #limits: Required<AgentLimitOptions>;
  readonly #connections = new WeakMap<Duplex, Connection>();
  /** The origin of each name that http.Agent gives to one. */
  readonly #origins = new Map<string, string>();
  #timeouts = 0;
  #refused = 0;

  constructor(agent: Agent, limits: Required<AgentLimitOptions>) {
    this.#agent = agent;
    this.#limits = limits;
    // Before http.Agent gives it to the next request: that one gets a new connection then.
    agent.prependListener('free', (socket: Duplex) => {
      if (this.#isOver(socket)) socket.destroy();
    });
  }

  get #requests(): Lists<ClientRequest> {
    return this.#agent.requests;
  }

  /** @param add does what http.Agent does */
  addRequest(request: ClientRequest, options: ClientRequestArgs, add: () => void): void {
    const { acquireTimeoutMs, maxWaiting } = this.#limits;
    add();
    const name = this.#queueOf(request);
    if (name === undefined) return;
    this.#nameOrigin(name, options);
    const tuple: PortTuple = { sources: [], destination: options.host ?? 'localhost', destinationPort: Number(options.port ?? 0) };
    if (this.#requests[name]!.length > maxWaiting) {
      this.#refused++;
      this.#giveUp(name, request, new QueueFullError(tuple, maxWaiting));
      return;
    }
    const timer =
      acquireTimeoutMs === 0
        ? undefined
        : setTimeout(() => {
            this.#timeouts++;
            const open = (this.#agent.sockets as Lists<unknown>)[name]?.length ?? 0;
            const why = open === 0 ? 'the connections that `maxTotalSockets` allows went to other origins' : `all ${open.toLocaleString('en')} connections were in use`;
            this.#giveUp(name, request, new AcquireTimeoutError(tuple, acquireTimeoutMs, why, undefined, 'See what takes the server so long, or raise `maxSockets` if the server and the ports allow it (`fourtuple plan pool` computes it).'));
          }, Math.min(acquireTimeoutMs, LONGEST_TIMER));
    // http.Agent would keep one that is destroyed in the queue, and silent, until there is a connection for it.
    request.destroy = (error) => {
      Reflect.deleteProperty(request, 'destroy');
      if (!this.#giveUp(name, request, error)) request.destroy(error);
      return request;
    };
    const settle = (): void => {
      clearTimeout(timer);
      Reflect.deleteProperty(request, 'destroy');
    };
    request.once('socket', settle).once('close', settle);
  }

  /** Name of the queue in which a request was put last. http.Agent makes names of its own options, too, and of the server's name for TLS. */
  #queueOf(request: ClientRequest): string | undefined {
    const requests = this.#requests;
    for (const name in requests) if (requests[name]!.at(-1) === request) return name;
    return undefined;
  }

  /** Takes a request from the queue and ends it. @returns false if it was not there */
  #giveUp(name: string, request: ClientRequest, error: Error | undefined): boolean {
    const list = this.#requests[name];
    const at = list?.indexOf(request) ?? -1;
    if (list === undefined || at < 0) return false;
    list.splice(at, 1);
    if (list.length === 0) Reflect.deleteProperty(this.#requests, name);
    Reflect.deleteProperty(request, 'destroy');
    request.destroy(error);
    // A request without a socket says nothing of its end: this is how an agent tells it that there is none.
    (request as unknown as { onSocket(socket: null, error: Error | undefined): void }).onSocket(null, error);
    return true;
  }

  /** Remembers what a name stands for, and forgets names of which nothing is left when there are many. */
  #nameOrigin(name: string, { host, port, socketPath }: ClientRequestArgs): void {
    if (this.#origins.has(name)) return;
    if (this.#origins.size >= MANY_ORIGINS) {
      const { sockets, freeSockets, requests } = this.#agent;
      for (const old of this.#origins.keys()) if (!(old in sockets) && !(old in freeSockets) && !(old in requests)) this.#origins.delete(old);
    }
    this.#origins.set(name, socketPath ?? `${host?.includes(':') === true ? `[${host}]` : (host ?? 'localhost')}:${port ?? ''}`);
  }

  /** A connection is made, by options as http.Agent hands them to createConnection(). */
  created<Socket extends Duplex>(socket: Socket, options: AgentConnectOptions): Socket {
    const { maxLifetimeMs } = this.#limits;
    const name = options._agentKey ?? '';
    const connection: Connection = { name, end: maxLifetimeMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + maxLifetimeMs * (1 - JITTER * Math.random()), idle: undefined };
    this.#connections.set(socket, connection);
    this.#nameOrigin(name, options);
    socket.once('close', () => clearTimeout(connection.idle));
    return socket;
  }

  #isOver(socket: Duplex): boolean {
    return performance.now() >= (this.#connections.get(socket)?.end ?? Number.POSITIVE_INFINITY);
  }

  /** @param isKept what http.Agent says @returns whether the connection may be used again */
  keepSocketAlive(socket: Duplex, isKept: boolean): boolean {
    const connection = this.#connections.get(socket);
    if (!isKept || connection === undefined) return isKept;
    const { idleTimeoutMs } = this.#limits;
    const wait = Math.min(idleTimeoutMs > 0 ? idleTimeoutMs : Number.POSITIVE_INFINITY, serverIdleMs(socket) - SERVER_MARGIN, connection.end - performance.now());
    if (wait <= 0) return false;
    clearTimeout(connection.idle);
    if (wait < Number.POSITIVE_INFINITY) connection.idle = setTimeout(() => this.#endIdle(socket, connection.name), Math.min(wait, LONGEST_TIMER)).unref();
    return true;
  }

  /** http.Agent finds out that a free connection is destroyed when it has closed: a request before that would get it. */
  #endIdle(socket: Duplex, name: string): void {
    const free = this.#agent.freeSockets as Lists<unknown>;
    const list = free[name];
    const at = list?.indexOf(socket) ?? -1;
    if (list !== undefined && at >= 0) {
      list.splice(at, 1);
      if (list.length === 0) Reflect.deleteProperty(free, name);
    }
    socket.destroy();
  }

  reuseSocket(socket: Duplex): void {
    clearTimeout(this.#connections.get(socket)?.idle);
  }

  stats(connector: Connector): AgentStats {
    const lists = [this.#agent.sockets, this.#agent.freeSockets, this.#agent.requests] as readonly Lists<unknown>[];
    const names = new Set(lists.flatMap((list) => Object.keys(list)));
    const lengthIn = (list: Lists<unknown>, name: string): number => list[name]?.length ?? 0;
    return {
      origins: [...names].map((name) => ({ origin: this.#origins.get(name) ?? name, open: lengthIn(lists[0]!, name) + lengthIn(lists[1]!, name), idle: lengthIn(lists[1]!, name), pending: lengthIn(lists[2]!, name) })),
      failures: { acquireTimeout: this.#timeouts, queueFull: this.#refused },
      connector: connector.stats(),
    };
  }
}

/** Milliseconds that the server keeps the connection without a request, as its last answer says (`Keep-Alive: timeout=5, max=100`). */
function serverIdleMs(socket: Duplex & { readonly _httpMessage?: { readonly res?: IncomingMessage | null } | null }): number {
  const header = socket._httpMessage?.res?.headers['keep-alive'];
  const seconds = typeof header === 'string' ? /(?:^|[,\s])timeout\s*=\s*"?(\d{1,9})/i.exec(header)?.[1] : undefined;
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000;
}
