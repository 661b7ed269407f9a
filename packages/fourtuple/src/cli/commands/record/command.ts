import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { namespaceFlags, outputFlags, parseSeconds, wholeNumber, type NamespaceFlags, type OutputFlags } from '../../flags.ts';

export interface RecordFlags extends OutputFlags, NamespaceFlags {
  readonly every?: number | undefined;
  readonly for?: number | undefined;
  readonly count?: number | undefined;
  readonly owners: 'auto' | 'all' | 'none';
  readonly probe: 'auto' | 'all' | 'kernel' | 'none';
  readonly source: 'auto' | 'sock_diag' | 'procfs';
}

export const recordCommand = buildCommand<RecordFlags, [string], CliContext>({
  loader: async () => (await import('./run.ts')).runRecord,
  parameters: {
    flags: {
      every: { kind: 'parsed', parse: parseSeconds, brief: 'One snapshot every so many seconds, until interrupted', optional: true, placeholder: 'SECONDS' },
      for: { kind: 'parsed', parse: parseSeconds, brief: 'Stop after this time', optional: true, placeholder: 'SECONDS' },
      count: { kind: 'parsed', parse: wholeNumber('--count', 1, 1_000_000), brief: 'Stop after so many snapshots', optional: true, placeholder: 'N' },
      owners: { kind: 'enum', values: ['auto', 'all', 'none'], brief: 'Record the processes: auto reads at most 50,000 descriptors', default: 'auto' },
      probe: { kind: 'enum', values: ['auto', 'all', 'kernel', 'none'], brief: 'How ports were bound: all asks the kernel without a packet, kernel reads it by BPF, auto reads many, or samples them', default: 'auto' },
      source: { kind: 'enum', values: ['auto', 'sock_diag', 'procfs'], brief: 'Where sockets are read', default: 'auto' },
      ...namespaceFlags,
      ...outputFlags,
    },
    aliases: { A: 'allNamespaces', n: 'namespace', q: 'quiet', V: 'verbose' },
    positional: { kind: 'tuple', parameters: [{ brief: 'Recording; snapshots are appended, compressed when the name ends in .gz', parse: String, placeholder: 'FILE' }] },
  },
  docs: {
    brief: 'Append black-box snapshots to a file; any command reads it back with --input FILE',
    fullDescription: [
      'Writes everything that the other commands look at: sockets, settings, counters, processes, how ports were bound.',
      'The file holds addresses and process names: it is made readable for its owner alone.',
      '',
      'Exit code: 0 done, 1 not done, 64 bad usage, 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: 'black-box.jsonl.gz', brief: 'One snapshot now' },
      { input: 'black-box.jsonl.gz --every 10s --for 1h', brief: 'A snapshot every ten seconds, for an hour' },
      { input: 'incident.jsonl.gz --all-namespaces --owners all --probe all', brief: 'Everything that can be known, to be looked at later' },
    ],
  },
});
