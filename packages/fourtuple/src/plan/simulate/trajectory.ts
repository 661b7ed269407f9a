import { factorAt, type RateCurve } from './curve.ts';
import { exp } from './elementary.ts';

/** Parts of a step in which rate and load are kept. */
export const QUARTERS = 4;

/** What the load of a service is made of, for one host whose share is 1. */
export interface Flow {
  readonly ratePerSecond: number;
  readonly curve: RateCurve;
  readonly zoneHours: number;
  readonly lifetimeSeconds: number;
  /** Time in TIME_WAIT or a like state, and the share of connections that get there. */
  readonly closingSeconds: number;
  readonly closingShare: number;
}

/** Steps of time, all alike. */
export interface Clock {
  readonly steps: number;
  readonly stepSeconds: number;
  readonly startSeconds: number;
}

/**
 * The load over time as if ports had no end (an infinite server group with a moving rate): for every quarter of a step the
 * mean rate and the mean number of ports in use. Linear in the rate, so that one of these serves all hosts of a class.
 */
export interface Trajectory {
  /** Per quarter, connections a second. */
  readonly rate: Float64Array;
  /** Per quarter, ports. */
  readonly load: Float64Array;
  /** Per step: the highest load in it. */
  readonly peak: Float64Array;
  /** Per step: connections open at its beginning, and closes during it. */
  readonly open: Float64Array;
  readonly closes: Float64Array;
}

/** Length of the small steps within a step: about a second, and four at least. */
export function smallSteps(stepSeconds: number): number {
  return QUARTERS * Math.min(15, Math.max(1, Math.ceil(stepSeconds / QUARTERS)));
}

/**
 * Open connections A follow A' = λ - A/S exactly in each small step; what closes then stays for T, in a queue of small steps.
 * The run begins in the steady state of its first moment.
 */
export function trajectoryOf(flow: Flow, clock: Clock): Trajectory {
  const { steps, stepSeconds, startSeconds } = clock;
  const parts = smallSteps(stepSeconds);
  const partsOfQuarter = parts / QUARTERS;
  const width = stepSeconds / parts;
  const decay = decayOf(flow.lifetimeSeconds, width);
  const result: Trajectory = {
    rate: new Float64Array(steps * QUARTERS),
    load: new Float64Array(steps * QUARTERS),
    peak: new Float64Array(steps),
    open: new Float64Array(steps),
    closes: new Float64Array(steps),
  };
  const firstRate = flow.ratePerSecond * factorAt(flow.curve, startSeconds, flow.zoneHours);
  let open = firstRate * flow.lifetimeSeconds;
  const queue = new DelayLine(flow.closingSeconds, width, firstRate * width * flow.closingShare);
  for (let step = 0; step < steps; step++) {
    result.open[step] = open;
    let closes = 0;
    let peak = 0;
    for (let quarter = 0; quarter < QUARTERS; quarter++) {
      let rates = 0;
      let loads = 0;
      for (let part = 0; part < partsOfQuarter; part++) {
        const middle = startSeconds + step * stepSeconds + (quarter * partsOfQuarter + part + 0.5) * width;
        const rate = flow.ratePerSecond * factorAt(flow.curve, middle, flow.zoneHours);
        const next = open * decay.kept + rate * width * decay.stays;
        const closed = open + rate * width - next;
        const before = queue.held;
        queue.push(closed * flow.closingShare);
        const load = (open + next + before + queue.held) / 2;
        if (next + queue.held > peak) peak = next + queue.held;
        open = next;
        closes += closed;
        rates += rate;
        loads += load;
      }
      result.rate[step * QUARTERS + quarter] = rates / partsOfQuarter;
      result.load[step * QUARTERS + quarter] = loads / partsOfQuarter;
    }
    result.peak[step] = peak;
    result.closes[step] = closes;
  }
  return result;
}

/** What is left after a small step of the open connections, and of those that come evenly during it. */
export function decayOf(lifetimeSeconds: number, width: number): { readonly kept: number; readonly stays: number } {
  if (lifetimeSeconds === 0) return { kept: 0, stays: 0 };
  const kept = exp(-width / lifetimeSeconds);
  return { kept, stays: (lifetimeSeconds * (1 - kept)) / width };
}

/** What enters stays for a fixed time: a ring of small steps, the oldest counted by the part of it that is still here. */
export class DelayLine {
  readonly #ring: Float64Array;
  readonly #rest: number;
  #at = 0;
  #whole: number;

  /** @param initial what entered in each small step before. */
  constructor(seconds: number, width: number, initial: number) {
    const steps = seconds / width;
    const whole = Math.floor(steps);
    this.#rest = steps - whole;
    this.#ring = new Float64Array(whole + 1).fill(initial);
    this.#whole = whole * initial;
  }

  /** How much is inside. */
  get held(): number {
    return this.#whole + this.#ring[this.#at]! * this.#rest;
  }

  /** What leaves during the next small step. */
  get leaving(): number {
    const ring = this.#ring;
    if (ring.length === 1) return ring[0]! * this.#rest;
    const next = ring[this.#at + 1 === ring.length ? 0 : this.#at + 1]!;
    return ring[this.#at]! * this.#rest + next * (1 - this.#rest);
  }

  /** Moves on by a small step, in which this much enters. */
  push(entering: number): void {
    const ring = this.#ring;
    const next = this.#at + 1 === ring.length ? 0 : this.#at + 1;
    // The place of what has left is that of what enters; the one after it is now the oldest.
    ring[this.#at] = entering;
    this.#whole += entering - ring[next]!;
    this.#at = next;
  }
}
