import type { LegacyHandler, UndiciController, UndiciHandler } from './undici-types.ts';

/** A handler of undici 6 as one of undici 7. */
export class FromLegacy implements UndiciHandler {
  readonly #handler: LegacyHandler;

  constructor(handler: LegacyHandler) {
    this.#handler = handler;
  }

  onRequestStart(controller: UndiciController, context: unknown): void {
    this.#handler.onConnect?.((reason) => controller.abort(reason), context);
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

  onRequestUpgrade({ rawHeaders }: UndiciController, statusCode: number | null, _: unknown, socket: unknown): void {
    this.#handler.onUpgrade?.(statusCode, rawHeaders, socket);
  }

  onResponseStart(controller: UndiciController, statusCode: number, _: unknown, statusMessage?: string): void {
    if (this.#handler.onHeaders?.(statusCode, controller.rawHeaders, () => controller.resume(), statusMessage) === false) controller.pause();
  }

  onResponseData(controller: UndiciController, chunk: Buffer): void {
    if (this.#handler.onData?.(chunk) === false) controller.pause();
  }

  onResponseEnd({ rawTrailers }: UndiciController): void {
    this.#handler.onComplete?.(rawTrailers);
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.#handler.onError === undefined) throw error;
    this.#handler.onError(error);
  }
}

/** A handler of undici 7 as one of undici 6. */
export class LegacyAdapter implements LegacyHandler {
  readonly #handler: UndiciHandler;
  #made: LegacyController | undefined;

  constructor(handler: UndiciHandler) {
    this.#handler = handler;
  }

  /** One that fails before it is on a connection has none yet. */
  get #controller(): LegacyController {
    return (this.#made ??= new LegacyController(() => undefined));
  }

  onConnect(abort: (reason?: Error) => void, context: unknown): void {
    this.#made = new LegacyController(abort);
    this.#handler.onRequestStart?.(this.#controller, context);
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

  onUpgrade(statusCode: number | null, headers: unknown, socket: unknown): void {
    this.#controller.rawHeaders = headers;
    this.#handler.onRequestUpgrade?.(this.#controller, statusCode, new RawHeaders(headers), socket);
  }

  onHeaders(statusCode: number, headers: unknown, resume: () => void, statusMessage?: string): boolean {
    this.#controller.rawHeaders = headers;
    this.#controller.resumed = resume;
    this.#handler.onResponseStart?.(this.#controller, statusCode, new RawHeaders(headers), statusMessage);
    return !this.#controller.paused;
  }

  onData(chunk: Buffer): boolean {
    this.#handler.onResponseData?.(this.#controller, chunk);
    return !this.#controller.paused;
  }

  onComplete(trailers: unknown): void {
    this.#controller.rawTrailers = trailers;
    this.#handler.onResponseEnd?.(this.#controller, new RawHeaders(trailers));
  }

  onError(error: Error): void {
    this.#handler.onResponseError?.(this.#controller, error);
  }
}

class LegacyController implements UndiciController {
  rawHeaders: unknown;
  rawTrailers: unknown;
  resumed: (() => void) | undefined;
  readonly #abort: (reason?: Error) => void;
  #isPaused = false;
  #isAborted = false;
  #reason: Error | null = null;

  constructor(abort: (reason?: Error) => void) {
    this.#abort = abort;
  }

  abort(reason?: Error): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason ?? null;
    this.#abort(reason);
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** A handler of undici 6 may ask for more though it did not ask to wait. */
  resume(): void {
    this.#isPaused = false;
    this.resumed?.();
  }

  get aborted(): boolean {
    return this.#isAborted;
  }

  get paused(): boolean {
    return this.#isPaused;
  }

  get reason(): Error | null {
    return this.#reason;
  }
}

/** Names and values by turns, as undici 6 has them, of which one is asked for here, and seldom: a legacy handler gets the raw ones. */
class RawHeaders {
  readonly [name: string]: string | undefined;
  readonly #raw: unknown;

  constructor(raw: unknown) {
    this.#raw = raw;
  }

  get 'retry-after'(): string | undefined {
    const raw = this.#raw;
    if (!Array.isArray(raw)) return undefined;
    for (let index = 0; index + 1 < raw.length; index += 2) if (String(raw[index]).toLowerCase() === 'retry-after') return String(raw[index + 1]);
    return undefined;
  }
}
