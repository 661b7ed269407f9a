import type { Agent, ClientRequest, ClientRequestArgs } from 'node:http';
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

/** Tells the options of limits from the others. */
export function splitLimits<Options extends AgentLimitOptions>({ acquireTimeoutMs = 30_000, maxWaiting = 10_000, idleTimeoutMs = 4000, maxLifetimeMs = 1_800_000, ...rest }: Options): { limits: Required<AgentLimitOptions>; rest: Omit<Options, keyof AgentLimitOptions> } {
  const limits = { acquireTimeoutMs, maxWaiting, idleTimeoutMs, maxLifetimeMs };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 0)) throw new RangeError(`${name} is a number from 0 on, not ${value}`);
  }
  return { limits, rest };
}

/** The waiting queue of an agent, and how long its connections are kept. */
export class AgentLimits {
  readonly #agent: Agent;
  readonly #limits: Required<AgentLimitOptions>;
  /** When a connection ends, by performance.now(). */
  readonly #ends = new WeakMap<Duplex, number>();
  readonly #idle = new WeakMap<Duplex, NodeJS.Timeout>();
  /** The origin of each name that http.Agent gives to one. */
  readonly #origins = new Map<string, string>();
  #timeouts = 0;
  #refused = 0;

  constructor(agent: Agent, limits: Required<AgentLimitOptions>) {
    this.#agent = agent;
    this.#limits = limits;
  }

  /** @param add does what http.Agent does */
  addRequest(request: ClientRequest, options: ClientRequestArgs, add: () => void): void {
    const { acquireTimeoutMs, maxWaiting } = this.#limits;
    const name = this.#agent.getName(options);
    if (!this.#origins.has(name)) this.#nameOrigin(name, `${options.host ?? 'localhost'}:${options.port ?? ''}`);
    const waiting = (): ClientRequest[] => (this.#agent.requests as Record<string, ClientRequest[] | undefined>)[name] ?? [];
    const tuple = (): PortTuple => ({ sources: [], destination: options.host ?? 'localhost', destinationPort: Number(options.port ?? 0) });
    add();
    if (waiting().at(-1) !== request) return;
    if (waiting().length > maxWaiting) {
      this.#refused++;
      this.#drop(name, request);
      request.destroy(new QueueFullError(tuple(), maxWaiting));
      return;
    }
    if (acquireTimeoutMs === 0) return;
    const timer = setTimeout(() => {
      this.#timeouts++;
      const open = (this.#agent.sockets as Record<string, readonly unknown[] | undefined>)[name]?.length ?? 0;
      this.#drop(name, request);
      request.destroy(new AcquireTimeoutError(tuple(), acquireTimeoutMs, `all ${open.toLocaleString('en')} connections were in use`, undefined, 'See what takes the server so long, or raise `maxSockets` if the server and the ports allow it (`fourtuple plan pool` computes it).'));
    }, acquireTimeoutMs);
    const clear = (): void => clearTimeout(timer);
    request.once('socket', clear).once('close', clear);
  }

  /** Remembers what a name stands for, and forgets names of which nothing is left when there are many. */
  #nameOrigin(name: string, origin: string): void {
    if (this.#origins.size >= MANY_ORIGINS) {
      for (const old of this.#origins.keys()) if (!(old in this.#agent.sockets) && !(old in this.#agent.freeSockets)) this.#origins.delete(old);
    }
    this.#origins.set(name, origin);
  }

  #drop(name: string, request: ClientRequest): void {
    const requests = this.#agent.requests as Record<string, ClientRequest[] | undefined>;
    const list = requests[name];
    const at = list?.indexOf(request) ?? -1;
    if (list === undefined || at < 0) return;
    list.splice(at, 1);
    if (list.length === 0) Reflect.deleteProperty(requests, name);
  }

  /** @param isKept what http.Agent says @returns whether the connection may be used again */
  keepSocketAlive(socket: Duplex, isKept: boolean): boolean {
    const { idleTimeoutMs, maxLifetimeMs } = this.#limits;
    if (!isKept) return false;
    const now = performance.now();
    let end = this.#ends.get(socket);
    // The time from its first request on: what came before was its making.
    if (end === undefined) this.#ends.set(socket, (end = maxLifetimeMs === 0 ? Number.POSITIVE_INFINITY : now + maxLifetimeMs * (1 - JITTER * Math.random())));
    if (now >= end) return false;
    if (idleTimeoutMs > 0 || end < Number.POSITIVE_INFINITY) {
      const wait = Math.min(idleTimeoutMs > 0 ? idleTimeoutMs : Number.POSITIVE_INFINITY, end - now);
      clearTimeout(this.#idle.get(socket));
      this.#idle.set(socket, setTimeout(() => socket.destroy(), Math.min(wait, 0x7fff_ffff)).unref());
    }
    return true;
  }

  reuseSocket(socket: Duplex): void {
    clearTimeout(this.#idle.get(socket));
  }

  stats(connector: Connector): AgentStats {
    const lists = [this.#agent.sockets, this.#agent.freeSockets, this.#agent.requests] as readonly Record<string, readonly unknown[] | undefined>[];
    const names = new Set(lists.flatMap((list) => Object.keys(list)));
    const lengthIn = (list: Record<string, readonly unknown[] | undefined>, name: string): number => list[name]?.length ?? 0;
    return {
      origins: [...names].map((name) => ({ origin: this.#origins.get(name) ?? name, open: lengthIn(lists[0]!, name) + lengthIn(lists[1]!, name), idle: lengthIn(lists[1]!, name), pending: lengthIn(lists[2]!, name) })),
      failures: { acquireTimeout: this.#timeouts, queueFull: this.#refused },
      connector: connector.stats(),
    };
  }
}
