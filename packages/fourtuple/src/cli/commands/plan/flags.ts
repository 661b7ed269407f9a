import { closings, type Closing } from '../../../plan/hold.ts';
import { quantity } from '../../../plan/quantity.ts';
import { policies, type SourcePolicy } from '../../../plan/source-policy.ts';
import { outputFlags, wholeNumber, type OutputFlags } from '../../flags.ts';

/** What a service does, what the host has, and what is asked of both; the subcommands take parts of it. */
export interface DemandFlags {
  readonly rate: number;
  readonly lifetime: number;
  readonly close: Closing;
  readonly closeShare: number;
  readonly destinations: number;
  readonly peakedness: number;
  readonly loss: number;
}

export interface SupplyFlags {
  readonly range?: string | undefined;
  readonly reserved?: string | undefined;
  readonly sources: number;
  readonly policy: SourcePolicy;
  readonly hz: number;
}

export type { OutputFlags };

const number = (name: string, unit: 'number' | 'seconds' | 'share', low: number, high: number) => (text: string): number => quantity(text, unit, { name, low, high });

export const lossFlag = { kind: 'parsed', parse: number('--loss', 'share', 1e-12, 0.5), brief: 'Share of the connections that may fail, such as 1e-6 or 0.1%', default: '1e-6', placeholder: 'SHARE' } as const;

const rate = { kind: 'parsed', parse: number('--rate', 'number', 0, 1e9), brief: 'New connections a second of one host', placeholder: 'N' } as const;

const demandFlags = {
  lifetime: { kind: 'parsed', parse: number('--lifetime', 'seconds', 0, 1e9), brief: 'Mean time from connect() to close(): 50ms, 2s, 1h', default: '50ms', placeholder: 'TIME' },
  close: { kind: 'enum', values: closings, brief: 'Who closes first, and how: that decides how long the port stays taken', default: 'we' },
  closeShare: { kind: 'parsed', parse: number('--close-share', 'share', 0, 1), brief: 'Share of the connections that close so; the others leave their port at once', default: '100%', placeholder: 'SHARE' },
  destinations: { kind: 'parsed', parse: wholeNumber('--destinations', 1, 1_000_000), brief: 'Addresses and ports over which the connections spread evenly', default: '1', placeholder: 'N' },
  peakedness: { kind: 'parsed', parse: number('--peakedness', 'number', 1, 1e6), brief: 'Variance over mean of the ports in use: 1 for independent arrivals, 10 and more for bursts', default: '1', placeholder: 'Z' },
} as const;

/** A rate that must be given, and one that may come from elsewhere. */
export const neededRate = { rate, ...demandFlags, loss: lossFlag } as const;
const { default: _, ...peakedness } = demandFlags.peakedness;
export const optionalRate = {
  rate: { ...rate, optional: true },
  ...demandFlags,
  peakedness: { ...peakedness, brief: `${peakedness.brief} (default: 1, or what a recording of several snapshots shows)`, optional: true },
  loss: lossFlag,
} as const;

export const supplyFlags = {
  range: { kind: 'parsed', parse: String, brief: 'Local port range, LO-HI (default: 32768-60999)', optional: true, placeholder: 'LO-HI' },
  reserved: { kind: 'parsed', parse: String, brief: 'Reserved ports, such as 3306,8000-8010', optional: true, placeholder: 'PORTS' },
  sources: { kind: 'parsed', parse: wholeNumber('--sources', 1, 1_000_000), brief: 'Source addresses of the host', default: '1', placeholder: 'N' },
  policy: { kind: 'enum', values: policies, brief: 'How a source address is chosen', default: 'least-used' },
  hz: { kind: 'parsed', parse: wholeNumber('--hz', 100, 1000), brief: 'CONFIG_HZ of the kernel, which lengthens TIME_WAIT: 100, 250, 300 or 1000', default: '250', placeholder: 'N' },
} as const;

export const natFlags = {
  nat: { kind: 'parsed', parse: String, brief: 'NAT on the way, by the name of its profile', optional: true, placeholder: 'PROFILE' },
  natAddresses: { kind: 'parsed', parse: wholeNumber('--nat-addresses', 1, 1_000_000), brief: 'Addresses of the NAT', default: '1', placeholder: 'N' },
  hosts: { kind: 'parsed', parse: wholeNumber('--hosts', 1, 1_000_000_000), brief: 'Hosts behind the NAT, each with this rate', default: '1', placeholder: 'N' },
} as const;

export interface NatFlags {
  readonly nat?: string | undefined;
  readonly natAddresses: number;
  readonly hosts: number;
}

export { outputFlags };
