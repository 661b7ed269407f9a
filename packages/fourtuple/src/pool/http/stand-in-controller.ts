import type { UndiciController } from './undici-types.ts';

/** Told when its handler aborts. */
interface AbortedRequest {
  aborted(reason: Error | undefined): void;
}

/** The controller that a handler keeps for all attempts of its request: that of the attempt of now, if there is one. */
export class StandInController implements UndiciController {
  readonly #request: AbortedRequest;
  #target: UndiciController | undefined;
  #isPaused = false;
  #isAborted = false;
  #isStarting = false;
  #reason: Error | null = null;

  constructor(request: AbortedRequest) {
    this.#request = request;
  }

  get target(): UndiciController | undefined {
    return this.#target;
  }

  set target(target: UndiciController | undefined) {
    this.#target = target;
    if (this.#isPaused) target?.pause();
  }

  /**
   * Calls the handler's onRequestStart().
   * @throws the reason for which it aborts there: undici then drops the request, and keeps the connection. An abort would end that, too.
   */
  starting(start: () => void): void {
    this.#isStarting = true;
    try {
      start();
    } finally {
      this.#isStarting = false;
    }
    if (this.#isAborted && this.#reason !== null) throw this.#reason;
  }

  abort(reason?: Error): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason ?? null;
    if (!this.#isStarting || reason === undefined || reason === null) this.#request.aborted(reason);
  }

  /** The request has failed, and takes no abort any more. */
  end(reason: Error): void {
    this.#isAborted = true;
    this.#reason ??= reason;
  }

  pause(): void {
    this.#isPaused = true;
    this.#target?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#target?.resume();
  }

  get aborted(): boolean {
    return this.#isAborted || this.#target?.aborted === true;
  }

  get paused(): boolean {
    return this.#isPaused || this.#target?.paused === true;
  }

  get reason(): Error | null {
    return this.#reason ?? this.#target?.reason ?? null;
  }

  get rawHeaders(): unknown {
    return this.#target?.rawHeaders ?? null;
  }

  set rawHeaders(headers: unknown) {
    if (this.#target !== undefined) this.#target.rawHeaders = headers;
  }

  get rawTrailers(): unknown {
    return this.#target?.rawTrailers ?? null;
  }

  set rawTrailers(trailers: unknown) {
    if (this.#target !== undefined) this.#target.rawTrailers = trailers;
  }
}
