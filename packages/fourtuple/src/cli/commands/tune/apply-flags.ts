import { outputFlags, type OutputFlags } from '../../flags.ts';

export interface ApplyFlags extends OutputFlags {
  readonly yes?: boolean | undefined;
  readonly namespace?: string | undefined;
  readonly runtime?: boolean | undefined;
  readonly fileOnly?: boolean | undefined;
  readonly file?: string | undefined;
  readonly journal: string;
  readonly changes?: string | undefined;
  readonly asWritten?: boolean | undefined;
  readonly despiteConflicts?: boolean | undefined;
}

export interface UndoFlags extends OutputFlags {
  readonly yes?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly journal: string;
}

export interface StatusFlags extends OutputFlags {
  readonly journal: string;
}

export interface VerifyFlags extends OutputFlags {
  readonly namespace?: string | undefined;
  readonly journal: string;
}

const yes = { kind: 'boolean', brief: 'Do it; without this flag it only shows what it would do', optional: true, withNegated: false } as const;
const namespace = { kind: 'parsed', parse: String, brief: 'Network namespace: a name, a process id, an inode number or a path', optional: true, placeholder: 'NAME|PID|INODE' } as const;
const journal = { kind: 'parsed', parse: String, brief: 'Where it is written down, before it is done', default: '/var/lib/fourtuple/tune.jsonl', placeholder: 'FILE' } as const;

export const applyFlags = {
  yes,
  runtime: { kind: 'boolean', brief: 'Change this kernel only, until the next boot: no file', optional: true, withNegated: false },
  fileOnly: { kind: 'boolean', brief: 'Write the file only: it holds from the next boot on', optional: true, withNegated: false },
  file: { kind: 'parsed', parse: String, brief: 'The file for the next boot (default: /etc/sysctl.d/90-fourtuple.conf, of the host alone)', optional: true, placeholder: 'PATH' },
  changes: { kind: 'parsed', parse: String, brief: 'Read the changes from a JSON document; - is standard input', optional: true, placeholder: 'FILE' },
  asWritten: { kind: 'boolean', brief: 'Also values that the kernel misreads, and lists that drop reserved ports', optional: true, withNegated: false },
  despiteConflicts: { kind: 'boolean', brief: 'Also if other files win at the next boot', optional: true, withNegated: false },
  namespace,
  journal,
  ...outputFlags,
} as const;

export const undoFlags = {
  yes,
  force: { kind: 'boolean', brief: 'Set back also what somebody else has changed since', optional: true, withNegated: false },
  journal,
  ...outputFlags,
} as const;

export const statusFlags = { journal, ...outputFlags } as const;

export const verifyFlags = { namespace, journal, ...outputFlags } as const;
