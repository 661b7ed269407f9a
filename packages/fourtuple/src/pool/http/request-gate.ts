import { AcquireTimeoutError, QueueFullError, type PortTuple } from '../errors.ts';
import type { UndiciController, UndiciDispatch, UndiciHandler, UndiciHeaders, UndiciRequest } from './undici-types.ts';

export interface OriginCounts {
  /** Requests that wait for a connection. */
  pending: number;
  /** Requests that are on a connection. */
  running: number;
  /** Requests that were given up while they waited, and that undici has not come to yet. */
  abandoned: number;
}

export interface GateLimits {
  /** Requests to an origin that its connections take together. */
  readonly atOnce: number;
  /** 0 for any. */
  readonly acquireTimeoutMs: number;
  readonly maxWaiting: number;
}

const LONGEST_TIMER = 0x7fff_ffff;

/** Counts the requests of each origin, and limits how many may wait for a connection and how long. */
export class RequestGate {
  readonly origins = new Map<string, OriginCounts>();
  readonly limits: GateLimits;
  #lastOrigin: URL | undefined;
  #lastName = '';
  acquireTimeouts = 0;
  queueFull = 0;

  constructor(limits: GateLimits) {
    this.limits = limits;
  }

  /** @param handler told of all that happens until the request is given up */
  enter(request: UndiciRequest, handler: UndiciHandler): GatedRequest {
    const origin = this.#nameOf(request.origin);
    let counts = this.origins.get(origin);
    if (counts === undefined) this.origins.set(origin, (counts = { pending: 0, running: 0, abandoned: 0 }));
    return new GatedRequest(this, request, origin, counts, handler);
  }

  /** A URL is not made text again for each request. */
  #nameOf(origin: string | URL | undefined): string {
    if (typeof origin === 'string') return origin;
    if (origin !== this.#lastOrigin) {
      this.#lastOrigin = origin;
      this.#lastName = String(origin ?? '');
    }
    return this.#lastName;
  }

  /** Whether one more may wait: beyond those that will be the first on a connection. */
  hasRoom({ pending, running, abandoned }: OriginCounts): boolean {
    const { atOnce, maxWaiting } = this.limits;
    return pending < maxWaiting + Math.max(0, atOnce - running) && abandoned < Math.max(maxWaiting, atOnce);
  }

  /** Forgets an origin of which nothing is left. */
  settle(origin: string, counts: OriginCounts): void {
    if (counts.pending === 0 && counts.running === 0 && counts.abandoned === 0 && this.origins.get(origin) === counts) this.origins.delete(origin);
  }
}

function tupleOf({ origin }: UndiciRequest): PortTuple {
  const url = URL.canParse(String(origin)) ? new URL(String(origin)) : undefined;
  return { sources: [], destination: (url?.hostname ?? '').replace(/^\[(.*)\]$/, '$1'), destinationPort: Number(url?.port === '' || url === undefined ? (url?.protocol === 'https:' ? 443 : 80) : url.port) };
}

/** What undici is told of a request that nobody waits for any more. */
const givenUp = new Error('the request was given up while it waited for a connection');

/** A request's way: waiting, running, over; or given up while it waited. */
export class GatedRequest implements UndiciHandler {
  readonly #gate: RequestGate;
  readonly #request: UndiciRequest;
  readonly #origin: string;
  readonly #counts: OriginCounts;
  readonly #handler: UndiciHandler;
  #timer: NodeJS.Timeout | undefined;
  #state: 'new' | 'waiting' | 'running' | 'abandoned' | 'over' = 'new';

  constructor(gate: RequestGate, request: UndiciRequest, origin: string, counts: OriginCounts, handler: UndiciHandler) {
    this.#gate = gate;
    this.#request = request;
    this.#origin = origin;
    this.#counts = counts;
    this.#handler = handler;
  }

  /** @param controller for a handler whose request never came to a connection @returns as undici's dispatch() does */
  dispatch(dispatch: UndiciDispatch, controller: UndiciController): boolean {
    const gate = this.#gate;
    const { acquireTimeoutMs, maxWaiting } = gate.limits;
    if (!gate.hasRoom(this.#counts)) {
      gate.queueFull++;
      this.#state = 'over';
      this.#handler.onResponseError?.(controller, new QueueFullError(tupleOf(this.#request), maxWaiting));
      return true;
    }
    this.#state = 'waiting';
    this.#counts.pending++;
    let result = false;
    try {
      result = dispatch(this.#request, this);
    } catch (error) {
      this.#end();
      throw error;
    }
    // Most begin at once: a timer for each would cost more than the rest.
    if (acquireTimeoutMs > 0 && this.isWaiting) {
      this.#timer = setTimeout(() => {
        const { running } = this.#counts;
        if (!this.abandon()) return;
        gate.acquireTimeouts++;
        this.#handler.onResponseError?.(controller, new AcquireTimeoutError(tupleOf(this.#request), acquireTimeoutMs, `${running.toLocaleString('en')} requests had its connections, or none was made`, undefined, 'See what takes the server so long, or raise `max` if the server and the ports allow it (`fourtuple plan pool` computes it).'));
      }, Math.min(acquireTimeoutMs, LONGEST_TIMER));
    }
    return result;
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** Gives it up while it waits: what undici says of it later goes nowhere. @returns false if it does not wait */
  abandon(): boolean {
    if (this.#state !== 'waiting') return false;
    clearTimeout(this.#timer);
    this.#state = 'abandoned';
    this.#counts.pending--;
    this.#counts.abandoned++;
    return true;
  }

  #end(): void {
    clearTimeout(this.#timer);
    if (this.#state === 'waiting') this.#counts.pending--;
    else if (this.#state === 'running') this.#counts.running--;
    else if (this.#state === 'abandoned') this.#counts.abandoned--;
    else return;
    this.#state = 'over';
    this.#gate.settle(this.#origin, this.#counts);
  }

  /** @throws for one that was given up: undici then drops it, and keeps the connection. An abort would end that, too. */
  onRequestStart(controller: UndiciController, context: unknown): void {
    if (this.#state === 'abandoned') throw givenUp;
    if (this.#state === 'waiting') {
      clearTimeout(this.#timer);
      this.#state = 'running';
      this.#counts.pending--;
      this.#counts.running++;
    }
    this.#handler.onRequestStart?.(controller, context);
  }

  onBodySent(chunk: unknown): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onRequestUpgrade(controller: UndiciController, statusCode: number | null, headers: UndiciHeaders, socket: unknown): void {
    this.#end();
    this.#handler.onRequestUpgrade?.(controller, statusCode, headers, socket);
  }

  onResponseStart(controller: UndiciController, statusCode: number, headers: UndiciHeaders, statusMessage?: string): void {
    this.#handler.onResponseStart?.(controller, statusCode, headers, statusMessage);
  }

  onResponseData(controller: UndiciController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: UndiciController, trailers: UndiciHeaders): void {
    this.#end();
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: UndiciController, error: Error): void {
    const isToldOf = this.#state !== 'abandoned';
    this.#end();
    if (isToldOf) this.#handler.onResponseError?.(controller, error);
  }
}
