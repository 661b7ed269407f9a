import { codeOf } from '../errors.ts';
import { RepeatableBody } from './repeatable-body.ts';
import type { GatedRequest, RequestGate } from './request-gate.ts';
import type { RetryPolicy } from './retry.ts';
import { StandInController } from './stand-in-controller.ts';
import type { UndiciController, UndiciDispatch, UndiciHandler, UndiciHeaders, UndiciRequest, UndiciSignal } from './undici-types.ts';

/** Bytes of an answer that is thrown away which are read to keep its connection, and milliseconds. */
const MOST_DISCARDED = 65_536;
const DISCARD_MS = 1000;

const noBody = new RepeatableBody(undefined);

const discarded = new Error('the answer was thrown away, and the request is sent again');

/** A request of the dispatcher: through the gate, and again if the policy says so, as long as no answer was passed on. */
export class PooledRequest {
  readonly #dispatch: UndiciDispatch;
  readonly #request: UndiciRequest;
  readonly #handler: UndiciHandler;
  readonly #gate: RequestGate;
  readonly #policy: RetryPolicy;
  readonly #body: RepeatableBody;
  readonly #controller = new StandInController(this);
  #attempt: Attempt | undefined;
  #failed = 0;
  #timer: NodeJS.Timeout | undefined;
  #hasStarted = false;
  #ignoreSignal: (() => void) | undefined;
  /** `trying` until an answer begins, `waiting` before the next attempt. */
  #state: 'trying' | 'waiting' | 'answered' | 'over' = 'trying';

  constructor(dispatch: UndiciDispatch, request: UndiciRequest, handler: UndiciHandler, gate: RequestGate, policy: RetryPolicy) {
    this.#dispatch = dispatch;
    this.#handler = handler;
    this.#gate = gate;
    this.#policy = policy;
    this.#body = request.body === undefined || request.body === null ? noBody : new RepeatableBody(request.body);
    this.#request = this.#body.isWrapped ? { ...request, body: this.#body.body } : request;
  }

  /** @returns as undici's dispatch() does */
  send(): boolean {
    const { signal } = this.#request;
    if (signal?.aborted === true) {
      this.#fail(reasonOf(signal));
      return true;
    }
    // undici itself looks at the signal when the request is on a connection.
    if (signal !== undefined && signal !== null) this.#ignoreSignal = listen(signal, () => this.#giveUp(reasonOf(signal)));
    this.#policy.sent();
    try {
      return this.#try();
    } catch (error) {
      this.#ignoreSignal?.();
      throw error;
    }
  }

  #try(): boolean {
    this.#state = 'trying';
    const attempt: Attempt = new Attempt(this);
    this.#attempt = attempt;
    this.#controller.target = undefined;
    attempt.gated = this.#gate.enter(this.#request, attempt);
    return attempt.gated.dispatch(this.#dispatch, this.#controller);
  }

  #tryAgain(): void {
    this.#failed++;
    try {
      this.#try();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  aborted(reason: Error | undefined): void {
    if (!this.#giveUp(reason ?? abortError())) this.#controller.target?.abort(reason);
  }

  /** Ends a request that is on no connection now. @returns false for one that is */
  #giveUp(reason: Error): boolean {
    if (this.#state !== 'waiting' && !(this.#state === 'trying' && this.#attempt?.gated?.abandon() === true)) return false;
    this.#fail(reason);
    return true;
  }

  /** Ends it from here, not from undici. */
  #fail(error: Error): void {
    this.#finish();
    this.#controller.target = undefined;
    this.#controller.end(error);
    this.#handler.onResponseError?.(this.#controller, error);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#ignoreSignal?.();
    this.#state = 'over';
    this.#attempt = undefined;
  }

  /** Milliseconds to the next attempt; undefined if there is none. */
  #wait(outcome: { readonly code?: string | undefined; readonly statusCode?: number; readonly retryAfter?: string | undefined }): number | undefined {
    const { method, upgrade } = this.#request;
    if (this.#policy.maxRetries === 0 || this.#controller.aborted || Boolean(upgrade) || !this.#body.isWhole) return undefined;
    const wait = this.#policy.next({ method, failedBefore: this.#failed, ...outcome });
    return typeof wait === 'number' ? wait : undefined;
  }

  started(attempt: Attempt, controller: UndiciController, context: unknown): void {
    if (attempt !== this.#attempt) throw discarded;
    this.#controller.target = controller;
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#controller.starting(() => this.#handler.onRequestStart?.(this.#controller, context));
  }

  bodySent(attempt: Attempt, chunk: unknown): void {
    if (attempt === this.#attempt) this.#handler.onBodySent?.(chunk);
  }

  requestSent(attempt: Attempt): void {
    if (attempt === this.#attempt) this.#handler.onRequestSent?.();
  }

  responseStarted(attempt: Attempt): void {
    if (attempt === this.#attempt) this.#handler.onResponseStarted?.();
  }

  upgraded(attempt: Attempt, statusCode: number | null, headers: UndiciHeaders, socket: unknown): void {
    if (attempt !== this.#attempt) return;
    this.#finish();
    this.#handler.onRequestUpgrade?.(this.#controller, statusCode, headers, socket);
  }

  answered(attempt: Attempt, controller: UndiciController, statusCode: number, headers: UndiciHeaders, statusMessage: string | undefined): void {
    if (attempt !== this.#attempt) return;
    if (statusCode >= 200) {
      const wait = this.#policy.statusCodes.includes(statusCode) ? this.#wait({ statusCode, retryAfter: firstOf(headers['retry-after']) }) : undefined;
      if (wait !== undefined) {
        this.#repeat(wait, attempt, controller);
        return;
      }
      this.#state = 'answered';
      this.#ignoreSignal?.();
    }
    this.#handler.onResponseStart?.(this.#controller, statusCode, headers, statusMessage);
  }

  data(attempt: Attempt, controller: UndiciController, chunk: Buffer): void {
    if (attempt === this.#attempt && this.#state === 'answered') this.#handler.onResponseData?.(this.#controller, chunk);
    else if ((attempt.discarded += chunk.length) > MOST_DISCARDED) controller.abort(discarded);
  }

  ended(attempt: Attempt, trailers: UndiciHeaders): void {
    attempt.isOver = true;
    clearTimeout(attempt.discardTimer);
    if (attempt !== this.#attempt || this.#state !== 'answered') return;
    this.#finish();
    this.#handler.onResponseEnd?.(this.#controller, trailers);
  }

  failed(attempt: Attempt, error: Error): void {
    attempt.isOver = true;
    clearTimeout(attempt.discardTimer);
    if (attempt !== this.#attempt) return;
    if (this.#state === 'trying') {
      const wait = this.#wait({ code: codeOf(error) });
      if (wait !== undefined) {
        this.#repeat(wait, attempt);
        return;
      }
    }
    this.#finish();
    this.#controller.end(error);
    this.#handler.onResponseError?.(this.#controller, error);
  }

  /** @param controller of an answer that is thrown away */
  #repeat(wait: number, attempt: Attempt, controller?: UndiciController): void {
    this.#state = 'waiting';
    this.#attempt = undefined;
    this.#controller.target = undefined;
    // An answer that does not end is not waited for.
    if (controller !== undefined) {
      attempt.discardTimer = setTimeout(() => {
        if (!attempt.isOver) controller.abort(discarded);
      }, DISCARD_MS).unref();
    }
    this.#timer = setTimeout(() => this.#tryAgain(), wait);
  }
}

/** One attempt, which tells its request of what happens. */
class Attempt implements UndiciHandler {
  gated: GatedRequest | undefined;
  isOver = false;
  discarded = 0;
  discardTimer: NodeJS.Timeout | undefined;
  readonly #request: PooledRequest;

  constructor(request: PooledRequest) {
    this.#request = request;
  }

  onRequestStart(controller: UndiciController, context: unknown): void {
    this.#request.started(this, controller, context);
  }

  onBodySent(chunk: unknown): void {
    this.#request.bodySent(this, chunk);
  }

  onRequestSent(): void {
    this.#request.requestSent(this);
  }

  onResponseStarted(): void {
    this.#request.responseStarted(this);
  }

  onRequestUpgrade(_: UndiciController, statusCode: number | null, headers: UndiciHeaders, socket: unknown): void {
    this.#request.upgraded(this, statusCode, headers, socket);
  }

  onResponseStart(controller: UndiciController, statusCode: number, headers: UndiciHeaders, statusMessage?: string): void {
    this.#request.answered(this, controller, statusCode, headers, statusMessage);
  }

  onResponseData(controller: UndiciController, chunk: Buffer): void {
    this.#request.data(this, controller, chunk);
  }

  onResponseEnd(_: UndiciController, trailers: UndiciHeaders): void {
    this.#request.ended(this, trailers);
  }

  onResponseError(_: UndiciController, error: Error): void {
    this.#request.failed(this, error);
  }
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

function abortError(): Error {
  return new DOMException('This operation was aborted', 'AbortError');
}

function reasonOf({ reason }: UndiciSignal): Error {
  return (reason as Error | undefined) ?? abortError();
}

/** @returns what ends it */
function listen(signal: UndiciSignal, listener: () => void): () => void {
  if (signal.addEventListener !== undefined) signal.addEventListener('abort', listener);
  else signal.on?.('abort', listener);
  return () => {
    if (signal.removeEventListener !== undefined) signal.removeEventListener('abort', listener);
    else signal.off?.('abort', listener);
  };
}
