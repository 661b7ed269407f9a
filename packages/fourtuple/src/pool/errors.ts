import { constants } from 'node:os';

/** Of which connections an error speaks: from these addresses to this destination. */
export interface PortTuple {
  /** Source addresses that were tried; empty where the kernel chooses. */
  readonly sources: readonly string[];
  readonly destination: string;
  readonly destinationPort: number;
}

/** Ports that one source address may have in use to one destination. */
export interface PortBudget {
  /** Connections that are open, and those whose TIME_WAIT still holds its port, as far as this process made them. */
  readonly used: number;
  /** Most of them that this process lets itself have. */
  readonly limit: number;
  /** Ports that the kernel may choose: the local port range without reserved ports. */
  readonly capacity: number;
}

/** What every error of a pool carries besides its message: what to do. */
export abstract class PoolError extends Error {
  abstract readonly code: string;
  /** What to do about it, in a sentence or two. */
  abstract readonly remedy: string;
}

/** Source addresses that cannot be used. */
export class SourceError extends PoolError {
  override readonly name = 'SourceError';
  readonly code = 'ERR_FOURTUPLE_SOURCE';
  readonly remedy = 'Name addresses of this host: `ip address` lists them, and `fourtuple plan sources` says how many are needed.';
}

/** The kernel has no port for a tuple. Its fields and the first words of its message are those of Node's own error. */
export class PortsExhaustedError extends PoolError {
  override readonly name = 'PortsExhaustedError';
  readonly code: string;
  readonly errno: number;
  readonly syscall = 'connect';
  readonly address: string;
  readonly port: number;
  readonly tuple: PortTuple;
  readonly remedy: string;

  constructor(code: 'EADDRNOTAVAIL' | 'EADDRINUSE', tuple: PortTuple, capacity: number, cause?: unknown) {
    const target = destinationText(tuple);
    super(`connect ${code} ${target} - no port is left from ${sourcesText(tuple)}: ${capacity.toLocaleString('en')} ports a source address for this destination, all in use or in TIME_WAIT`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errno = -constants.errno[code];
    this.address = tuple.destination;
    this.port = tuple.destinationPort;
    this.tuple = tuple;
    this.remedy = `Keep connections open and reuse them, or give more source addresses. \`fourtuple ports\` shows who holds the ports, \`fourtuple why connect ${target}\` says why there is none.`;
  }
}

/** None of the source addresses is one of this host. */
export class SourcesMissingError extends PoolError {
  override readonly name = 'SourcesMissingError';
  readonly code = 'EADDRNOTAVAIL';
  readonly errno = -constants.errno.EADDRNOTAVAIL;
  readonly syscall = 'bind';
  readonly address: string;
  readonly port = 0;
  readonly tuple: PortTuple;
  readonly remedy = 'Put the address on an interface (`ip address add`), or take it from the list; a list that names an interface is read when the connector is made.';

  constructor(tuple: PortTuple, cause?: unknown) {
    super(`bind EADDRNOTAVAIL ${tuple.sources[0] ?? ''} - ${tuple.sources.length === 1 ? 'it is not an address' : `none of ${sourcesText(tuple)} is an address`} of this host`, cause === undefined ? undefined : { cause });
    this.address = tuple.sources[0] ?? '';
    this.tuple = tuple;
  }
}

/** One more connection would be beyond what this process lets itself take of a tuple's ports. */
export class PortBudgetError extends PoolError {
  override readonly name = 'PortBudgetError';
  readonly code = 'ERR_FOURTUPLE_PORT_BUDGET';
  readonly tuple: PortTuple;
  readonly budget: PortBudget;
  readonly remedy: string;

  constructor(tuple: PortTuple, budget: PortBudget, cause?: unknown) {
    const { used, limit, capacity } = budget;
    super(`the budget of ports from ${sourcesText(tuple)} to ${destinationText(tuple)} is spent: ${used.toLocaleString('en')} of ${limit.toLocaleString('en')} in use a source address, of the ${capacity.toLocaleString('en')} that the kernel has`, cause === undefined ? undefined : { cause });
    this.tuple = tuple;
    this.budget = budget;
    this.remedy = 'Reuse connections, let the server close first, give more source addresses, or raise `budget` (1 is all ports). `fourtuple plan` computes how many are needed.';
  }
}

/** A connection was not to be had in time. */
export class AcquireTimeoutError extends PoolError {
  override readonly name = 'AcquireTimeoutError';
  readonly code = 'ERR_FOURTUPLE_ACQUIRE_TIMEOUT';
  readonly tuple: PortTuple;
  readonly budget: PortBudget | undefined;
  readonly remedy: string;

  /** @param why what it waited for, as a clause; @param cause the last error on the way, if there was one */
  constructor(tuple: PortTuple, waitedMs: number, why: string, budget: PortBudget | undefined, remedy: string, cause?: unknown) {
    super(`no connection to ${destinationText(tuple)} within ${waitedMs.toLocaleString('en')} ms: ${why}`, cause === undefined ? undefined : { cause });
    this.tuple = tuple;
    this.budget = budget;
    this.remedy = remedy;
  }
}

/** As many wait for a connection as may. */
export class QueueFullError extends PoolError {
  override readonly name = 'QueueFullError';
  readonly code = 'ERR_FOURTUPLE_QUEUE_FULL';
  readonly tuple: PortTuple;
  readonly remedy = 'Ask less often, raise `max` if the server and the ports allow it (`fourtuple plan pool` computes it), or raise `maxWaiting`.';

  constructor(tuple: PortTuple, waiting: number) {
    super(`${waiting.toLocaleString('en')} wait for a connection to ${destinationText(tuple)}, and no more may`);
    this.tuple = tuple;
  }
}

/** A pool that is closed, or closing, gives no connections. */
export class PoolClosedError extends PoolError {
  override readonly name = 'PoolClosedError';
  readonly code = 'ERR_FOURTUPLE_POOL_CLOSED';
  readonly tuple: PortTuple;
  readonly remedy = 'Make a new pool, or ask before the shutdown begins.';

  constructor(tuple: PortTuple) {
    super(`the pool of connections to ${destinationText(tuple)} is closed`);
    this.tuple = tuple;
  }
}

/** A connection could not be made, for a reason that is the network's or the server's: `cause` is Node's error, and `code` its code. */
export class ConnectError extends PoolError {
  override readonly name = 'ConnectError';
  readonly code: string;
  readonly tuple: PortTuple;
  readonly remedy: string;

  constructor(tuple: PortTuple, cause: unknown) {
    const code = codeOf(cause) ?? 'ERR_FOURTUPLE_CONNECT';
    super(`no connection to ${destinationText(tuple)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.code = code;
    this.tuple = tuple;
    this.remedy = remedies[code] ?? 'See the cause.';
  }
}

/** A connection took too long to be made. `code` is the one by which undici and its retries know it. */
export class ConnectTimeoutError extends PoolError {
  override readonly name = 'ConnectTimeoutError';
  readonly code = 'UND_ERR_CONNECT_TIMEOUT';
  readonly remedy = 'See that the server answers, and that its accept queue is not full (`fourtuple check` there).';
}

const remedies: Readonly<Partial<Record<string, string>>> = {
  ECONNREFUSED: 'See that the server listens there.',
  ECONNRESET: 'See the log of the server, or of what is between.',
  ETIMEDOUT: 'See that the server answers, and that its accept queue is not full (`fourtuple check` there).',
  ENOTFOUND: 'See the name, and the resolver.',
  EMFILE: 'Raise the limit of open files (`ulimit -n`, LimitNOFILE=), or lower `max`.',
  ENFILE: 'Raise fs.file-max, or lower `max`.',
  EHOSTUNREACH: 'See the routes from the source addresses.',
  ENETUNREACH: 'See the routes from the source addresses.',
};

/** True for the errors that say that there is no port: to ask again at once finds none either. */
export function isPortError(error: unknown): boolean {
  return error instanceof PortsExhaustedError || error instanceof PortBudgetError || codeOf(error) === 'EADDRNOTAVAIL' || codeOf(error) === 'EADDRINUSE';
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `10.0.0.1:443`, `[2001:db8::1]:443`. */
export function destinationText({ destination, destinationPort }: PortTuple): string {
  return `${destination.includes(':') ? `[${destination}]` : destination}:${destinationPort}`;
}

/** The sources of a tuple as people read them: the first few of many. */
function sourcesText({ sources }: PortTuple): string {
  if (sources.length === 0) return 'this host';
  return sources.length <= 4 ? sources.join(', ') : `${sources.slice(0, 3).join(', ')} and ${(sources.length - 3).toLocaleString('en')} more`;
}
