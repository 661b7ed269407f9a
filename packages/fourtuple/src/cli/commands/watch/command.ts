import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { namespaceFlags, outputFlags, parseSeconds, wholeNumber, type NamespaceFlags, type OutputFlags } from '../../flags.ts';

export interface WatchFlags extends OutputFlags, Pick<NamespaceFlags, 'namespace'> {
  readonly interval: number;
  readonly for?: number | undefined;
  readonly once?: boolean | undefined;
  readonly jsonl?: boolean | undefined;
  readonly binds?: boolean | undefined;
  readonly top: number;
  readonly mechanism: 'auto' | 'bpf' | 'tracefs';
}

export const watchCommand = buildCommand<WatchFlags, [], CliContext>({
  loader: async () => (await import('./run.ts')).runWatch,
  parameters: {
    flags: {
      interval: { kind: 'parsed', parse: parseSeconds, brief: 'A picture every so many seconds', default: '1s', placeholder: 'SECONDS' },
      for: { kind: 'parsed', parse: parseSeconds, brief: 'Ends after this time', optional: true, placeholder: 'SECONDS' },
      once: { kind: 'boolean', brief: 'One interval, and no more', optional: true, withNegated: false },
      jsonl: { kind: 'boolean', brief: 'One JSON document an interval, each on a line', optional: true, withNegated: false },
      binds: { kind: 'boolean', brief: 'Failing bind() calls too: meanwhile every system call of the host takes some 100 ns longer', optional: true, withNegated: false },
      top: { kind: 'parsed', parse: wholeNumber('--top', 1, 100_000), brief: 'Rows of each table', default: '20', placeholder: 'N' },
      mechanism: { kind: 'enum', values: ['auto', 'bpf', 'tracefs'], brief: 'How it is counted', default: 'auto' },
      namespace: namespaceFlags.namespace,
      ...outputFlags,
    },
    aliases: { n: 'namespace', q: 'quiet', V: 'verbose' },
  },
  docs: {
    brief: 'count the connects that find no port, as they happen, and who made them',
    fullDescription: [
      'Counts, in all network namespaces, the connect() calls that fail for want of a port, by tuple and process, which no',
      'counter of the kernel does; and how many outgoing connections are tried, made and closed a second. It counts in the',
      'kernel, by a small BPF program on a tracepoint, or, where BPF is refused, by the tracepoint\'s text. Nothing stays in',
      'the kernel when it ends, however it ends, but for an empty trace instance after a SIGKILL without BPF, which the next',
      'start takes away. A connect() with a source port of its own is not counted; bind() calls that fail are with --binds alone,',
      'by their address, errno and process, which takes tracefs and BPF.',
      '',
      'Exit code: 0 done, 1 not done, 64 bad usage, 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: '', brief: 'A live picture, until interrupted' },
      { input: '--binds --for 1m', brief: 'Whose bind() fails, on which port, with which errno' },
      { input: '--for 30s --json', brief: 'What failed in half a minute, as one document' },
      { input: '--jsonl --interval 10s >> connects.jsonl', brief: 'A line every ten seconds, for a log' },
    ],
  },
});
