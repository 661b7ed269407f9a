import { buildCommand, buildRouteMap } from '@stricli/core';
import type { CliContext } from '../../context.ts';
import { outputFlags, wholeNumber, type OutputFlags } from '../../flags.ts';

export interface FreeFlags extends OutputFlags {
  readonly yes?: boolean | undefined;
  readonly namespace?: string | undefined;
  readonly journal?: string | undefined;
}

export interface EndFlags extends FreeFlags {
  readonly port?: number | undefined;
  readonly dst?: string | undefined;
  readonly src?: string | undefined;
  readonly limit: number;
}

export interface BesideFlags extends FreeFlags {
  readonly undo?: boolean | undefined;
}

const sharedFlags = {
  yes: { kind: 'boolean', brief: 'Do it; without this flag it only shows what it would do', optional: true, withNegated: false },
  journal: { kind: 'parsed', parse: String, brief: 'Where what is done is written down (default: /var/lib/fourtuple/journal.jsonl for root)', optional: true, placeholder: 'FILE' },
  namespace: { kind: 'parsed', parse: String, brief: 'Network namespace: a name, a process id, an inode number or a path', optional: true, placeholder: 'NAME|PID|INODE' },
  ...outputFlags,
} as const;

const endFlags = {
  port: { kind: 'parsed', parse: wholeNumber('--port', 1, 65535), brief: 'On this local port', optional: true, placeholder: 'PORT' },
  dst: { kind: 'parsed', parse: String, brief: 'To this address, or address and port', optional: true, placeholder: 'ADDR[:PORT]' },
  src: { kind: 'parsed', parse: String, brief: 'From this address', optional: true, placeholder: 'ADDR' },
  limit: { kind: 'parsed', parse: wholeNumber('--limit', 1, 10_000_000), brief: 'Refuse when more sockets than this are meant', default: '100', placeholder: 'N' },
  ...sharedFlags,
} as const;

const aliases = { n: 'namespace', q: 'quiet', V: 'verbose', y: 'yes' } as const;
const exitCodes = 'Exit code: 0 done (or shown), 1 not done, or nobody is meant, 64 bad usage, 77 not permitted.';

const timeWait = buildCommand<EndFlags, [], CliContext>({
  loader: async () => (await import('./end.ts')).runEndTimeWait,
  parameters: { flags: endFlags, aliases },
  docs: {
    brief: 'End TIME_WAIT sockets, so that their ports are free at once',
    fullDescription: ['Ends the TIME_WAIT sockets (and FIN_WAIT2 of closed sockets) that are meant, by SOCK_DESTROY. It removes what TIME_WAIT is for:', 'late packets of an old connection may then meet a new one on the same four-tuple.', '', exitCodes].join('\n'),
    customUsage: [{ input: '--port 3306', brief: 'Shows what holds the port of a service that cannot start' }, { input: '--dst 10.0.0.9:5432 --limit 30000 --yes', brief: 'First aid for a destination whose source ports have run out' }],
  },
});

const connection = buildCommand<EndFlags, [], CliContext>({
  loader: async () => (await import('./end.ts')).runEndConnections,
  parameters: { flags: endFlags, aliases },
  docs: {
    brief: 'End connections: their programs get ECONNABORTED',
    fullDescription: ['Ends the connections that are meant, by SOCK_DESTROY: the port is free at once, the program gets ECONNABORTED, the peer a reset.', 'Listeners are never ended.', '', exitCodes].join('\n'),
    customUsage: [{ input: '--port 3306 --yes', brief: 'Ends the outgoing connection on the port of a service' }, { input: '--dst 10.0.0.9:5432', brief: 'Shows the connections to a destination, and whose they are' }],
  },
});

const bindBeside = buildCommand<BesideFlags, [number], CliContext>({
  loader: async () => (await import('./beside.ts')).runBindBeside,
  parameters: {
    flags: { undo: { kind: 'boolean', brief: 'Take SO_REUSEADDR away again from the sockets that got it by this command', optional: true, withNegated: false }, ...sharedFlags },
    aliases,
    positional: { kind: 'tuple', parameters: [{ brief: 'Local port', parse: wholeNumber('PORT', 1, 65535), placeholder: 'PORT' }] },
  },
  docs: {
    brief: 'Let a server bind beside the connections on its port: they live on',
    fullDescription: ['Sets SO_REUSEADDR on the sockets that hold the port, through their own processes (pidfd_getfd). A server that sets it too, as', 'most do, can then bind while the connections live; their later TIME_WAIT does not block it either.', '', exitCodes].join('\n'),
    customUsage: [{ input: '3306', brief: 'Shows the sockets on which it would be set' }, { input: '3306 --yes', brief: 'Sets it; then start the service' }],
  },
});

export const freeCommand = buildRouteMap({
  routes: { 'time-wait': timeWait, connection, 'bind-beside': bindBeside },
  docs: {
    brief: 'First aid: end exactly chosen sockets, or let a server bind beside them',
    fullDescription: 'First aid when a port is held or ports have run out. Each of these shows first what it would do, acts with --yes alone, and writes down what it did.',
  },
});
