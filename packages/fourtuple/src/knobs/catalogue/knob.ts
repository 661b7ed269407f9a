/** Where a value holds. */
export type KnobScope =
  /** One value for each network namespace. */
  | 'namespace'
  /** One value for all of them; a child namespace may be able to read it, but not to set it. */
  | 'global'
  /** One value for a process and its children. */
  | 'process';

/** A value that somebody may write, and what the kernel makes of it. */
export interface KnobExample {
  readonly value: string;
  /** What is read back; undefined when the kernel refuses it (EINVAL) and the old value stands. */
  readonly reads: string | undefined;
  /** Accepted, but not what was meant: why. */
  readonly trap?: string;
}

/** What people say of a knob, and what is so. */
export interface KnobClaim {
  readonly claim: string;
  readonly verdict: 'true' | 'half true' | 'false';
  readonly truth: string;
}

/** A setting that has to do with ports, or is said to. All facts are of Linux 6.18 unless a release is named. */
export interface Knob {
  /** As sysctl names it; of a limit of processes, as setrlimit(2) does. */
  readonly key: string;
  /** One sentence. */
  readonly brief: string;
  readonly scope: KnobScope;
  /** As it reads in a new network namespace; undefined where it depends on the machine, with why. */
  readonly defaultValue: string | undefined;
  readonly defaultNote: string;
  /** A child namespace begins with its parent's value; none of these does but where it says so. */
  readonly isInherited: boolean;
  /** First release with it, and the first without. */
  readonly since: string;
  readonly until?: string;
  readonly unit: string;
  /** What may be written, in words. */
  readonly legal: string;
  /** Values that were written to the kernel, and what became of them. */
  readonly examples: readonly KnobExample[];
  readonly does: readonly string[];
  readonly doesNot: readonly string[];
  /** Takes effect: when. */
  readonly effective: string;
  /** Other settings that decide with it, and how. */
  readonly interactions: readonly string[];
  readonly claims: readonly KnobClaim[];
  /** Kernel function, documentation, or measurement. */
  readonly source: string;
}

/** The path of a sysctl below /proc/sys. */
export function knobPath(key: string): string {
  return key.replaceAll('.', '/');
}
