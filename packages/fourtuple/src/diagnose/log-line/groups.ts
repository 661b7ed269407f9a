import { EventAssembler, type LogEvent } from './events.ts';
import type { LoggedEndpoint, LoggedFailure } from './failure.ts';
import { mayTellOfFailure, recognizeLine } from './recognize.ts';

/** Failures that are alike: cause, program, call, errno and addresses; a client's source port counts for nothing. */
export interface LogGroup {
  readonly failure: LoggedFailure;
  readonly count: number;
  /** The first line that told of it, cut at a sane length. */
  readonly example: string;
  /** Its number, from 1. */
  readonly firstLine: number;
}

export interface LogSummary {
  /** Most frequent first. */
  readonly groups: readonly LogGroup[];
  readonly lines: number;
  readonly failures: number;
  /** Failures that fit no group any more, when there were too many groups. */
  readonly ungrouped: number;
}

const MAX_GROUPS = 1000;
const MAX_EXAMPLE = 500;
/** Lines of the same failure stand this close together. */
const NEAR = 4;

interface Pending {
  readonly failure: LoggedFailure;
  readonly event: LogEvent;
}

/**
 * Reads a log line by line and groups its failures. Memory is bounded, whatever the log.
 * @example
 * const groups = new LogGroups();
 * for (const line of log.split('\n')) groups.add(line);
 * groups.result().groups[0]?.failure.explanation;
 */
export class LogGroups {
  readonly #events = new EventAssembler(mayTellOfFailure);
  readonly #groups = new Map<string, { failure: LoggedFailure; count: number; example: string; firstLine: number }>();
  #failures = 0;
  #ungrouped = 0;
  /** Some programs tell of one failure in several lines, each with a part of it. */
  #pending: Pending | undefined;

  add(line: string): void {
    this.#take(this.#events.add(line));
  }

  /** What was found so far; lines may be added after it. */
  result(): LogSummary {
    this.#take(this.#events.end());
    this.#settle();
    const groups = [...this.#groups.values()].map((group) => ({ ...group })).sort((a, b) => b.count - a.count || a.firstLine - b.firstLine);
    return { groups, lines: this.#events.lines, failures: this.#failures, ungrouped: this.#ungrouped };
  }

  #take(event: LogEvent | undefined): void {
    const failure = event === undefined ? undefined : recognizeLine(event.text);
    if (event === undefined || failure === undefined) return;
    const before = this.#pending;
    if (before !== undefined && event.lineNumber - before.event.lineNumber <= NEAR) {
      const both = merged(before.failure, failure);
      if (both !== undefined) {
        this.#pending = { failure: both, event: before.event };
        return;
      }
    }
    this.#settle();
    this.#pending = { failure, event };
  }

  #settle(): void {
    if (this.#pending === undefined) return;
    const { failure, event } = this.#pending;
    this.#pending = undefined;
    this.#failures++;
    const key = keyOf(failure);
    const group = this.#groups.get(key);
    if (group !== undefined) {
      group.count++;
    } else if (this.#groups.size < MAX_GROUPS) {
      this.#groups.set(key, { failure, count: 1, example: event.line.slice(0, MAX_EXAMPLE), firstLine: event.lineNumber });
    } else {
      this.#ungrouped++;
    }
  }
}

function keyOf({ cause, program, operation, protocol, errno, local, remote, mentioned }: LoggedFailure): string {
  // A client's source port differs from call to call and says nothing about what is wrong.
  const source = remote === undefined ? [local?.host, local?.port] : [local?.host, local?.port === 0 ? 0 : undefined];
  return JSON.stringify([cause, program, operation, protocol, errno, ...source, remote?.host, remote?.port, mentioned?.host, mentioned?.port]);
}

/**
 * One failure out of two lines of the same program, where one completes the other: MariaDB writes the errno, then the
 * port. Undefined when they tell of two failures.
 */
function merged(first: LoggedFailure, second: LoggedFailure): LoggedFailure | undefined {
  if (first.program === undefined || first.program !== second.program || first.cause !== second.cause || first.operation !== second.operation) return undefined;
  if (first.errno !== undefined && second.errno !== undefined && first.errno !== second.errno) return undefined;
  const local = union(first.local, second.local);
  const remote = union(first.remote, second.remote);
  if (local === 'differ' || remote === 'differ') return undefined;
  if (isSame(first.local, second.local) && isSame(first.remote, second.remote) && first.local?.port !== undefined) return undefined;
  const fuller = first.local?.port === undefined && second.local?.port !== undefined ? second : first;
  return { ...fuller, errno: first.errno ?? second.errno, alternatives: first.alternatives.filter((other) => second.alternatives.includes(other)), local, remote };
}

function union(first: LoggedEndpoint | undefined, second: LoggedEndpoint | undefined): LoggedEndpoint | undefined | 'differ' {
  if (first === undefined || second === undefined) return first ?? second;
  if (first.host !== '' && second.host !== '' && first.host !== second.host) return 'differ';
  if (first.port !== undefined && second.port !== undefined && first.port !== second.port) return 'differ';
  return { host: first.host === '' ? second.host : first.host, port: first.port ?? second.port };
}

function isSame(first: LoggedEndpoint | undefined, second: LoggedEndpoint | undefined): boolean {
  return first?.host === second?.host && first?.port === second?.port;
}
