import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { outputFlags, type OutputFlags } from '../../flags.ts';

/** As the layer below names them; written out so that the help needs none of it. */
const profiles = ['web-server', 'outbound-client', 'load-generator', 'nat-gateway', 'database', 'kubernetes-node'] as const;

export interface ProposeFlags extends OutputFlags {
  readonly namespace?: string | undefined;
  readonly profile?: (typeof profiles)[number] | undefined;
}

export const propose = buildCommand<ProposeFlags, [], CliContext>({
  loader: async () => (await import('./propose.ts')).runTunePropose,
  parameters: {
    flags: {
      profile: { kind: 'enum', values: profiles, brief: 'What this host is for: what that wants is proposed too', optional: true },
      namespace: { kind: 'parsed', parse: String, brief: 'Network namespace: a name, a process id, an inode number or a path', optional: true, placeholder: 'NAME|PID|INODE' },
      ...outputFlags,
    },
    aliases: { n: 'namespace', q: 'quiet', V: 'verbose' },
  },
  docs: {
    brief: 'Propose the few changes that help here, each with its reason, gain and risk',
    fullDescription: [
      'Reads this host, or a network namespace: its settings, listeners and connections, and proposes what helps here, or nothing. Each',
      'change says why, what becomes possible, and what it costs; ports of services that a wider range would cover are reserved with it,',
      'together with those that are reserved already. A profile never lowers a better value. Nothing is changed.',
      '',
      'Exit code: 0 done, 1 not done, 64 bad usage, 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: '', brief: 'What would help here' },
      { input: '--profile outbound-client', brief: 'Of a proxy or a crawler' },
      { input: '--json > changes.json', brief: 'For "fourtuple tune apply --changes changes.json"' },
    ],
  },
});
