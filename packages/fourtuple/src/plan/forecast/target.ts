import { offeredFor } from '../erlang-b.ts';

/**
 * The mean use from which on a tuple loses more than a share p of its connections: a(c, p, z), below c because use varies.
 * Hayward's approximation turned round: z · a(c/z, p) of Erlang's (Fredericks, 1980; see hayward()).
 * @param capacity ports of the tuple, c > 0
 * @param loss share of failing connections, 0 < p < 1
 * @param peakedness z >= 1: variance over mean of the use
 * @returns ports, at most c: a loss of more than about 1/√c is reached only above c
 * @throws RangeError for arguments outside of these
 */
export function adjustedTarget(capacity: number, loss: number, peakedness: number): number {
  if (!(capacity > 0)) throw new RangeError(`the capacity is a number of ports above 0, not ${capacity}`);
  if (!(peakedness >= 1)) throw new RangeError(`the peakedness is at least 1, not ${peakedness}`);
  return Math.min(capacity, peakedness * offeredFor(capacity / peakedness, loss));
}

/** What a series must not reach. Ports. */
export interface Limits {
  /** c: the ports that the tuple has. */
  readonly capacity: number;
  /** The use that is forecast: c itself, or {@link adjustedTarget}. */
  readonly target: number;
}

/** @throws RangeError for a capacity that is not above 0, or a target outside 0 < target <= capacity */
export function limitsOf(capacity: number, target = capacity): Limits {
  if (!(capacity > 0 && Number.isFinite(capacity))) throw new RangeError(`the capacity is a number of ports above 0, not ${capacity}`);
  if (!(target > 0 && target <= capacity)) throw new RangeError(`the target is a number of ports above 0 and at most the capacity ${capacity}, not ${target}`);
  return { capacity, target };
}
