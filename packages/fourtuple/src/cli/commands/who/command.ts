import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { namespaceFlags, outputFlags, sourceFlags, wholeNumber, type NamespaceFlags, type OutputFlags, type SourceFlags } from '../../flags.ts';

export interface WhoFlags extends OutputFlags, NamespaceFlags, SourceFlags {
  readonly probe: 'auto' | 'kernel' | 'none';
}

export const whoCommand = buildCommand<WhoFlags, [number], CliContext>({
  loader: async () => (await import('./run.ts')).runWho,
  parameters: {
    flags: {
      probe: { kind: 'enum', values: ['auto', 'kernel', 'none'], brief: 'How the port was bound: auto asks the kernel without a packet, kernel reads it by BPF', default: 'auto' },
      ...namespaceFlags,
      ...sourceFlags,
      ...outputFlags,
    },
    aliases: { A: 'allNamespaces', n: 'namespace', i: 'input', q: 'quiet', V: 'verbose' },
    positional: { kind: 'tuple', parameters: [{ brief: 'Local port', parse: wholeNumber('PORT', 1, 65535), placeholder: 'PORT' }] },
  },
  docs: {
    brief: 'Every holder of a local port: listeners, outgoing, TIME_WAIT with seconds left, bound-idle, other namespaces',
    fullDescription: [
      'Shows every TCP and UDP socket on a local port, in every network namespace that can be seen, the current one first,',
      'with its kind (listener, explicit, connect-chosen) and how that is known. "ss -tlnp" shows listeners alone.',
      '',
      'Exit code: 0 the port is held, 1 it is not, 64 bad usage, 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: '8080', brief: 'Why "Address already in use": also holders that "ss -tlnp" does not show' },
      { input: '5432 --namespace web', brief: 'In one network namespace alone' },
      { input: '443 --json', brief: 'One JSON document; the exit code says whether the port is held' },
    ],
  },
});
