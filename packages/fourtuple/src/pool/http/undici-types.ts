/** The part of undici's dispatchers that is used here, of versions 6 to 8. */
export interface UndiciDispatcher {
  dispatch(options: UndiciRequest, handler: object): boolean;
  compose(...interceptors: readonly UndiciInterceptor[]): UndiciDispatcher;
  close(): Promise<void>;
  destroy(error?: Error | null): Promise<void>;
  on(event: string, listener: (...args: never[]) => void): unknown;
  /** Of undici's Agent from 7.? on: by origin. */
  readonly stats?: unknown;
}

export interface UndiciRequest {
  readonly origin?: string | URL;
  readonly path: string;
  readonly method: string;
}

export type UndiciDispatch = UndiciDispatcher['dispatch'];
export type UndiciInterceptor = (dispatch: UndiciDispatch) => UndiciDispatch;

/** What is used of the module `undici`: `import * as undici from 'undici'`. */
export interface UndiciModule {
  readonly Agent: new (options: object) => object;
  readonly Pool: new (origin: string | URL, options: object) => object;
  readonly interceptors: { retry(options: object): unknown };
}
