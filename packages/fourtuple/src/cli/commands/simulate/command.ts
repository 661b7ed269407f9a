import { buildCommand, buildRouteMap } from '@stricli/core';
import { closings, type Closing } from '../../../plan/hold.ts';
import { policies, type SourcePolicy } from '../../../plan/source-policy.ts';
import type { CliContext } from '../../context.ts';
import { outputFlags, wholeNumber, type OutputFlags } from '../../flags.ts';
import { amount } from './amount.ts';

export interface HostFlags extends OutputFlags {
  readonly rate: number;
  readonly ports: number;
  readonly addresses: number;
  readonly destinations: number;
  readonly lifetime: number;
  readonly lifetimes: 'exponential' | 'constant' | 'lognormal' | 'hyperexponential';
  readonly sigma: number;
  readonly close: Closing;
  readonly closeShare: number;
  readonly batch: number;
  readonly batches: 'fixed' | 'geometric';
  readonly policy: SourcePolicy;
  readonly keys: number;
  readonly zipf: number;
  readonly retry: number;
  readonly mostRetries?: number | undefined;
  readonly retryDelay: number;
  readonly connections: number;
  readonly warmUp?: number | undefined;
  readonly seed: number;
  readonly csv?: string | undefined;
  readonly svg?: string | undefined;
}

export interface FleetFlags extends OutputFlags {
  readonly csv?: string | undefined;
  readonly svg?: string | undefined;
  readonly seed?: number | undefined;
  readonly workers?: number | undefined;
  readonly checkpoint?: string | undefined;
  readonly resume?: boolean | undefined;
}

const aliases = { q: 'quiet', V: 'verbose' } as const;
const seed = wholeNumber('--seed', 0, Number.MAX_SAFE_INTEGER);
const exitCodes = 'Exit code: 0 done, 1 not done, 64 bad usage.';

const host = buildCommand<HostFlags, [], CliContext>({
  loader: async () => (await import('./run-host.ts')).runSimulateHost,
  parameters: {
    flags: {
      rate: { kind: 'parsed', parse: amount('--rate', 'number', 1e-9, 1e9), brief: 'New connections a second, to all destinations together', placeholder: 'N' },
      ports: { kind: 'parsed', parse: wholeNumber('--ports', 1, 65_536), brief: 'Ports of one source address for one destination', default: '28232', placeholder: 'N' },
      addresses: { kind: 'parsed', parse: wholeNumber('--addresses', 1, 65_536), brief: 'Source addresses', default: '1', placeholder: 'N' },
      destinations: { kind: 'parsed', parse: wholeNumber('--destinations', 1, 65_536), brief: 'Destinations, all alike', default: '1', placeholder: 'N' },
      lifetime: { kind: 'parsed', parse: amount('--lifetime', 'seconds', 0, 1e7), brief: 'Mean time from connect() to close()', default: '50ms', placeholder: 'TIME' },
      lifetimes: { kind: 'enum', values: ['exponential', 'constant', 'lognormal', 'hyperexponential'], brief: 'Distribution of the lifetimes', default: 'exponential' },
      sigma: { kind: 'parsed', parse: amount('--sigma', 'number', 0, 5), brief: 'Of lognormal lifetimes: standard deviation of the logarithm', default: '1.5', placeholder: 'N' },
      close: { kind: 'enum', values: closings, brief: 'Who closes first, and how: TIME_WAIT follows from it', default: 'we' },
      closeShare: { kind: 'parsed', parse: amount('--close-share', 'share', 0, 1), brief: 'Share of the connections that end in that way', default: '100%', placeholder: 'SHARE' },
      batch: { kind: 'parsed', parse: amount('--batch', 'number', 1, 1e6), brief: 'Connections that are opened at one moment, on average', default: '1', placeholder: 'N' },
      batches: { kind: 'enum', values: ['fixed', 'geometric'], brief: 'Distribution of that number', default: 'fixed' },
      policy: { kind: 'enum', values: policies, brief: 'How a source address is chosen', default: 'random' },
      keys: { kind: 'parsed', parse: wholeNumber('--keys', 1, 10_000_000), brief: 'Of the policy hash: number of keys', default: '1000', placeholder: 'N' },
      zipf: { kind: 'parsed', parse: amount('--zipf', 'number', 0, 10), brief: "Of the policy hash: exponent of Zipf's law, 0 for keys that weigh alike", default: '1', placeholder: 'N' },
      retry: { kind: 'parsed', parse: amount('--retry', 'share', 0, 1), brief: 'Chance that a failed attempt is repeated', default: '0', placeholder: 'SHARE' },
      mostRetries: { kind: 'parsed', parse: wholeNumber('--most-retries', 0, 1_000_000), brief: 'Retries of one connection at most (default: no limit)', optional: true, placeholder: 'N' },
      retryDelay: { kind: 'parsed', parse: amount('--retry-delay', 'seconds', 0, 1e6), brief: 'Mean pause before a retry', default: '1s', placeholder: 'TIME' },
      connections: { kind: 'parsed', parse: wholeNumber('--connections', 1, 1_000_000_000_000), brief: 'Connections that are counted', default: '1000000', placeholder: 'N' },
      warmUp: { kind: 'parsed', parse: amount('--warm-up', 'seconds', 0, 1e9), brief: 'Simulated before anything is counted (default: ten mean holds)', optional: true, placeholder: 'TIME' },
      seed: { kind: 'parsed', parse: seed, brief: 'The same seed gives the same run, on any machine', default: '1', placeholder: 'N' },
      csv: { kind: 'parsed', parse: String, brief: 'Write what was counted in each fortieth of the run', optional: true, placeholder: 'FILE' },
      svg: { kind: 'parsed', parse: String, brief: 'Draw ports in use and losses over the run', optional: true, placeholder: 'FILE' },
      ...outputFlags,
    },
    aliases,
  },
  docs: {
    brief: 'Play one host connection by connection, and compare with the formula',
    fullDescription: [
      'Plays arrivals, closes and retries of one host event by event, and counts attempts that find no port. Beside it stands what',
      "the planner's formula says: Erlang B, Hayward for bursts. Nothing of this host is looked at.",
      '',
      exitCodes,
    ].join('\n'),
    customUsage: [
      { input: '--rate 460', brief: 'The default range, 460 connections a second to one destination' },
      { input: '--rate 14.7 --ports 1000 --lifetime 0 --batch 10', brief: 'Bursts of ten on a thousand ports' },
      { input: '--rate 420 --lifetime 1s --close reset --ports 64 --addresses 8 --policy two-choices', brief: 'Two choices among eight addresses' },
      { input: '--rate 100 --lifetime 1s --close peer --ports 100 --retry 90% --json', brief: 'Nine of ten failures are tried again' },
    ],
  },
});

const fleet = buildCommand<FleetFlags, [string], CliContext>({
  loader: async () => (await import('./run-fleet.ts')).runSimulateFleet,
  parameters: {
    flags: {
      csv: { kind: 'parsed', parse: String, brief: 'Write a row a step and service', optional: true, placeholder: 'FILE' },
      svg: { kind: 'parsed', parse: String, brief: 'Draw ports in use and losses over time', optional: true, placeholder: 'FILE' },
      seed: { kind: 'parsed', parse: seed, brief: 'Instead of the seed of the file', optional: true, placeholder: 'N' },
      workers: { kind: 'parsed', parse: wholeNumber('--workers', 1, 256), brief: 'Threads (default: as many as there are processors, when it is worth it)', optional: true, placeholder: 'N' },
      checkpoint: { kind: 'parsed', parse: String, brief: 'Keep what is done in this file until all is', optional: true, placeholder: 'FILE' },
      resume: { kind: 'boolean', brief: 'Go on with what the checkpoint has', optional: true, withNegated: false },
      ...outputFlags,
    },
    aliases,
    positional: { kind: 'tuple', parameters: [{ brief: 'Description of the fleet, YAML or JSON', parse: String, placeholder: 'FILE' }] },
  },
  docs: {
    brief: 'Simulate many hosts over a day: which services lose connections, and when',
    fullDescription: [
      'Follows the load of every host of a fleet in steps of a minute, and takes the losses from the formulas of the planner, a hard',
      'cap where a spike is short, and NATs that the hosts share. docs/concepts/simulation.md describes the file and the method.',
      '',
      exitCodes,
    ].join('\n'),
    customUsage: [
      { input: 'fleet.yaml', brief: 'One line a service' },
      { input: 'fleet.yaml --csv minutes.csv --svg day.svg', brief: 'Every minute, for a spreadsheet and as a picture' },
      { input: 'fleet.yaml --workers 8 --checkpoint fleet.checkpoint --resume', brief: 'A long run that was interrupted goes on' },
    ],
  },
});

export const simulateCommand = buildRouteMap({
  routes: { host, fleet },
  docs: {
    brief: 'Simulate one host connection by connection, or a fleet minute by minute',
    fullDescription: 'Simulations of ports that run out: of one host, connection by connection, and of a whole fleet, minute by minute. Nothing of this host is read.',
  },
});
