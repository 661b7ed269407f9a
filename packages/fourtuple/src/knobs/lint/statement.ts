/** A stretch of a text, in UTF-16 units from its start; `end` is behind the last one. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Whose setting it is: a machine, a machine that runs pods, a pod, a container. */
export type Reach = 'host' | 'node' | 'pod' | 'container';

/** By what a setting is written. */
export type Means =
  /** sysctl.conf(5), and what becomes such a file. */
  | 'sysctl-file'
  /** A word of a command line: `sysctl -w KEY=VALUE`. */
  | 'command'
  /** `echo VALUE > /proc/sys/KEY` */
  | 'redirection'
  /** A field of a description that some program turns into a write. */
  | 'field';

/** What keeps a command from doing what it seems to do. */
export type CommandFlaw =
  /** `sysctl KEY = VALUE`: reads KEY, then fails at `=` and at VALUE. */
  | 'blanks-around-equals'
  /** `sysctl -w KEY=1024 65535`: the second word is another argument. */
  | 'value-not-quoted'
  /** `sudo echo VALUE > /proc/sys/KEY`: the shell opens the file, not sudo. */
  | 'redirected-by-shell';

/** One setting, where it stands in a text. */
export interface Statement {
  /** Settings of one group end in the same place (a host, a pod, a service), in the order in which they stand. */
  readonly group: string;
  readonly reach: Reach;
  /** A pod or container that shares the network namespace of its host. */
  readonly sharesHostNetwork: boolean;
  readonly means: Means;
  /** Dotted: `net.ipv4.ip_local_port_range`. */
  readonly key: string;
  readonly keySpan: Span;
  /** What would be written; undefined where the text does not say: a variable, a template. */
  readonly value: string | undefined;
  readonly valueSpan: Span | undefined;
  /** All of it: what would be taken out to take it back. */
  readonly span: Span;
  /** Comments directly before it and behind it, without their marks; empty without. */
  readonly comment: string;
  readonly flaw?: CommandFlaw;
  /** Of a format with types: false for a number or a switch where a string stands for values. */
  readonly isString?: boolean;
  /** The value is written only if what is there is lower, or higher: `=>` and `=<` of tuned. */
  readonly bound?: 'at-least' | 'at-most';
}

/** A port that a description says something listens on. */
export interface NamedPort {
  readonly group: string;
  readonly port: number;
  readonly span: Span;
}

/** Something about the text itself. */
export interface TextProblem {
  readonly span: Span;
  /** One sentence without a full stop. */
  readonly text: string;
}

/** What a format finds in a text. */
export interface Extracted {
  readonly statements: readonly Statement[];
  readonly ports: readonly NamedPort[];
  /** Why a part could not be read. */
  readonly problems: readonly TextProblem[];
}

export const nothingExtracted: Extracted = { statements: [], ports: [], problems: [] };
