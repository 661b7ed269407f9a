import type { Connector, ConnectorStats } from '../connector-options.ts';
import { splitConnector } from '../connector-part.ts';
import { RequestGate } from './request-gate.ts';
import { RetryPolicy, retriedCodes, type RetryOptions } from './retry.ts';
import { undiciConnect, type UndiciConnectOptions } from './undici-connect.ts';
import type { UndiciDispatcher, UndiciInterceptor, UndiciModule } from './undici-types.ts';

export interface DispatcherOptions extends UndiciConnectOptions {
  /** Connections to one origin: 100 by default (undici's own default is no limit). */
  readonly max?: number;
  /** Milliseconds that a request waits for a connection: 30,000 by default, 0 for any. */
  readonly acquireTimeoutMs?: number;
  /** Requests to one origin that may wait: 10,000 by default. */
  readonly maxWaiting?: number;
  /** Milliseconds that a connection is kept without a request: 4,000 by default, as of undici; the server's Keep-Alive goes before. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds after which a connection takes no further request: 1,800,000 by default, 0 for any; each up to a quarter shorter, by chance. Needs undici 7. */
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
  const gate = new RequestGate({ acquireTimeoutMs, maxWaiting });
  const policy = new RetryPolicy(retry === false ? { maxRetries: 0 } : retry);
  const agent = new undici.Agent({
    connections: max,
    ...(idleTimeoutMs > 0 ? { keepAliveTimeout: idleTimeoutMs } : {}),
    ...(maxLifetimeMs > 0 ? { clientTtl: maxLifetimeMs, factory: poolFactory(undici, maxLifetimeMs) } : {}),
    ...(connect.allowH2 === true ? { allowH2: true } : {}),
    ...further,
    connect: undiciConnect({ ...connect, connector }),
  }) as UndiciDispatcher;
  const dispatcher = policy.maxRetries === 0 ? agent.compose(gate.interceptor) : agent.compose(gate.interceptor, undici.interceptors.retry(retryOptions(policy)) as UndiciInterceptor, counted(policy));
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

/** Pools whose connections do not all reach the end of their life together: undici keeps the time of each in `ttl`, where it has it. */
function poolFactory(undici: UndiciModule, maxLifetimeMs: number) {
  return (origin: string | URL, options: object): object => {
    const pool = new undici.Pool(origin, options) as UndiciDispatcher;
    pool.on('connect', (_origin: URL, targets: readonly { ttl?: number }[]) => {
      for (const target of targets) if (typeof target.ttl === 'number') target.ttl -= JITTER * Math.random() * maxLifetimeMs;
    });
    return pool;
  };
}

/** Tells the budget of retries of each request. Outside of the retries, which do not come through here. */
function counted(policy: RetryPolicy): UndiciInterceptor {
  return (dispatch) => (request, handler) => {
    policy.sent();
    return dispatch(request, handler);
  };
}

interface RetryContext {
  readonly state: { readonly counter: number };
  readonly opts: object & { readonly method: string };
}

interface RetriedError extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly headers?: Readonly<Partial<Record<string, string>>>;
}

/** Options for undici's own retries, which ask our policy. */
function retryOptions(policy: RetryPolicy): object {
  return {
    maxRetries: policy.maxRetries,
    methods: policy.methods,
    statusCodes: policy.statusCodes,
    errorCodes: retriedCodes,
    // When it was tried often enough, the answer is the answer. undici 6 knows only the error.
    throwOnError: false,
    retry: (error: RetriedError, { state, opts }: RetryContext, done: (error: Error | null) => void) => {
      const { statusCode, headers } = error;
      const wait = policy.next({ method: opts.method, failedBefore: state.counter - 1, statusCode, code: statusCode === undefined ? (error.code ?? codeOfCause(error)) : undefined, retryAfter: headers?.['retry-after'] });
      if (typeof wait === 'string') return done(error);
      setTimeout(() => done(null), wait);
    },
  };
}

function codeOfCause({ cause }: Error): string | undefined {
  return (cause as { readonly code?: string } | undefined)?.code;
}
