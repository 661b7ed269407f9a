import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { namespaceFlags, outputFlags, sourceFlags, type NamespaceFlags, type OutputFlags, type SourceFlags } from '../../flags.ts';

export interface SocketsFlags extends OutputFlags, NamespaceFlags, SourceFlags {
  readonly tcp?: boolean | undefined;
  readonly udp?: boolean | undefined;
  readonly csv?: boolean | undefined;
  readonly jsonl?: boolean | undefined;
  readonly owners: 'auto' | 'all' | 'none';
}

export const socketsCommand = buildCommand<SocketsFlags, string[], CliContext>({
  loader: async () => (await import('./run.ts')).runSockets,
  parameters: {
    flags: {
      tcp: { kind: 'boolean', brief: 'TCP alone', optional: true, withNegated: false },
      udp: { kind: 'boolean', brief: 'UDP alone', optional: true, withNegated: false },
      csv: { kind: 'boolean', brief: 'CSV', optional: true, withNegated: false },
      jsonl: { kind: 'boolean', brief: 'JSON, one socket a line', optional: true, withNegated: false },
      owners: { kind: 'enum', values: ['auto', 'all', 'none'], brief: 'Name the processes: auto reads at most 50,000 descriptors', default: 'auto' },
      ...namespaceFlags,
      ...sourceFlags,
      ...outputFlags,
    },
    aliases: { t: 'tcp', u: 'udp', A: 'allNamespaces', n: 'namespace', i: 'input', q: 'quiet', V: 'verbose' },
    positional: { kind: 'array', parameter: { brief: 'Filter in the language of ss', parse: String, placeholder: 'FILTER' } },
  },
  docs: {
    brief: "Every socket, with ss's filter language, and the JSON that ss lacks",
    fullDescription: [
      'Lists TCP and UDP sockets of all states, bound and unconnected ones included.',
      '',
      'FILTER: state NAME and exclude NAME (established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, closed,',
      'close-wait, last-ack, listening, closing, bound-inactive; all, connected, synchronized, bucket, big), then conditions:',
      'sport and dport with = != > >= < <= (eq ne gt ge lt le) and a port, service or LOW-HIGH; src and dst with an',
      'address, prefix, address:port or [IPv6]:port; autobound; dev NAME; fwmark N/MASK; cgroup PATH; joined by and, or,',
      'not, brackets. Conditions side by side mean and. Quote brackets and < > ! from the shell.',
      '',
      'Exit code: 0 done, 1 not done, 64 bad usage, 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: 'state time-wait dst 10.0.0.9:5432', brief: 'What waits out the connections to one server' },
      { input: 'state established dport = :443 and not dst 10.0.0.0/8', brief: 'Connections to the outside' },
      { input: "'( sport = :443 or sport = :80 )' --json", brief: 'Brackets, quoted from the shell; one JSON document' },
      { input: '--tcp state bound-inactive', brief: 'Ports that are bound, and neither listen nor are connected' },
    ],
  },
});
