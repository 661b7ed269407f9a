/** When and how often a request is sent again. */
export interface RetryOptions {
  /** Times at most: 2 by default. */
  readonly maxRetries?: number;
  /** The longest wait before the first one, in milliseconds: 100 by default. Each wait is chance between 0 and that (full jitter). */
  readonly minDelayMs?: number;
  /** Beyond this no wait grows, in milliseconds: 10,000 by default. A Retry-After that is longer is not waited for. */
  readonly maxDelayMs?: number;
  /** By what the wait grows: 2 by default. */
  readonly factor?: number;
  /** Of requests that may be sent twice: GET, HEAD, OPTIONS, PUT, DELETE and TRACE by default (RFC 9110, 9.2.2). */
  readonly methods?: readonly string[];
  /** Answers after which to ask again: 429, 502, 503 and 504 by default. */
  readonly statusCodes?: readonly number[];
  /** Retries for each request that is sent, in the long run: 0.1 by default, so that retries add a tenth to the load of a server that is ill. */
  readonly budgetRatio?: number;
  /** Retries that may be made at once before the ratio decides: 10 by default. */
  readonly budgetBurst?: number;
  /** 0 to 1, for tests. */
  readonly random?: () => number;
}

/** Failures of the network after which to ask again. That there is no port is none of them: the next attempt finds none either. */
export const retriedCodes: readonly string[] = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETDOWN', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'];

const idempotent: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'];

/** What became of an attempt. */
export interface Outcome {
  readonly method: string;
  /** Attempts that failed before this one. */
  readonly failedBefore: number;
  readonly code?: string | undefined;
  readonly statusCode?: number | undefined;
  /** As the header has it: seconds, or a date. */
  readonly retryAfter?: string | undefined;
}

/**
 * Decides about retries: exponential backoff with full jitter, Retry-After, and a budget for all requests together, as
 * that of gRPC (gRFC A6): each request adds a part of a retry, each retry takes one.
 */
export class RetryPolicy {
  readonly maxRetries: number;
  readonly methods: readonly string[];
  readonly statusCodes: readonly number[];
  readonly #minDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #factor: number;
  readonly #ratio: number;
  readonly #burst: number;
  readonly #random: () => number;
  #tokens: number;
  #retries = 0;
  #refused = 0;

  /** @throws RangeError for numbers that are none of their kind */
  constructor({ maxRetries = 2, minDelayMs = 100, maxDelayMs = 10_000, factor = 2, methods = idempotent, statusCodes = [429, 502, 503, 504], budgetRatio = 0.1, budgetBurst = 10, random = Math.random }: RetryOptions = {}) {
    if (!(Number.isInteger(maxRetries) && maxRetries >= 0)) throw new RangeError(`maxRetries is a whole number from 0 on, not ${maxRetries}`);
    if (!(minDelayMs >= 0 && maxDelayMs >= minDelayMs && factor >= 1)) throw new RangeError('the waits of retries are from minDelayMs to maxDelayMs, milliseconds from 0 on, and grow by a factor from 1 on');
    if (!(budgetRatio >= 0 && budgetBurst >= 0)) throw new RangeError('budgetRatio and budgetBurst are numbers from 0 on');
    this.maxRetries = maxRetries;
    this.methods = methods;
    this.statusCodes = statusCodes;
    this.#minDelayMs = minDelayMs;
    this.#maxDelayMs = maxDelayMs;
    this.#factor = factor;
    this.#ratio = budgetRatio;
    this.#burst = budgetBurst;
    this.#random = random;
    this.#tokens = budgetBurst;
  }

  /** A request, not a retry of one, is sent. */
  sent(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + this.#ratio);
  }

  /** @returns milliseconds to wait before the next attempt, or why there is none */
  next({ method, failedBefore, code, statusCode, retryAfter }: Outcome, now: number = Date.now()): number | 'not to be repeated' | 'often enough' | 'too late' | 'budget' {
    const isRetried = statusCode === undefined ? code !== undefined && retriedCodes.includes(code) : this.statusCodes.includes(statusCode);
    if (!isRetried || !this.methods.includes(method.toUpperCase())) return 'not to be repeated';
    if (failedBefore >= this.maxRetries) return 'often enough';
    const asked = retryAfter === undefined ? undefined : retryAfterMs(retryAfter, now);
    if (asked !== undefined && asked > this.#maxDelayMs) return 'too late';
    // Tenths do not add up to one exactly.
    if (this.#tokens < 1 - 1e-9) {
      this.#refused++;
      return 'budget';
    }
    this.#tokens--;
    this.#retries++;
    const most = Math.min(this.#maxDelayMs, this.#minDelayMs * Math.min(Number.MAX_VALUE, this.#factor ** failedBefore));
    const jitter = this.#random() * most;
    // What the server asks for, and then not all at once.
    return asked === undefined ? jitter : asked + jitter;
  }

  stats(): { readonly retries: number; readonly refusedByBudget: number } {
    return { retries: this.#retries, refusedByBudget: this.#refused };
  }
}

/** Milliseconds of a Retry-After header (RFC 9110, 10.2.3): a number of seconds, or a date. Undefined for what is neither. */
export function retryAfterMs(text: string, now: number): number | undefined {
  const value = text.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // Date.parse() takes almost any text with a number in it.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/i.test(value)) return undefined;
  // All three formats are of GMT; that of asctime() does not say so.
  const date = Date.parse(/GMT$/i.test(value) ? value : `${value} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
