import { buildCommand, buildRouteMap } from '@stricli/core';
import { quantity } from '../../../plan/quantity.ts';
import type { CliContext } from '../../context.ts';
import { wholeNumber } from '../../flags.ts';
import { natFlags, neededRate, optionalRate, outputFlags, supplyFlags, type DemandFlags, type NatFlags, type OutputFlags, type SupplyFlags } from './flags.ts';

export interface ServiceFlags extends Omit<DemandFlags, 'rate' | 'peakedness'>, SupplyFlags, NatFlags, OutputFlags {
  readonly rate?: number | undefined;
  readonly peakedness?: number | undefined;
  readonly bindFirst?: boolean | undefined;
  readonly growth: number;
  readonly descriptors?: number | undefined;
  readonly conntrack?: number | undefined;
  readonly services?: string | undefined;
  readonly fromHost?: boolean | undefined;
  readonly namespace?: string | undefined;
  readonly input?: string | undefined;
  readonly at?: string | undefined;
  readonly svg?: string | undefined;
}

export interface PoolFlags extends OutputFlags {
  readonly rate: number;
  readonly requestTime: number;
  readonly wait: number;
  readonly miss: number;
  readonly renew: number;
  readonly idle?: number | undefined;
  readonly jitter: number;
  readonly threads?: number | undefined;
  readonly each: number;
}

export interface NatPlanFlags extends DemandFlags, OutputFlags {
  readonly addresses?: number | undefined;
  readonly hosts: number;
}

export interface SourcesFlags extends DemandFlags, Omit<SupplyFlags, 'policy'>, OutputFlags {}

const aliases = { q: 'quiet', V: 'verbose' } as const;
const exitCodes = 'Exit code: 0 it holds, 1 more connections fail than --loss allows, 64 bad usage.';
const seconds = (name: string) => (text: string): number => quantity(text, 'seconds', { name, low: 0, high: 1e9 });

const service = buildCommand<ServiceFlags, [], CliContext>({
  loader: async () => (await import('./service.ts')).runPlanService,
  parameters: {
    flags: {
      ...optionalRate,
      bindFirst: { kind: 'boolean', brief: 'The program calls bind(source, 0) first, without IP_BIND_ADDRESS_NO_PORT', optional: true, withNegated: false },
      ...supplyFlags,
      ...natFlags,
      growth: { kind: 'parsed', parse: (text: string): number => quantity(text, 'share', { name: '--growth', low: -0.99, high: 100 }), brief: 'Growth of the rate in a month, such as 5%', default: '0', placeholder: 'SHARE' },
      descriptors: { kind: 'parsed', parse: wholeNumber('--descriptors', 1, 1_000_000_000), brief: 'File descriptors that the process may have', optional: true, placeholder: 'N' },
      conntrack: { kind: 'parsed', parse: wholeNumber('--conntrack', 1, 1_000_000_000), brief: 'Entries that connection tracking of the host may have', optional: true, placeholder: 'N' },
      services: { kind: 'parsed', parse: String, brief: 'Services of a host from a YAML or JSON file, instead of one from flags', optional: true, placeholder: 'FILE' },
      fromHost: { kind: 'boolean', brief: 'Services and limits as they are on this host now', optional: true, withNegated: false },
      namespace: { kind: 'parsed', parse: String, brief: 'Network namespace: a name, a process id, an inode number or a path', optional: true, placeholder: 'NAME|PID|INODE' },
      input: { kind: 'parsed', parse: String, brief: 'As they are in a recording', optional: true, placeholder: 'FILE' },
      at: { kind: 'parsed', parse: String, brief: 'Which snapshot of the recording: its number, or the last one before a time', optional: true, placeholder: 'N|TIME' },
      svg: { kind: 'parsed', parse: String, brief: 'Write the loss over the rate as a chart', optional: true, placeholder: 'FILE' },
      ...outputFlags,
    },
    aliases: { ...aliases, n: 'namespace', i: 'input' },
  },
  docs: {
    brief: 'Will the ports do? Need, capacity, loss, what limits first, and what helps',
    fullDescription: [
      'Says how many ports connections take, how many there are, which share of the connections fails, what limits first and',
      'second, how much the rate may grow, and what helps, from the cheapest on, each with its effect computed.',
      '',
      exitCodes,
    ].join('\n'),
    customUsage: [
      { input: '--rate 470', brief: '470 new connections a second to one destination, which we close' },
      { input: '--rate 5000 --close peer --sources 4 --peakedness 10', brief: 'The other side closes; arrivals come in bursts' },
      { input: '--services services.yaml --svg loss.svg', brief: 'All services of a host from a file, and a chart' },
      { input: '--from-host --growth 5%', brief: 'When will this host run out?' },
    ],
  },
});

const pool = buildCommand<PoolFlags, [], CliContext>({
  loader: async () => (await import('./pool.ts')).runPlanPool,
  parameters: {
    flags: {
      rate: { kind: 'parsed', parse: (text: string): number => quantity(text, 'number', { name: '--rate', low: 0, high: 1e9 }), brief: 'Requests a second', placeholder: 'N' },
      requestTime: { kind: 'parsed', parse: seconds('--request-time'), brief: 'Time that a request keeps its connection: 20ms', placeholder: 'TIME' },
      wait: { kind: 'parsed', parse: seconds('--wait'), brief: 'How long a request may wait for a connection', default: '5ms', placeholder: 'TIME' },
      miss: { kind: 'parsed', parse: (text: string): number => quantity(text, 'share', { name: '--miss', low: 1e-12, high: 1 }), brief: 'Share of the requests that may wait longer', default: '1%', placeholder: 'SHARE' },
      renew: { kind: 'parsed', parse: seconds('--renew'), brief: 'Age at which the pool renews a connection', default: '300s', placeholder: 'TIME' },
      jitter: { kind: 'parsed', parse: (text: string): number => quantity(text, 'share', { name: '--jitter', low: 0, high: 1 }), brief: 'Share of that age over which renewals are spread', default: '25%', placeholder: 'SHARE' },
      idle: { kind: 'parsed', parse: seconds('--idle'), brief: 'Time after which an idle connection is closed', optional: true, placeholder: 'TIME' },
      threads: { kind: 'parsed', parse: wholeNumber('--threads', 1, 1_000_000), brief: 'Threads that take connections, for the size below which they can block each other', optional: true, placeholder: 'N' },
      each: { kind: 'parsed', parse: wholeNumber('--each', 1, 1000), brief: 'Connections that one thread holds at once', default: '1', placeholder: 'N' },
      ...outputFlags,
    },
    aliases,
  },
  docs: {
    brief: 'How large must a connection pool be, and how many ports does it take?',
    fullDescription: ['Size of a pool by Erlang C: so that at most a share of the requests waits longer than a time. Beside it the ports that it', 'takes, with and without a pool, and what renewals and idle time-outs do.', '', 'Exit code: 0 done, 64 bad usage.'].join('\n'),
    customUsage: [{ input: '--rate 500 --request-time 20ms', brief: 'At most 1 % of the requests wait longer than 5 ms' }, { input: '--rate 100 --request-time 50ms --wait 10ms --idle 15s', brief: 'And how often an idle time-out makes it reconnect' }],
  },
});

const nat = buildCommand<NatPlanFlags, [string?], CliContext>({
  loader: async () => (await import('./nat.ts')).runPlanNat,
  parameters: {
    flags: {
      ...neededRate,
      addresses: { kind: 'parsed', parse: wholeNumber('--addresses', 1, 1_000_000), brief: 'Addresses of the NAT (default: the least that do)', optional: true, placeholder: 'N' },
      hosts: { kind: 'parsed', parse: wholeNumber('--hosts', 1, 1_000_000_000), brief: 'Hosts behind the NAT, each with this rate', default: '1', placeholder: 'N' },
      ...outputFlags,
    },
    aliases,
    positional: { kind: 'tuple', parameters: [{ brief: 'Profile, or none for all', parse: String, placeholder: 'PROFILE', optional: true }] },
  },
  docs: {
    brief: 'Will a NAT gateway hold? All profiles side by side, or one',
    fullDescription: ['For each profile the ports that the connections of all hosts take there, the addresses that it needs, and the rate that it', 'carries. Profiles are data with a source and the date on which it was read.', '', exitCodes].join('\n'),
    customUsage: [{ input: '--rate 40 --hosts 20', brief: 'Twenty hosts with 40 new connections a second each, to one destination' }, { input: 'aws-nat-gateway --rate 40 --hosts 20 --destinations 3', brief: 'One profile' }],
  },
});

const sources = buildCommand<SourcesFlags, [], CliContext>({
  loader: async () => (await import('./sources.ts')).runPlanSources,
  parameters: {
    flags: { ...neededRate, range: supplyFlags.range, reserved: supplyFlags.reserved, sources: supplyFlags.sources, hz: supplyFlags.hz, ...outputFlags },
    aliases,
  },
  docs: {
    brief: 'How many source addresses, and how should they be chosen?',
    fullDescription: ['For each way of choosing a source address: how many are needed, and what is lost with those that there are.', '', exitCodes].join('\n'),
    customUsage: [{ input: '--rate 1000', brief: '1,000 new connections a second to one destination' }, { input: '--rate 1000 --sources 3 --loss 0.1%', brief: 'What three addresses lose' }],
  },
});

export const planCommand = buildRouteMap({
  routes: { service, pool, nat, sources },
  defaultCommand: 'service',
  docs: {
    brief: 'Capacity: ports, source addresses, pools and NAT gateways, with the share of failures',
    fullDescription: 'Plans capacity. Without a word: service.',
  },
});

