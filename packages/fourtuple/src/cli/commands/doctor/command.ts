import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { outputFlags, type OutputFlags } from '../../flags.ts';

export const doctorCommand = buildCommand<OutputFlags, [], CliContext>({
  loader: async () => (await import('./run.ts')).runDoctor,
  parameters: { flags: outputFlags, aliases: { q: 'quiet', V: 'verbose' } },
  docs: {
    brief: 'What this host and these privileges allow: one line a mechanism, with its errno',
    fullDescription: ['Tries every mechanism that fourtuple can use, each by one harmless call, and says what is lost without it.', '', 'Exit code: 0 everything works, 1 something is missing, 64 bad usage.'].join('\n'),
    customUsage: [
      { input: '--quiet', brief: 'What is missing, and what is lost without it' },
      { input: '--json', brief: 'One JSON document, to be added to a bug report' },
    ],
  },
});
