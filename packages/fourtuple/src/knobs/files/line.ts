import type { SysctlProblem } from './problem.ts';

interface Numbered {
  /** From 1. */
  readonly line: number;
  readonly problems: readonly SysctlProblem[];
}

/** Blank, a comment, or a line that procps leaves out with a warning. */
export interface SysctlText extends Numbered {
  readonly kind: 'blank' | 'comment' | 'malformed';
  /** As it stands, without its newline. */
  readonly text: string;
}

interface Named extends Numbered {
  /** As it is written, after the first `-`, without blanks behind it. */
  readonly key: string;
  /** Where it stands below /proc/sys: `net/ipv4/conf/eth0.1/rp_filter`. */
  readonly path: string;
  /** True if the path has wildcards. */
  readonly pattern: boolean;
}

/** `key = value`. */
export interface SysctlSetting extends Named {
  readonly kind: 'setting';
  /** Without blanks around it; empty is written as an empty line. */
  readonly value: string;
  /** `-key = value`: a key that cannot be opened is no failure. Refused values still are one. */
  readonly ignoreFailure: boolean;
}

/** `-key`: patterns pass by this key. */
export interface SysctlExclusion extends Named {
  readonly kind: 'exclusion';
}

export type SysctlLine = SysctlText | SysctlSetting | SysctlExclusion;

/** What stands in a file of sysctl.conf(5). */
export interface SysctlFile {
  /** Absolute, as the host has it: its folder and name decide on its precedence. */
  readonly path: string;
  readonly lines: readonly SysctlLine[];
}
