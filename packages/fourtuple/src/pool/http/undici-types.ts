/** The part of undici's dispatchers that is used here, of versions 6 to 8. */
export interface UndiciDispatcher {
  dispatch(options: UndiciRequest, handler: object): boolean;
  close(): Promise<void>;
  destroy(error?: Error | null): Promise<void>;
  on(event: string, listener: (...args: never[]) => void): unknown;
  /** Of undici's Agent from 7 on: by origin. */
  readonly stats?: unknown;
}

export interface UndiciRequest {
  readonly origin?: string | URL;
  readonly path: string;
  readonly method: string;
  readonly body?: unknown;
  readonly upgrade?: unknown;
  /** Ends the connection by this request. */
  readonly reset?: boolean;
  readonly signal?: UndiciSignal | null;
}

/** An AbortSignal, or what is like one: an EventEmitter. */
export interface UndiciSignal {
  readonly aborted?: boolean;
  readonly reason?: unknown;
  addEventListener?(event: 'abort', listener: () => void): void;
  removeEventListener?(event: 'abort', listener: () => void): void;
  on?(event: 'abort', listener: () => void): unknown;
  off?(event: 'abort', listener: () => void): unknown;
}

export type UndiciDispatch = UndiciDispatcher['dispatch'];

/** What is used of the module `undici`: `import * as undici from 'undici'`. */
export interface UndiciModule {
  readonly Agent: new (options: object) => object;
  readonly Pool: new (origin: string | URL, options: object) => object;
  readonly Client: new (origin: string | URL, options: object) => object;
}

export type UndiciHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** By which a handler of undici 7 and 8 controls its request. */
export interface UndiciController {
  abort(reason?: Error): void;
  pause(): void;
  resume(): void;
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: Error | null;
  rawHeaders?: unknown;
  rawTrailers?: unknown;
}

/** What undici 7 and 8 tell of a request. */
export interface UndiciHandler {
  onRequestStart?(controller: UndiciController, context: unknown): void;
  onBodySent?(chunk: unknown): void;
  onRequestSent?(): void;
  onRequestUpgrade?(controller: UndiciController, statusCode: number | null, headers: UndiciHeaders, socket: unknown): void;
  onResponseStarted?(): void;
  onResponseStart?(controller: UndiciController, statusCode: number, headers: UndiciHeaders, statusMessage?: string): void;
  onResponseData?(controller: UndiciController, chunk: Buffer): void;
  onResponseEnd?(controller: UndiciController, trailers: UndiciHeaders): void;
  onResponseError?(controller: UndiciController, error: Error): void;
}

/** What undici 6 tells of a request. */
export interface LegacyHandler {
  onConnect?(abort: (reason?: Error) => void, context?: unknown): void;
  onBodySent?(chunk: unknown): void;
  onRequestSent?(): void;
  onUpgrade?(statusCode: number | null, headers: unknown, socket: unknown): void;
  onResponseStarted?(): void;
  onHeaders?(statusCode: number, headers: unknown, resume: () => void, statusMessage?: string): boolean | undefined;
  onData?(chunk: Buffer): boolean | undefined;
  onComplete?(trailers: unknown): void;
  onError?(error: Error): void;
}
