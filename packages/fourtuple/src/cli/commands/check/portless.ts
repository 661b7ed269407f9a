import { KernelError, reasonOf, UnsupportedError } from '../../../kernel/index.ts';
import { watchConnects, type ConnectWatch, type WatchedFailure } from '../../../observe/index.ts';

/** Counts the connect() calls that find no port, where that is allowed. */
export interface PortlessCount {
  /** Why it is not counted, if it is not. */
  readonly limits: readonly string[];
  /** By namespace, since it was read before. */
  read(): ReadonlyMap<number, readonly WatchedFailure[]>;
  close(): void;
}

export function countPortless(): PortlessCount {
  let watch: ConnectWatch;
  try {
    watch = watchConnects({ hasChurn: false });
  } catch (error) {
    if (!(error instanceof UnsupportedError) && !(error instanceof KernelError)) throw error;
    return { limits: [`Connects that find no port are not counted meanwhile (${reasonOf(error instanceof UnsupportedError && error.cause !== undefined ? error.cause : error)}): "fourtuple watch" says what that takes.`], read: () => new Map(), close: () => undefined };
  }
  return {
    limits: [],
    read() {
      const found = new Map<number, WatchedFailure[]>();
      for (const one of watch.read().failures) {
        // The probe asks the kernel by connects that shall fail: they are our own.
        if (one.namespace === undefined || one.owner.pid === process.pid) continue;
        const own = found.get(one.namespace);
        if (own === undefined) found.set(one.namespace, [one]);
        else own.push(one);
      }
      return found;
    },
    close: () => watch.close(),
  };
}
