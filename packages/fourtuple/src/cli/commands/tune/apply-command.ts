import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { applyFlags, statusFlags, undoFlags, verifyFlags, type ApplyFlags, type StatusFlags, type UndoFlags, type VerifyFlags } from './apply-flags.ts';

const outputAliases = { q: 'quiet', V: 'verbose' } as const;

export const apply = buildCommand<ApplyFlags, string[], CliContext>({
  loader: async () => (await import('./apply.ts')).runTuneApply,
  parameters: {
    flags: applyFlags,
    aliases: { n: 'namespace', y: 'yes', ...outputAliases },
    positional: { kind: 'array', parameter: { brief: 'A sysctl and its value, in one word', parse: String, placeholder: 'KEY=VALUE' } },
  },
  docs: {
    brief: 'Change sysctls of ports, all or none, so that it can be undone',
    fullDescription: [
      'Changes settings in this kernel and in a file for the next boot. Before anything is changed the old values are on the disk in a',
      'journal; each value is read back; when a step fails, the steps before it are put back. Killed in the middle, "fourtuple tune',
      'undo" still restores what was.',
      '',
      'It refuses values that the kernel refuses or misreads, lists that drop reserved ports, and settings that another file of',
      'sysctl.d would replace at the next boot.',
      '',
      'Exit code: 0 done, shown, or so already; 1 not done; 64 bad usage; 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: "'net.ipv4.ip_local_port_range=1024 65535' ip_local_reserved_ports=3306,8080", brief: 'Shows what it would do, and what stands against it' },
      { input: 'tcp_tw_reuse=1 --runtime --yes', brief: 'Until the next boot' },
      { input: 'somaxconn=32768 --namespace web --yes', brief: 'In a container' },
      { input: '--changes changes.json --yes', brief: 'What a document says: {"changes": [{"key": …, "to": …}]}' },
    ],
  },
});

export const undo = buildCommand<UndoFlags, [string?], CliContext>({
  loader: async () => (await import('./undo.ts')).runTuneUndo,
  parameters: {
    flags: undoFlags,
    aliases: { y: 'yes', ...outputAliases },
    positional: { kind: 'tuple', parameters: [{ brief: 'A transaction; else the last one that is not undone', parse: String, placeholder: 'ID', optional: true }] },
  },
  docs: {
    brief: 'Set back what "tune apply" changed, exactly',
    fullDescription: [
      'Sets every value and the file back to what they were before the last transaction, or before the one that is named. It works',
      'after an apply or an undo that was killed, and after a reboot. What somebody else has changed since it leaves, and says so.',
      '',
      'Exit code: 0 done, shown, or so already; 1 not done; 64 bad usage; 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: '', brief: 'Shows what it would set back' },
      { input: '--yes', brief: 'Sets it back' },
      { input: '20260131-030000 --yes', brief: 'One of them' },
    ],
  },
});

export const status = buildCommand<StatusFlags, [], CliContext>({
  loader: async () => (await import('./status.ts')).runTuneStatus,
  parameters: { flags: statusFlags, aliases: outputAliases },
  docs: {
    brief: 'What was applied, and how it stands now',
    fullDescription: ['Lists the transactions of the journal, each with its state as the kernel and the file show it now: applied, drifted,', 'interrupted, rolled back, undone.', '', 'Exit code: 0 done, 1 not done, 64 bad usage, 77 not permitted.'].join('\n'),
    customUsage: [
      { input: '', brief: 'All that is not undone' },
      { input: '--verbose', brief: 'All, with every setting' },
      { input: '--json', brief: 'For programs' },
    ],
  },
});

export const verify = buildCommand<VerifyFlags, [], CliContext>({
  loader: async () => (await import('./verify.ts')).runTuneVerify,
  parameters: { flags: verifyFlags, aliases: { n: 'namespace', ...outputAliases } },
  docs: {
    brief: 'Is everything still as it was applied? For monitoring',
    fullDescription: [
      'Compares what was applied with the kernel and with the files of sysctl.d, in one line and details.',
      '',
      'Exit code: 0 OK; 1 WARNING: a file was changed or another one wins at the next boot, or a transaction was interrupted; 2 CRITICAL: a value is another; 3 UNKNOWN: nothing is applied, or it cannot be read; 64 bad usage.',
    ].join('\n'),
    customUsage: [
      { input: '', brief: 'The network namespace in which it runs' },
      { input: '--namespace web --json', brief: 'Another one, for programs' },
    ],
  },
});
