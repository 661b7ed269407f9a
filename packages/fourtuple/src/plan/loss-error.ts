import { erlangB } from './erlang-b.ts';

/**
 * Standard error of a loss that is measured as refused attempts over attempts, of one system of c ports with Poisson arrivals and
 * exponential holds. Losses come in runs: while the ports are full, the next attempt is likely to fail too. Over the attempts n
 * it is √(V/n) with V = B·I - 2B·(B + a·B') + B², B' = dB/da and I = 1 + 2aB·E[T], the variance over mean of the counted
 * losses; E[T] is the mean time from the steady state until the ports are full (deviation matrix of the birth-death chain).
 * For c = a = 100: 9.9 times the variance of independent losses.
 * @param ports whole, at least 1. @param attempts of all systems alike and independent. @throws RangeError for others.
 */
export function lossStandardError(ports: number, offered: number, attempts: number): number {
  if (!(Number.isSafeInteger(ports) && ports >= 1)) throw new RangeError(`ports are a whole number from 1 on, not ${ports}`);
  if (!(attempts > 0)) throw new RangeError(`attempts are a number above 0, not ${attempts}`);
  const loss = erlangB(ports, offered);
  const slope = loss * (ports / offered - 1 + loss);
  const dispersion = 1 + 2 * offered * loss * timeUntilFull(ports, offered);
  return Math.sqrt((loss * dispersion - 2 * loss * (loss + offered * slope) + loss * loss) / attempts);
}

/** Mean time, in holds, from the steady state until c are busy: Σ_i (Σ_{j<=i} π_j)²/(a·π_i). */
function timeUntilFull(ports: number, offered: number): number {
  // π_i over the sum up to i is the loss of i ports: the sums themselves would overflow. Full at the end, π_c is the loss of c.
  const losses = Array.from({ length: ports + 1 }, (_, busy) => erlangB(busy, offered));
  let time = 0;
  // Share of the time with i busy at most; downwards from 1.
  let share = 1 - losses[ports]!;
  for (let busy = ports - 1; busy >= 0; busy--) {
    time += share / (offered * losses[busy]!);
    share *= 1 - losses[busy]!;
  }
  return time;
}
