import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

function parseShell(text: string): Shell {
  const shell = shells.find((one) => one === text);
  if (shell === undefined) throw new UsageError(`the shell is bash, zsh or fish, not "${text}"`);
  return shell;
}

export const completionCommand = buildCommand<object, [Shell], CliContext>({
  loader: async () => (await import('./run.ts')).runCompletion,
  parameters: {
    positional: { kind: 'tuple', parameters: [{ brief: 'Shell to complete in', parse: parseShell, placeholder: 'bash|zsh|fish' }] },
  },
  docs: {
    brief: 'Print a script that makes bash, zsh or fish complete commands, flags and values',
    fullDescription: [
      'Prints the script; the shell has to read it. It completes commands, flags, their values, network namespaces,',
      'recordings, and the words of the filter language.',
      '',
      'Exit code: 0 done, 64 bad usage.',
    ].join('\n'),
    customUsage: [
      { input: 'bash > ~/.local/share/bash-completion/completions/fourtuple', brief: 'bash, for this user (with the package bash-completion)' },
      { input: 'bash >> ~/.bashrc', brief: 'bash, without that package' },
      { input: 'zsh > /usr/local/share/zsh/site-functions/_fourtuple', brief: 'zsh, for everybody; any folder of $fpath will do' },
      { input: 'fish > ~/.config/fish/completions/fourtuple.fish', brief: 'fish, for this user' },
    ],
  },
});
