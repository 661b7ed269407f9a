import type { ErrnoName } from './errno.ts';

/** What really failed, whatever the text calls it. */
export type LoggedCause =
  /** bind() to a port of the program's choice: somebody holds it. */
  | 'port-taken'
  /** bind() of a source address without a port: its pool is empty. */
  | 'bind-pool-empty'
  /** connect(): no source port is left for (source, destination, port), or this very four-tuple exists. */
  | 'no-free-port'
  /** bind(): the address is not on this host. */
  | 'address-not-local'
  /** bind(): a port that takes a privilege. */
  | 'port-privileged'
  /** connect() or sendto() of a UDP socket found no local port. */
  | 'udp-ports-empty'
  | 'conntrack-full'
  | 'descriptors'
  | 'refused'
  | 'timed-out'
  | 'reset'
  | 'unreachable'
  | 'no-ipv6'
  | 'name-not-resolved'
  | 'memory'
  | 'permission'
  | 'backlog'
  /** The text names an errno of ports, but not which call got it. */
  | 'ambiguous'
  | 'not-about-ports';

/** The system call that failed. */
export type LoggedOperation = 'bind' | 'connect' | 'listen' | 'send' | 'unknown';

export interface LoggedEndpoint {
  /** As written, without brackets; '' where the text has only a port. */
  readonly host: string;
  readonly port: number | undefined;
}

export interface LoggedFailure {
  readonly cause: LoggedCause;
  /** Other causes that write exactly the same text, likeliest first. */
  readonly alternatives: readonly LoggedCause[];
  /** `nginx`, `Node.js`; undefined where many write this text. */
  readonly program: string | undefined;
  readonly operation: LoggedOperation;
  readonly protocol: 'tcp' | 'udp' | undefined;
  readonly errno: string | undefined;
  readonly local: LoggedEndpoint | undefined;
  readonly remote: LoggedEndpoint | undefined;
  /** An endpoint of which the text does not tell whether it is the local or the remote one. */
  readonly mentioned: LoggedEndpoint | undefined;
  /** One sentence for a person: what really failed, and where the text misleads. */
  readonly explanation: string;
}

/** What a rule read from the text; the rest follows from the call and the errno. */
export interface Reading {
  readonly program?: string | undefined;
  readonly operation?: LoggedOperation | undefined;
  readonly protocol?: 'tcp' | 'udp' | undefined;
  readonly errno?: ErrnoName | undefined;
  readonly local?: LoggedEndpoint | undefined;
  readonly remote?: LoggedEndpoint | undefined;
  readonly mentioned?: LoggedEndpoint | undefined;
  /** Where call and errno do not settle it. */
  readonly cause?: LoggedCause | undefined;
  readonly alternatives?: readonly LoggedCause[] | undefined;
  /** Where the text misleads: a clause that the explanation begins with. */
  readonly lead?: string | undefined;
  /** Replaces the explanation that follows from the cause. */
  readonly explanation?: string | undefined;
}

export interface LineRule {
  /** Begins with literal text and has bounded repetitions only: it must stay linear on hostile lines. */
  readonly pattern: RegExp;
  readonly read: (found: RegExpExecArray, text: string) => Reading | undefined;
}

/** The texts of programs that are related. */
export interface LineFamily {
  /** Lower-case pieces, one of which is in every line that the rules know without the name or text of an errno. */
  readonly signs: readonly string[];
  readonly rules: readonly LineRule[];
}

/** A named group of a match; undefined when it took no part, or is empty. */
export function group(found: RegExpExecArray, name: string): string | undefined {
  const text = found.groups?.[name];
  return text === '' ? undefined : text;
}
