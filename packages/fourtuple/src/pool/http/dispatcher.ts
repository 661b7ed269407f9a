import type { Connector, ConnectorStats } from '../connector-options.ts';
import { splitConnector } from '../connector-part.ts';
import { FromLegacy, LegacyAdapter } from './legacy-handlers.ts';
import { PooledRequest } from './pooled-request.ts';
import { RequestGate } from './request-gate.ts';
import { RetryPolicy, type RetryOptions } from './retry.ts';
import { undiciConnect, type UndiciConnectOptions } from './undici-connect.ts';
import type { UndiciDispatch, UndiciDispatcher, UndiciHandler, UndiciModule } from './undici-types.ts';

export interface DispatcherOptions extends UndiciConnectOptions {
  /** Connections to one origin: 100 by default (undici's own default is no limit). */
  readonly max?: number;
  /** Milliseconds that a request waits for a connection: 30,000 by default, 0 for any. */
  readonly acquireTimeoutMs?: number;
  /** Requests to one origin that may wait: 10,000 by default. */
  readonly maxWaiting?: number;
  /** Milliseconds that a connection is kept without a request: 4,000 by default, as of undici, shorter if the server asks for it (Keep-Alive), 0 for any. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds after which a connection takes one more request, and ends by it: 1,800,000 by default, 0 for any; each up to a quarter shorter, by chance. Not for HTTP/2. */
  readonly maxLifetimeMs?: number;
  /** Retries of what may be sent twice; `false` for none. */
  readonly retry?: RetryOptions | false;
  /** Further options of undici's Agent, as `pipelining` or `headersTimeout`. */
  readonly agent?: object;
}

export interface DispatcherStats {
  readonly origins: readonly { readonly origin: string; readonly pending: number; readonly running: number }[];
  /** Connections by origin, as undici counts them; undefined where its Agent does not say. */
  readonly undici: unknown;
  readonly failures: { readonly acquireTimeout: number; readonly queueFull: number };
  readonly retries: { readonly retries: number; readonly refusedByBudget: number };
  readonly connector: ConnectorStats;
}

/** An Agent of undici over a connector of ours. */
export interface PooledDispatcher {
  /** For fetch(), request() and setGlobalDispatcher() of undici. */
  readonly dispatcher: UndiciDispatcher;
  readonly connector: Connector;
  stats(): DispatcherStats;
  /** Waits for the requests that are under way. */
  close(): Promise<void>;
}

const JITTER = 0.25;
const LONGEST_TIMER = 0x7fff_ffff;

/**
 * Makes an Agent of undici whose connections a connector opens, with finite limits, a waiting queue, and retries.
 * @param undici the module, of version 6, 7 or 8: `import * as undici from 'undici'`
 * @throws SourceError for sources that cannot be used @throws RangeError for a limit that is none
 */
export function createDispatcher(undici: UndiciModule, options: DispatcherOptions = {}): PooledDispatcher {
  const { connector, rest } = splitConnector(options);
  const { max = 100, acquireTimeoutMs = 30_000, maxWaiting = 10_000, idleTimeoutMs = 4000, maxLifetimeMs = 1_800_000, retry, agent: further = {}, ...connect } = rest;
  if (!(Number.isInteger(max) && max > 0)) throw new RangeError(`max is a number of connections from 1 on, not ${max}`);
  for (const [name, value] of Object.entries({ acquireTimeoutMs, maxWaiting, idleTimeoutMs, maxLifetimeMs })) {
    if (!(value >= 0)) throw new RangeError(`${name} is a number from 0 on, not ${value}`);
  }
  const idleMs = idleTimeoutMs > 0 ? Math.min(idleTimeoutMs, LONGEST_TIMER) : LONGEST_TIMER;
  const agentOptions = {
    connections: max,
    // The server's Keep-Alive would go before the first, up to the second.
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    ...(maxLifetimeMs > 0 ? { factory: poolFactory(undici, maxLifetimeMs) } : {}),
    ...(connect.allowH2 === true ? { allowH2: true } : {}),
    ...further,
    connect: undiciConnect({ ...connect, connector }),
  };
  // As undici has it: null is any number, and no pipelining takes one request at a time.
  const { connections = max, pipelining = 1 } = further as { readonly connections?: number | null; readonly pipelining?: number };
  const gate = new RequestGate({ atOnce: (connections ?? Number.POSITIVE_INFINITY) * Math.max(1, pipelining), acquireTimeoutMs, maxWaiting });
  const policy = new RetryPolicy(retry === false ? { maxRetries: 0 } : retry);
  const agent = new undici.Agent(agentOptions) as UndiciDispatcher;
  const dispatch = through(gate, policy, agent.dispatch.bind(agent));
  // As compose() of undici does it, but that handlers stay of the kind they are: undici 7 would translate each header, twice.
  const dispatcher = new Proxy(agent, { get: (target, key) => (key === 'dispatch' ? dispatch : (target as unknown as Record<string | symbol, unknown>)[key]) });
  return {
    dispatcher,
    connector,
    stats: () => ({
      origins: [...gate.origins].map(([origin, { pending, running }]) => ({ origin, pending, running })),
      undici: agent.stats,
      failures: { acquireTimeout: gate.acquireTimeouts, queueFull: gate.queueFull },
      retries: policy.stats(),
      connector: connector.stats(),
    }),
    close: async () => agent.close(),
  };
}

/**
 * Pools whose connections end by the first request after their time (`Connection: close`). undici's own clientTtl, of 7,
 * forgets the requests that wait when all connections are over it.
 */
function poolFactory(undici: UndiciModule, maxLifetimeMs: number) {
  const client = (origin: string | URL, options: object): object => {
    const made = new undici.Client(origin, options) as UndiciDispatcher;
    const dispatch = made.dispatch.bind(made);
    let end = Number.POSITIVE_INFINITY;
    made.on('connect', () => (end = performance.now() + maxLifetimeMs * (1 - JITTER * Math.random())));
    made.on('disconnect', () => (end = Number.POSITIVE_INFINITY));
    made.dispatch = (request, handler) => dispatch(performance.now() < end ? request : { ...request, reset: true }, handler);
    return made;
  };
  return (origin: string | URL, options: object): object => new undici.Pool(origin, { ...options, factory: client });
}

/** Sends each request through the gate, and again as the policy says. */
function through(gate: RequestGate, policy: RetryPolicy, dispatch: UndiciDispatch): UndiciDispatch {
  const legacyDispatch: UndiciDispatch = (request, handler) => dispatch(request, new LegacyAdapter(handler));
  return (request, handler) => {
    if ('onRequestStart' in handler) return new PooledRequest(dispatch, request, handler as UndiciHandler, gate, policy).send();
    return new PooledRequest(legacyDispatch, request, new FromLegacy(handler), gate, policy).send();
  };
}
