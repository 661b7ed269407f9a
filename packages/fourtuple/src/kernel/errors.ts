let codes: Map<number, string> | undefined;

/** Made at the first error: most runs have none. */
function allCodes(): Map<number, string> {
  const { constants } = process.getBuiltinModule('node:os');
  const made = new Map<number, string>(Object.entries(constants.errno).map(([code, errno]) => [errno, code]));
  // EAGAIN shares its number with EWOULDBLOCK; people know the first.
  made.set(constants.errno.EAGAIN, 'EAGAIN');
  made.set(constants.errno.EOPNOTSUPP, 'EOPNOTSUPP');
  return made;
}

/** `EADDRINUSE` for 98; `errno 512` for a number without a name. */
export function errnoCode(errno: number): string {
  codes ??= allCodes();
  return codes.get(errno) ?? `errno ${errno}`;
}

/** A system call or a netlink request failed. Carries what was asked, the errno, and the kernel's own words if it gave any. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly operation: string;
  readonly errno: number;
  /** Symbolic errno, e.g. `EPERM`. */
  readonly code: string;
  /** Text of the netlink extended acknowledgement, when the kernel sent one. */
  readonly kernelMessage: string | undefined;

  constructor(operation: string, errno: number, kernelMessage?: string) {
    super(`${operation}: ${errnoCode(errno)}${kernelMessage === undefined ? '' : ` (the kernel says: ${kernelMessage})`}`);
    this.operation = operation;
    this.errno = errno;
    this.code = errnoCode(errno);
    this.kernelMessage = kernelMessage;
  }
}

/** Bytes from the kernel (or a file of it) are not of the form they should have. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/** The kernel changed its tables under a dump more often than the bounded number of retries. */
export class InconsistentDumpError extends Error {
  override readonly name = 'InconsistentDumpError';
}

/** A mechanism is not there: which one, and what it needs. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
  readonly feature: string;
  readonly needs: string;

  constructor(feature: string, needs: string, cause?: unknown) {
    super(`${feature} is not available here; it needs ${needs}`, cause === undefined ? undefined : { cause });
    this.feature = feature;
    this.needs = needs;
  }
}

/** A name that no interface of the namespace has. */
export class NoSuchInterfaceError extends Error {
  override readonly name = 'NoSuchInterfaceError';

  constructor(device: string, namespace: string) {
    super(`there is no interface "${device}" in the network namespace ${namespace}`);
  }
}

/** errno of a Node file-system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Why an operation failed, in a few words: the errno's name, or the message. */
export function reasonOf(error: unknown): string {
  return error instanceof KernelError ? error.code : (errnoOf(error) ?? (error instanceof Error ? error.message : String(error)));
}
