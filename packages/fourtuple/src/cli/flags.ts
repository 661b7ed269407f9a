import { UsageError } from './errors.ts';

/** Flags that several commands share, as Stricli takes them; the man page and the reference are made from the same. */
export const outputFlags = {
  json: { kind: 'boolean', brief: 'One JSON document instead of tables', optional: true, withNegated: false },
  color: { kind: 'boolean', brief: 'Colour (default: on a terminal, unless NO_COLOR is set)', optional: true },
  quiet: { kind: 'boolean', brief: 'Less text', optional: true, withNegated: false },
  verbose: { kind: 'boolean', brief: 'More text', optional: true, withNegated: false },
} as const;

export interface OutputFlags {
  readonly json?: boolean | undefined;
  readonly color?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export const namespaceFlags = {
  namespace: { kind: 'parsed', parse: String, brief: 'Network namespace: a name, a process id, an inode number or a path', optional: true, placeholder: 'NAME|PID|INODE' },
  allNamespaces: { kind: 'boolean', brief: 'Every network namespace of the host', optional: true, withNegated: false },
} as const;

export interface NamespaceFlags {
  readonly namespace?: string | undefined;
  readonly allNamespaces?: boolean | undefined;
}

export const sourceFlags = {
  input: { kind: 'parsed', parse: String, brief: 'Read a recording instead of this host', optional: true, placeholder: 'FILE' },
  at: { kind: 'parsed', parse: String, brief: 'Which snapshot of the recording: its number, or the last one before a time', optional: true, placeholder: 'N|TIME' },
  source: { kind: 'enum', values: ['auto', 'sock_diag', 'procfs'], brief: 'Where sockets are read', default: 'auto' },
} as const;

export interface SourceFlags {
  readonly input?: string | undefined;
  readonly at?: string | undefined;
  readonly source: 'auto' | 'sock_diag' | 'procfs';
}

export const countingFlags = {
  owners: { kind: 'enum', values: ['auto', 'all', 'none'], brief: 'Name the processes: auto reads at most 50,000 descriptors', default: 'auto' },
  probe: { kind: 'enum', values: ['auto', 'all', 'kernel', 'none'], brief: 'How ports were bound: all asks the kernel without a packet, kernel reads it by BPF, auto reads many, or samples them', default: 'auto' },
  quick: { kind: 'boolean', brief: 'Count only: no processes, no probes, no bound-only sockets, no UDP', optional: true, withNegated: false },
} as const;

export interface CountingFlags {
  readonly owners: 'auto' | 'all' | 'none';
  readonly probe: 'auto' | 'all' | 'kernel' | 'none';
  readonly quick?: boolean | undefined;
}

export const watchFlags = {
  watch: { kind: 'parsed', parse: parseSeconds, brief: 'Again every so many seconds, until interrupted', optional: true, placeholder: 'SECONDS' },
} as const;

export interface WatchFlags {
  readonly watch?: number | undefined;
}

/** Whole number in a range, or a clear refusal. */
export function wholeNumber(name: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) throw new UsageError(`${name} takes a whole number from ${low} to ${high}, not "${text}"`);
    return value;
  };
}

/** `0.8`, `80%` or `80` to a ratio of 0 to 1. */
export function parseRatio(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]);
  const ratio = match?.[2] === '%' || value > 1 ? value / 100 : value;
  if (!(ratio > 0 && ratio <= 1)) throw new UsageError(`a threshold is a share such as 80% or 0.8, not "${text}"`);
  return ratio;
}

/** `5`, `5s`, `2m`, `1h`, `500ms` to seconds. */
export function parseSeconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const seconds = match === null ? Number.NaN : Number(match[1]) * ({ ms: 0.001, s: 1, m: 60, h: 3600 }[match[2] ?? 's'] ?? 1);
  if (!(seconds >= 0.1 && seconds <= 2_000_000)) throw new UsageError(`a time is such as 5, 5s, 2m or 1h, at least 100ms, not "${text}"`);
  return seconds;
}
