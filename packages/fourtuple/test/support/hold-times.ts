import type { Random } from './random.ts';

/** Distributions of a hold with mean 1; Erlang's formula does not know them apart (insensitivity). */
export const holdTimes: Readonly<Record<string, (random: Random) => number>> = {
  exponential,
  constant: () => 1,
  lognormal: (random) => Math.exp(SIGMA * normal(random) - (SIGMA * SIGMA) / 2),
  /** One in ten is 41 times as long as the others. */
  hyperexponential: (random) => exponential(random) * (random.chance(0.1) ? 8.2 : 0.2),
};

const SIGMA = 1.5;

export function exponential(random: Random): number {
  return -Math.log(1 - random.next());
}

/** Box and Muller, 1958. */
function normal(random: Random): number {
  return Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random.next());
}
