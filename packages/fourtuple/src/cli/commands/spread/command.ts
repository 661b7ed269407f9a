import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { outputFlags, parseSeconds, wholeNumber, type OutputFlags } from '../../flags.ts';

export interface SpreadFlags extends OutputFlags {
  readonly from: readonly string[];
  readonly to?: readonly string[] | undefined;
  readonly port?: readonly string[] | undefined;
  readonly loopback?: boolean | undefined;
  readonly attach?: string | undefined;
  readonly for?: number | undefined;
  readonly addAddresses?: string | undefined;
  readonly journal?: string | undefined;
  readonly stats?: boolean | undefined;
  readonly top: number;
}

export interface StatusFlags extends OutputFlags {
  readonly journal?: string | undefined;
  readonly top: number;
}

export interface CleanFlags extends OutputFlags {
  readonly yes?: boolean | undefined;
  readonly journal?: string | undefined;
}

const journal = { kind: 'parsed', parse: String, brief: 'Where added addresses are written down (default: /var/lib/fourtuple/journal.jsonl for root)', optional: true, placeholder: 'FILE' } as const;
const top = { kind: 'parsed', parse: wholeNumber('--top', 1, 100_000), brief: 'Destinations to show', default: '20', placeholder: 'N' } as const;

const run = buildCommand<SpreadFlags, string[], CliContext>({
  loader: async () => (await import('./run.ts')).runSpreadCommand,
  parameters: {
    flags: {
      from: { kind: 'parsed', parse: String, brief: 'Source addresses: addresses, ranges and prefixes, with commas', variadic: true, placeholder: 'ADDRESSES' },
      to: { kind: 'parsed', parse: String, brief: 'Only to these destinations: addresses and prefixes, with commas', variadic: true, optional: true, placeholder: 'CIDR' },
      port: { kind: 'parsed', parse: String, brief: 'Only to these ports: ports and ranges, with commas', variadic: true, optional: true, placeholder: 'PORTS' },
      loopback: { kind: 'boolean', brief: 'Connections to 127.0.0.0/8 and ::1 too', optional: true, withNegated: false },
      attach: { kind: 'parsed', parse: String, brief: 'Spread what runs already instead of a command, until interrupted', optional: true, placeholder: 'CGROUP|UNIT|PID|CONTAINER' },
      for: { kind: 'parsed', parse: parseSeconds, brief: 'With --attach: ends after this time', optional: true, placeholder: 'SECONDS' },
      addAddresses: { kind: 'parsed', parse: String, brief: 'Give the addresses that the host lacks to this interface, and take them away at the end', optional: true, placeholder: 'DEV' },
      journal,
      stats: { kind: 'boolean', brief: 'Tell on standard error, at the end, what came from which address', optional: true, withNegated: false },
      top,
      ...outputFlags,
    },
    aliases: { q: 'quiet', V: 'verbose' },
    positional: { kind: 'array', parameter: { brief: 'The command and its arguments, after --', parse: String, placeholder: 'COMMAND' } },
  },
  docs: {
    brief: "Run a command whose connections come from several source addresses in turn",
    fullDescription: [
      'Each TCP connection that the command, or anything that it starts, makes without a source of its own comes from the',
      'next of the addresses, in turn for each destination: a destination has as many times the ports of one address. The',
      'program is not changed: BPF programs at its cgroup bind the source address before connect() looks for a port',
      '(cgroup/connect4, connect6; Linux 5.12, CAP_BPF and CAP_NET_ADMIN). UDP, and sockets that the program bound itself,',
      'are left alone. An address that is not there any more is passed over; when none can be had, the connection goes on',
      "from the host's own. The command's exit code, or the signal that ends it, is fourtuple's.",
      '',
      'Exit code: 0 and others as the command ended, 1 not begun, 64 bad usage, 77 not permitted, 126 no program, 127 no such command.',
    ].join('\n'),
    customUsage: [
      { input: '--from 10.0.0.5-10.0.0.8 -- curl https://example.com/', brief: 'One command from four addresses' },
      { input: '--from 10.0.0.5-8,2001:db8::/120 --to 10.1.0.0/16 --port 5432 -- ./server', brief: 'Only what goes to a database' },
      { input: '--from 10.0.0.5-8 --add-addresses eth0 -- ./server', brief: 'Addresses that the host has not got yet' },
      { input: '--from 10.0.0.5-8 --attach nginx.service', brief: 'A service that runs, without a restart' },
    ],
  },
});

const status = buildCommand<StatusFlags, [], CliContext>({
  loader: async () => (await import('./status.ts')).runSpreadStatus,
  parameters: { flags: { journal, top, ...outputFlags }, aliases: { q: 'quiet', V: 'verbose' } },
  docs: {
    brief: 'Every spread of this host, and what it has done so far',
    fullDescription: ['Reads from the kernel what each spread of the host has counted, also when the process that began it is gone and its', 'command goes on (CAP_SYS_ADMIN). Tells what is left of those that were killed.', '', 'Exit code: 0 done, 1 not done, 64 bad usage.'].join('\n'),
    customUsage: [{ input: '', brief: 'By address and destination' }, { input: '--json', brief: 'The same for programs' }],
  },
});

const clean = buildCommand<CleanFlags, [], CliContext>({
  loader: async () => (await import('./clean.ts')).runSpreadClean,
  parameters: { flags: { yes: { kind: 'boolean', brief: 'Do it; without this flag it only shows what it would do', optional: true, withNegated: false }, journal, ...outputFlags }, aliases: { q: 'quiet', V: 'verbose', y: 'yes' } },
  docs: {
    brief: 'Take away what a spread left: addresses and empty cgroups',
    fullDescription: ['A spread that is killed, or whose command leaves processes behind, leaves the addresses that it added, which those still', 'use, and an empty cgroup when they end. Shows both; removes them with --yes, where nothing of the spread runs any more.', '', 'Exit code: 0 done (or shown), 1 not done, 64 bad usage, 77 not permitted.'].join('\n'),
    customUsage: [{ input: '', brief: 'What would be removed' }, { input: '--yes', brief: 'Removes it' }],
  },
});

const routes = { run, status, clean };

export const spreadRoutes: readonly string[] = Object.keys(routes);

export const spreadCommand = buildRouteMap({
  routes,
  defaultCommand: 'run',
  docs: {
    brief: 'Give any program several source addresses, unchanged',
    fullDescription: 'For programs that cannot be changed: their outgoing connections come from several source addresses in turn, so that each destination has the ports of all of them. Without a command: run.',
  },
});
