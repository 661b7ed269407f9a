import { median, percentile } from './statistics.ts';

/**
 * What a snapshot did in a turn of the event loop. The first turn opens the namespace and reads the listeners, the last one
 * ends the sum; all between (sockets, owners, what the kernel says of ports, the sum itself) is a dump.
 */
export const phases = ['opening', 'dump', 'finish', 'no snapshot'] as const;
export type Phase = (typeof phases)[number];

/** One turn of the event loop, for which everybody else had to wait. */
export interface Pause {
  readonly phase: Phase;
  readonly wallMs: number;
  /** Of the whole process. Much less than the wall time: something else had the core. */
  readonly cpuMs: number;
}

export interface PhasePauses {
  /** The longest pause of each snapshot in this phase: the median of the snapshots. */
  readonly medianMs: number;
  readonly longest: Pause;
}

/** The pauses of several snapshots. */
export interface Pauses {
  readonly turns: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p99CpuMs: number;
  /** Share of the time that lies in pauses longer than {@link longPauseMs}, which percentiles over turns hide. */
  readonly longShare: number;
  readonly longest: Pause;
  readonly phases: Readonly<Partial<Record<Phase, PhasePauses>>>;
}

/** The goal for the 99th percentile. */
export const longPauseMs = 3;

/** @param snapshots the pauses of each, none of them empty. */
export function summarisePauses(snapshots: readonly (readonly Pause[])[]): Pauses {
  const all = snapshots.flat();
  const walls = all.map(({ wallMs }) => wallMs);
  const long = walls.filter((wallMs) => wallMs > longPauseMs);
  return {
    turns: all.length,
    p50Ms: percentile(walls, 0.5),
    p99Ms: percentile(walls, 0.99),
    p99CpuMs: percentile(
      all.map(({ cpuMs }) => cpuMs),
      0.99,
    ),
    longShare: sum(long) / sum(walls),
    longest: longestOf(all),
    phases: Object.fromEntries(
      phases.flatMap((phase) => {
        const longest = snapshots
          .map((pauses) => pauses.filter((pause) => pause.phase === phase))
          .filter((pauses) => pauses.length > 0)
          .map(longestOf);
        if (longest.length === 0) return [];
        return [[phase, { medianMs: median(longest.map(({ wallMs }) => wallMs)), longest: longestOf(longest) }]];
      }),
    ),
  };
}

function longestOf(pauses: readonly Pause[]): Pause {
  return pauses.reduce((longest, pause) => (pause.wallMs > longest.wallMs ? pause : longest));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
