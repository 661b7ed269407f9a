import type { CommandDefinition } from '../../context.ts';
import { countingFlags, namespaceFlags, outputFlags, parseRatio, sourceFlags, watchFlags, wholeNumber, type CountingFlags, type NamespaceFlags, type OutputFlags, type SourceFlags } from '../../flags.ts';

export interface CheckFlags extends OutputFlags, NamespaceFlags, SourceFlags, CountingFlags {
  readonly warning: number;
  readonly critical: number;
  readonly top: number;
  readonly watch?: number | undefined;
}

export const checkDefinition: CommandDefinition<CheckFlags> = {
  loader: async () => (await import('./run.ts')).runCheck,
  parameters: {
    flags: {
      warning: { kind: 'parsed', parse: parseRatio, brief: 'Share of a pool that is a warning', default: '80%', placeholder: 'SHARE' },
      critical: { kind: 'parsed', parse: parseRatio, brief: 'Share of a pool that is critical', default: '95%', placeholder: 'SHARE' },
      top: { kind: 'parsed', parse: wholeNumber('--top', 0, 1_000_000), brief: 'How many of the fullest tuples to show', default: '10', placeholder: 'N' },
      ...watchFlags,
      ...namespaceFlags,
      ...countingFlags,
      ...sourceFlags,
      ...outputFlags,
    },
    aliases: { w: 'warning', c: 'critical', A: 'allNamespaces', n: 'namespace', i: 'input', q: 'quiet', V: 'verbose' },
  },
  docs: {
    brief: 'Am I running out? One verdict, the fullest tuples, findings with evidence and remedies',
    fullDescription: [
      'Counts how full every (source, destination, port) and every bind pool is, and draws conclusions.',
      'Reads only: nothing on the host is changed, and no packet is sent.',
      '',
      'Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, as monitoring plugins have it; 64 bad usage, 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: '--watch 5', brief: 'Judge again every five seconds, until interrupted' },
      { input: '--all-namespaces --quiet', brief: 'The host and its containers, in few words' },
      { input: '--warning 70% --critical 90% --json', brief: 'For a monitoring system: thresholds of its own, one JSON document, exit code 0 to 3' },
      { input: '--input black-box.jsonl.gz --at 2026-01-31T03:00:00Z', brief: 'What a recording shows of three in the morning' },
    ],
  },
};
