import type { CommandDefinition } from '../../context.ts';
import { countingFlags, namespaceFlags, outputFlags, sourceFlags, watchFlags, wholeNumber, type CountingFlags, type NamespaceFlags, type OutputFlags, type SourceFlags } from '../../flags.ts';

export interface PortsFlags extends OutputFlags, NamespaceFlags, SourceFlags, CountingFlags {
  readonly top?: number | undefined;
  readonly csv?: boolean | undefined;
  readonly jsonl?: boolean | undefined;
  readonly watch?: number | undefined;
}

export const portsDefinition: CommandDefinition<PortsFlags> = {
  loader: async () => (await import('./run.ts')).runPorts,
  parameters: {
    flags: {
      top: { kind: 'parsed', parse: wholeNumber('--top', 1, 100_000_000), brief: 'Only the fullest N tuples', optional: true, placeholder: 'N' },
      csv: { kind: 'boolean', brief: 'Tuples as CSV', optional: true, withNegated: false },
      jsonl: { kind: 'boolean', brief: 'Tuples and bind pools as JSON, one a line', optional: true, withNegated: false },
      ...watchFlags,
      ...namespaceFlags,
      ...countingFlags,
      ...sourceFlags,
      ...outputFlags,
    },
    aliases: { A: 'allNamespaces', n: 'namespace', i: 'input', q: 'quiet', V: 'verbose' },
  },
  docs: {
    brief: 'df of tuples and bind pools: used, TIME_WAIT, free, use %, holder',
    fullDescription: [
      'Lists every (source, destination, port) of outgoing connections with what is taken of its connect pool, and every',
      'bind pool: what bind(source, 0) can still find. The fullest stand first.',
      '',
      'Exit code: 0 done, 1 not done, 64 bad usage, 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: '--top 20', brief: 'The twenty fullest destinations' },
      { input: '--namespace web', brief: 'Of the network namespace web, as "ip netns" names it' },
      { input: '--csv > ports.csv', brief: 'All of them, for a spreadsheet' },
      { input: "--jsonl | jq -c 'select(.ratio > 0.5)'", brief: 'Those above half, where connect() becomes slow' },
    ],
  },
};
