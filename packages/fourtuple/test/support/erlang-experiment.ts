import { erlangB, lossStandardError } from '../../src/plan/index.ts';
import { holdTimes } from './hold-times.ts';
import { measureLoss, type LossMeasurement } from './loss-experiment.ts';
import { Random } from './random.ts';

/** 8 tuples of 100 ports, 100 Erlang each: 4,000 attempts a second, of which 7.57 % are refused. */
const PORTS = 100;
const OFFERED = 100;
const TUPLES = 8;
const HOLD_SECONDS = 0.2;
/** Ten holds: nothing is left of the empty beginning. */
const WARM_UP_SECONDS = 10 * HOLD_SECONDS;

/** An event is late from a twentieth of a hold on; when one in ten is, the machine did not play what was written. */
const LATE_SECONDS = HOLD_SECONDS / 20;
const MOST_LATE = 0.1;

/** How many standard errors a correct kernel may be off: beyond 4, once in 16,000 runs. */
const SIGMAS = 4;

export interface ErlangComparison {
  readonly measured: number;
  readonly formula: number;
  /** Standard error of the measured figure for exponential holds, by the number of attempts. */
  readonly standardError: number;
  /** What the measured figure may be off by chance. */
  readonly tolerance: number;
  readonly attempts: number;
  readonly measurement: LossMeasurement;
  /** Why the figure cannot be judged, or undefined when it can. */
  readonly obstacle: string | undefined;
}

/**
 * Measures on the running kernel how many connections find no port, beside Erlang's formula. Enters a network namespace.
 * @param seconds in all, warm-up included. @param hold a name of {@link holdTimes}. @throws RangeError for another name.
 */
export async function compareWithErlang(seconds: number, hold: string, seed: number): Promise<ErlangComparison> {
  const holdTime = holdTimes[hold];
  if (holdTime === undefined) throw new RangeError(`a hold is one of ${Object.keys(holdTimes).join(', ')}, not ${hold}`);
  const random = new Random(seed);
  const measurement = await measureLoss(
    {
      ports: PORTS,
      tuples: TUPLES,
      ratePerSecond: OFFERED / HOLD_SECONDS,
      lifetimeSeconds: () => holdTime(random) * HOLD_SECONDS,
      closing: 'reset',
      warmUpSeconds: WARM_UP_SECONDS,
      measuredSeconds: seconds - WARM_UP_SECONDS,
      waiting: 'spin',
      random,
    },
    LATE_SECONDS,
  );
  const { attempts, refused } = measurement;
  const standardError = lossStandardError(PORTS, OFFERED, Math.max(1, attempts));
  return { measured: refused / attempts, formula: erlangB(PORTS, OFFERED), standardError, tolerance: SIGMAS * standardError, attempts, measurement, obstacle: obstacleOf(measurement) };
}

function obstacleOf({ gaveUp, lateness }: LossMeasurement): string | undefined {
  const { longest, shareLate } = lateness;
  if (gaveUp) return `the machine is too loaded to judge: events were ${longest.toFixed(1)} s late`;
  if (shareLate > MOST_LATE) return `the machine is too loaded to judge: ${(shareLate * 100).toFixed(0)} % of the events were over ${LATE_SECONDS * 1000} ms late`;
  return undefined;
}

/** One line: measured, formula, how far apart, and how late events were. */
export function comparisonText({ measured, formula, standardError, attempts, measurement, obstacle }: ErlangComparison): string {
  const { mean, longest, shareLate } = measurement.lateness;
  const apart = Math.abs(measured - formula) / standardError;
  const late = `late: mean ${(mean * 1e6).toFixed(0)} us, longest ${(longest * 1000).toFixed(1)} ms, ${(shareLate * 100).toFixed(2)} % over ${LATE_SECONDS * 1000} ms`;
  return `measured ${measured.toFixed(5)}, formula ${formula.toFixed(5)}, ${apart.toFixed(1)} standard errors of ${standardError.toFixed(5)} apart; ${attempts} attempts; ${late}${obstacle === undefined ? '' : `; ${obstacle}`}`;
}
