import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { defaultResults } from './paths.ts';
import { jobNames, type JobName } from './stage.ts';

export interface BenchOptions {
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly startupRounds: number;
  /** Rounds of the jobs that stay in one process, whose rounds are short and whose goals are narrow. */
  readonly residentRounds: number;
  /** Of the jobs that have one size. */
  readonly sockets: Readonly<Record<'owners' | 'event-loop' | 'in-process' | 'inbound', number>>;
  readonly jobs: readonly JobName[];
  readonly slow: boolean;
  readonly out: string;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const fullSockets = { owners: 300_000, 'event-loop': 300_000, 'in-process': 1_000_000, inbound: 500_000 };
const quickSockets = { owners: 20_000, 'event-loop': 30_000, 'in-process': 100_000, inbound: 50_000 };

/** What 10 sources and 10 destinations have room for, rounded down. */
const largestSize = 6_000_000;

export const help = `usage: npm run bench -- [options]

Runs fourtuple beside ss, netstat and a reader in C, over the same sockets, and
writes latest.json and latest.md. Needs root (network namespaces) and a C compiler.

  --sizes N,N,...   sockets of the snapshot job    (default 1000,10000,100000)
  --rounds N        rounds a competitor            (default 5; startup has 21,
                    event-loop, in-process and formulas have 15)
  --only JOB        may be given more than once:
                    ${jobNames.join(', ')}
  --quick           small sizes, few rounds: a try-out
  --slow            also ss -tanp above 100,000 sockets, up to 300,000
  --out DIR         where the results go           (default packages/bench/results)
  --help
`;

/** Undefined when help was asked for. */
export function parseArguments(argv: readonly string[]): BenchOptions | undefined {
  const values = readValues(argv);
  if (values.help === true) return undefined;
  const quick = values.quick === true;
  const rounds = values.rounds === undefined ? undefined : wholeNumber('--rounds', values.rounds, 1000);
  return {
    sizes: values.sizes === undefined ? (quick ? [1000, 10_000] : [1000, 10_000, 100_000]) : parseSizes(values.sizes),
    rounds: rounds ?? (quick ? 3 : 5),
    startupRounds: rounds ?? (quick ? 7 : 21),
    residentRounds: rounds ?? (quick ? 5 : 15),
    sockets: quick ? quickSockets : fullSockets,
    jobs: values.only === undefined ? jobNames : parseJobs(values.only),
    slow: values.slow === true,
    out: values.out === undefined ? defaultResults : resolve(values.out),
  };
}

function readValues(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        sizes: { type: 'string' },
        rounds: { type: 'string' },
        only: { type: 'string', multiple: true },
        quick: { type: 'boolean' },
        slow: { type: 'boolean' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most) {
    throw new UsageError(`${option}: '${text}' is not a whole number from 1 to ${most}`);
  }
  return value;
}

function parseSizes(text: string): number[] {
  const sizes = text.split(',').map((part) => wholeNumber('--sizes', part.trim().replaceAll('_', ''), largestSize));
  return [...new Set(sizes)].sort((a, b) => a - b);
}

function parseJobs(names: readonly string[]): JobName[] {
  for (const name of names) {
    if (!jobNames.some((job) => job === name)) {
      throw new UsageError(`--only: '${name}' is none of ${jobNames.join(', ')}`);
    }
  }
  return jobNames.filter((job) => names.includes(job));
}
