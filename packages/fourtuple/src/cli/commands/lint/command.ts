import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { outputFlags, type OutputFlags } from '../../flags.ts';

export interface LintFlags extends OutputFlags {
  readonly format: 'text' | 'json' | 'sarif' | 'github';
  readonly failOn: 'warning' | 'error' | 'never';
  readonly markdown?: boolean | undefined;
  readonly live?: boolean | undefined;
  readonly namespace?: string | undefined;
  readonly stdinName?: string | undefined;
  readonly ignore?: readonly string[] | undefined;
  readonly fix?: boolean | undefined;
  readonly rules?: boolean | undefined;
}

export const lintCommand = buildCommand<LintFlags, string[], CliContext>({
  loader: async () => (await import('./run.ts')).runLint,
  parameters: {
    flags: {
      format: { kind: 'enum', values: ['text', 'json', 'sarif', 'github'], brief: 'How it is printed: github is for the log of a workflow', default: 'text' },
      failOn: { kind: 'enum', values: ['warning', 'error', 'never'], brief: 'From which severity on the exit code is not 0', default: 'warning' },
      markdown: { kind: 'boolean', brief: 'Read texts for people: commands and settings in prose, and a verdict for each claim that is known', optional: true, withNegated: false },
      live: { kind: 'boolean', brief: 'Judge what this kernel has now, instead of files', optional: true, withNegated: false },
      namespace: { kind: 'parsed', parse: String, brief: 'With --live, another network namespace: a name, a process id, an inode number or a path', optional: true, placeholder: 'NAME|PID|INODE' },
      stdinName: { kind: 'parsed', parse: String, brief: 'What standard input would be called: its name decides how it is read (default: stdin.conf)', optional: true, placeholder: 'NAME' },
      ignore: { kind: 'parsed', parse: String, brief: 'Leave out findings of a rule; may be given several times', optional: true, variadic: true, placeholder: 'RULE' },
      fix: { kind: 'boolean', brief: 'Write into the files what can be mended only one way', optional: true, withNegated: false },
      rules: { kind: 'boolean', brief: 'List the rules instead', optional: true, withNegated: false },
      ...outputFlags,
    },
    aliases: { n: 'namespace', q: 'quiet', V: 'verbose' },
    positional: { kind: 'array', parameter: { brief: 'A file, a folder, or - for standard input; none for the sysctl files of this host', parse: String, placeholder: 'FILE|DIR' } },
  },
  docs: {
    brief: 'Judge the sysctls in files: myths, traps, what the kernel refuses or misreads',
    fullDescription: [
      'Reads sysctl.conf and sysctl.d with their precedence, Kubernetes, Compose, docker run, Ansible, Terraform, NixOS, cloud-init,',
      'shell scripts and Markdown, and says of each setting of ports what the kernel makes of it.',
      'A comment "fourtuple-ignore RULE: reason" on the line, or on the one before, dismisses a finding.',
      '',
      'Exit code: 0 nothing, or notes alone; 1 warnings; 2 errors; 3 something could not be read or mended; 64 bad usage.',
    ].join('\n'),
    customUsage: [
      { input: '', brief: 'The sysctl files of this host, in the order in which they are read' },
      { input: 'deploy/ --format sarif', brief: 'All files of a folder, for code scanning' },
      { input: '--markdown README.md', brief: 'What a text says, and what is so' },
      { input: '--live -n web', brief: 'What a network namespace has now' },
    ],
  },
});
