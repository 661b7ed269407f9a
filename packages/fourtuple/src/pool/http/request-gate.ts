import { AcquireTimeoutError, QueueFullError, type PortTuple } from '../errors.ts';
import type { UndiciInterceptor, UndiciRequest } from './undici-types.ts';

export interface OriginCounts {
  /** Requests that wait for a connection. */
  pending: number;
  /** Requests that are on a connection. */
  running: number;
}

export interface GateLimits {
  /** 0 for any. */
  readonly acquireTimeoutMs: number;
  readonly maxWaiting: number;
}

/** Methods of a handler of undici 7 and 8, and of the older kind, which undici 6 and 7 take. */
type Handler = Readonly<Partial<Record<string, (...args: unknown[]) => unknown>>>;

/** Counts the requests of each origin, and limits how many may wait for a connection and how long: an interceptor for a dispatcher of undici. */
export class RequestGate {
  readonly origins = new Map<string, OriginCounts>();
  acquireTimeouts = 0;
  queueFull = 0;
  readonly #limits: GateLimits;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  readonly interceptor: UndiciInterceptor = (dispatch) => (request, handler) => {
    const origin = String(request.origin ?? '');
    let counts = this.origins.get(origin);
    if (counts === undefined) this.origins.set(origin, (counts = { pending: 0, running: 0 }));
    const gated = 'onRequestStart' in handler ? new GatedHandler(this, origin, counts, handler as Handler) : new GatedLegacyHandler(this, origin, counts, handler as Handler);
    if (counts.pending >= this.#limits.maxWaiting) {
      this.queueFull++;
      gated.failEarly(new QueueFullError(tupleOf(request), this.#limits.maxWaiting));
      return true;
    }
    counts.pending++;
    const result = dispatch(request, gated);
    const { acquireTimeoutMs } = this.#limits;
    // Most begin at once: a timer for each would cost more than the rest.
    if (acquireTimeoutMs > 0 && gated.isWaiting) {
      gated.timer = setTimeout(() => {
        this.acquireTimeouts++;
        const { running } = gated.counts;
        gated.failEarly(new AcquireTimeoutError(tupleOf(request), acquireTimeoutMs, `${running.toLocaleString('en')} requests had its connections, or none was made`, undefined, 'See what takes the server so long, or raise `max` if the server and the ports allow it (`fourtuple plan pool` computes it).'));
      }, acquireTimeoutMs);
    }
    return result;
  };

  /** Forgets an origin of which nothing is left. */
  settle(origin: string, counts: OriginCounts): void {
    if (counts.pending === 0 && counts.running === 0 && this.origins.get(origin) === counts) this.origins.delete(origin);
  }
}

function tupleOf({ origin }: UndiciRequest): PortTuple {
  const url = URL.canParse(String(origin)) ? new URL(String(origin)) : undefined;
  return { sources: [], destination: (url?.hostname ?? '').replace(/^\[(.*)\]$/, '$1'), destinationPort: Number(url?.port === '' || url === undefined ? (url?.protocol === 'https:' ? 443 : 80) : url.port) };
}

/** A request's way: waiting, running, over. Passes on what happens until it was given up. */
abstract class Gated {
  readonly counts: OriginCounts;
  timer: NodeJS.Timeout | undefined;
  protected readonly handler: Handler;
  readonly #gate: RequestGate;
  readonly #origin: string;
  #state: 'waiting' | 'running' | 'over' = 'waiting';
  /** Whether it was given up while it waited. */
  protected isDead = false;

  constructor(gate: RequestGate, origin: string, counts: OriginCounts, handler: Handler) {
    this.#gate = gate;
    this.#origin = origin;
    this.counts = counts;
    this.handler = handler;
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  protected started(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'running';
    this.counts.pending--;
    this.counts.running++;
    clearTimeout(this.timer);
  }

  protected ended(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'waiting') this.counts.pending--;
    else this.counts.running--;
    this.#state = 'over';
    clearTimeout(this.timer);
    this.#gate.settle(this.#origin, this.counts);
  }

  /** Ends a request that has no connection yet. What undici says of it later goes nowhere. */
  failEarly(error: Error): void {
    if (this.#state !== 'waiting' || this.isDead) return;
    this.isDead = true;
    this.tellError(error);
  }

  /** Called for one that was given up and that undici would now begin. */
  protected abstract tellError(error: Error): void;
}

/** Aborts a request that nobody waits for any more: undici then never sends it. */
const givenUp = new Error('the request was given up while it waited for a connection');

class GatedHandler extends Gated {
  onRequestStart(controller: { abort(reason: Error): void }, context: unknown): void {
    if (this.isDead) {
      controller.abort(givenUp);
      return;
    }
    this.started();
    this.handler['onRequestStart']?.(controller, context);
  }

  onRequestUpgrade(...args: unknown[]): void {
    this.ended();
    this.handler['onRequestUpgrade']?.(...args);
  }

  onResponseStart(...args: unknown[]): void {
    if (!this.isDead) this.handler['onResponseStart']?.(...args);
  }

  onResponseData(...args: unknown[]): void {
    if (!this.isDead) this.handler['onResponseData']?.(...args);
  }

  onResponseEnd(...args: unknown[]): void {
    this.ended();
    if (!this.isDead) this.handler['onResponseEnd']?.(...args);
  }

  onResponseError(controller: unknown, error: Error): void {
    this.ended();
    if (!this.isDead) this.handler['onResponseError']?.(controller, error);
  }

  protected override tellError(error: Error): void {
    this.handler['onResponseError']?.(null, error);
  }
}

class GatedLegacyHandler extends Gated {
  /** undici asks whether it is there: only for handlers that have it. */
  readonly onBodySent: ((...args: unknown[]) => unknown) | undefined = this.handler['onBodySent'] === undefined ? undefined : (...args) => this.handler['onBodySent']!(...args);
  readonly onUpgrade: ((...args: unknown[]) => unknown) | undefined =
    this.handler['onUpgrade'] === undefined
      ? undefined
      : (...args) => {
          this.ended();
          return this.handler['onUpgrade']!(...args);
        };

  onConnect(abort: (reason: Error) => void, context: unknown): unknown {
    if (this.isDead) {
      abort(givenUp);
      return undefined;
    }
    this.started();
    return this.handler['onConnect']?.(abort, context);
  }

  onRequestSent(...args: unknown[]): unknown {
    return this.handler['onRequestSent']?.(...args);
  }

  onResponseStarted(...args: unknown[]): unknown {
    return this.handler['onResponseStarted']?.(...args);
  }

  onHeaders(...args: unknown[]): unknown {
    return this.handler['onHeaders']?.(...args);
  }

  onData(...args: unknown[]): unknown {
    return this.handler['onData']?.(...args);
  }

  onComplete(...args: unknown[]): unknown {
    this.ended();
    return this.isDead ? undefined : this.handler['onComplete']?.(...args);
  }

  onError(error: Error): unknown {
    this.ended();
    return this.isDead ? undefined : this.handler['onError']?.(error);
  }

  protected override tellError(error: Error): void {
    this.handler['onError']?.(error);
  }
}
