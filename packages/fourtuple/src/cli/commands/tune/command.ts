import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { outputFlags, type OutputFlags } from '../../flags.ts';
import { apply, status, undo, verify } from './apply-command.ts';
import { propose } from './propose-command.ts';

const explain = buildCommand<OutputFlags, [string?], CliContext>({
  loader: async () => (await import('./explain.ts')).runTuneExplain,
  parameters: {
    flags: outputFlags,
    aliases: { q: 'quiet', V: 'verbose' },
    positional: { kind: 'tuple', parameters: [{ brief: 'A sysctl, or its last word; none for a list', parse: String, placeholder: 'KEY', optional: true }] },
  },
  docs: {
    brief: 'What a sysctl really does for ports, and what it does not',
    fullDescription: [
      'Tells of each setting that has to do with ports, or is said to: what it does and does not do, its default, what the kernel',
      'accepts without a word, where it holds, and what people say of it. Tested against the running kernel.',
      '',
      'Exit code: 0 done, 64 bad usage.',
    ].join('\n'),
    customUsage: [
      { input: '', brief: 'All of them, a line each' },
      { input: 'tcp_fin_timeout', brief: 'One' },
      { input: 'net.ipv4.ip_local_port_range --json', brief: 'One, for programs' },
    ],
  },
});

const routes = { propose, explain, apply, undo, status, verify };

export const tuneRoutes: readonly string[] = Object.keys(routes);

export const tuneCommand = buildRouteMap({
  routes,
  defaultCommand: 'propose',
  docs: {
    brief: 'Propose sysctls that help here, tell what they do, apply and undo them',
    fullDescription: 'Knows the sysctls that have to do with ports, proposes those that help, and changes them. Without a command: propose. Only apply and undo change something, and with --yes alone.',
  },
});
