import { buildCommand } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { outputFlags, parseSeconds, type OutputFlags } from '../../flags.ts';

export interface WhyFlags extends OutputFlags {
  readonly namespace?: string | undefined;
  readonly from?: string | undefined;
  readonly bound?: boolean | undefined;
  readonly range?: string | undefined;
  readonly udp?: boolean | undefined;
  readonly reuseAddress: boolean;
  readonly reusePort?: boolean | undefined;
  readonly v6Only?: boolean | undefined;
  readonly device?: string | undefined;
  readonly user?: string | undefined;
  readonly probe: 'auto' | 'none';
  readonly source: 'auto' | 'sock_diag' | 'procfs';
  readonly watch?: number | undefined;
}

export const whyCommand = buildCommand<WhyFlags, string[], CliContext>({
  loader: async () => (await import('./run.ts')).runWhy,
  parameters: {
    flags: {
      from: { kind: 'parsed', parse: String, brief: 'connect: the source address (default: the route\'s)', optional: true, placeholder: 'IP' },
      bound: { kind: 'boolean', brief: 'connect: the program binds its source address first, without IP_BIND_ADDRESS_NO_PORT', optional: true, withNegated: false },
      range: { kind: 'parsed', parse: String, brief: 'connect: IP_LOCAL_PORT_RANGE of the socket', optional: true, placeholder: 'LOW-HIGH' },
      udp: { kind: 'boolean', brief: 'bind: UDP instead of TCP', optional: true, withNegated: false },
      reuseAddress: { kind: 'boolean', brief: 'bind: the server sets SO_REUSEADDR', default: true },
      reusePort: { kind: 'boolean', brief: 'bind: the server sets SO_REUSEPORT', optional: true, withNegated: false },
      v6Only: { kind: 'boolean', brief: 'bind: the server sets IPV6_V6ONLY', optional: true, withNegated: false },
      device: { kind: 'parsed', parse: String, brief: 'The socket is bound to this interface (SO_BINDTODEVICE)', optional: true, placeholder: 'NAME' },
      user: { kind: 'parsed', parse: String, brief: 'bind: as this user (default: the caller)', optional: true, placeholder: 'NAME|UID' },
      probe: { kind: 'enum', values: ['auto', 'none'], brief: 'Let the kernel try it, without a packet', default: 'auto' },
      source: { kind: 'enum', values: ['auto', 'sock_diag', 'procfs'], brief: 'Where sockets are read', default: 'auto' },
      watch: { kind: 'parsed', parse: parseSeconds, brief: 'connect: read the counters of NAT and queues this much later again', optional: true, placeholder: 'SECONDS' },
      namespace: { kind: 'parsed', parse: String, brief: 'Network namespace: a name, a process id, an inode number or a path', optional: true, placeholder: 'NAME|PID|INODE' },
      ...outputFlags,
    },
    aliases: { n: 'namespace', q: 'quiet', V: 'verbose' },
    positional: { kind: 'array', parameter: { brief: 'bind ADDR:PORT, connect DST:PORT, a line of a log in quotes, or - for a log on standard input', parse: String, placeholder: 'QUESTION' } },
  },
  docs: {
    brief: 'Why a bind() or connect() failed, or would: the clause of the law, the holder, what to do',
    fullDescription: [
      'Answers one question:',
      '',
      '  bind ADDR:PORT       would bind() succeed now? Port 0 asks for any port of the range',
      '  connect DST:PORT     would connect() find a source port now?',
      "  'LINE OF A LOG'      which call really failed, and would it fail now?",
      '  - (or a pipe)        the same for a whole log: its failures in groups',
      '',
      'The namespace is looked at, the law applied, and then the kernel tries it where that is permitted: a bind() that is',
      'closed at once, or a connect() that sends no packet (TCP_REPAIR). Should the two disagree, it says so.',
      '',
      'Exit code: 0 it would succeed, 1 it would fail, 3 cannot tell, 64 bad usage, 77 not permitted.',
    ].join('\n'),
    customUsage: [
      { input: 'bind 0.0.0.0:3306', brief: 'Why the database does not start' },
      { input: 'connect 10.0.0.9:5432 --from 10.0.0.5', brief: 'Why connections of one source address fail' },
      { input: 'connect 10.0.0.9:5432 --from 10.0.0.5 --bound', brief: 'The same for a program that binds its source address (Node\'s localAddress)' },
      { input: "'connect EADDRNOTAVAIL 10.0.0.9:5432 - Local (0.0.0.0:0)'", brief: 'What a line of a log means' },
      { input: '- < error.log', brief: 'The failures of a whole log, in groups' },
    ],
  },
});
