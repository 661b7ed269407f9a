import { erlangB, offeredFor, portsFor } from './erlang-b.ts';
import { hayward } from './queues.ts';
import { leastFrom } from './search.ts';
import type { SourcePolicy } from './source-policy.ts';

/**
 * Loss over n addresses of c ports each: pooled policies lose B(nc, a), random choice B(c, a/n) (Poisson thinning). The
 * others by approximations that were checked against simulation of 8 addresses of 64 and 1,024 ports, within 15 %.
 * `hash` as if there were many keys of like weight: see {@link hashImbalance}.
 */
export function lossOver(policy: SourcePolicy, addresses: number, ports: number, offered: number, peakedness = 1): number {
  switch (policy) {
    case 'least-used':
    case 'retry':
      return hayward(addresses * ports, offered, peakedness);
    case 'random':
    case 'hash':
      // What is thinned at random loses its burstiness: z' = 1 + (z - 1)/n.
      return hayward(ports, offered / addresses, 1 + (peakedness - 1) / addresses);
    case 'two-choices':
      return Math.min(hayward(addresses * Math.max(0, ports - aheadOfMean(addresses)), offered, peakedness), lossOver('random', addresses, ports, offered, peakedness));
    case 'round-robin': {
      // Every n-th arrival is smoother than Poisson: counts vary 1/n as much, ports in use (exponential holds) half as much as that lacks to 1.
      const smoothed = 0.5 + (peakedness - 0.5) / addresses;
      return erlangB(ports / smoothed, offered / addresses / smoothed);
    }
  }
}

/**
 * Ports that the fullest of n addresses is ahead of the mean under two random choices: ln ln n / ln 2 + O(1), whatever the load
 * (Azar, Broder, Karlin and Upfal, 1994; Berenbrink et al., 2000). The constant is fitted to simulations with n = 8.
 */
function aheadOfMean(addresses: number): number {
  return addresses <= 2 ? 0 : Math.log(Math.log(addresses)) / Math.LN2 + 0.45;
}

/** Least number of addresses that lose at most p. @throws RangeError for less than a port, and unless 0 < p < 1. */
export function addressesFor(policy: SourcePolicy, ports: number, offered: number, loss: number, peakedness = 1): number {
  if (!(ports >= 1)) throw new RangeError(`an address has a port at least, not ${ports}`);
  if (!(loss > 0 && loss < 1)) throw new RangeError(`a loss is a probability between 0 and 1, not ${loss}`);
  if (peakedness === 1 && (policy === 'least-used' || policy === 'retry')) return Math.max(1, Math.ceil(portsFor(offered, loss) / ports));
  return leastFrom(1, (addresses) => lossOver(policy, addresses, ports, offered, peakedness) <= loss);
}

/** Load that n addresses carry with a loss of at most p, pooled and at random. */
export function capacityOf(addresses: number, ports: number, loss: number): { readonly pooled: number; readonly random: number } {
  return { pooled: offeredFor(addresses * ports, loss), random: addresses * offeredFor(ports, loss) };
}

/** As many keys as would weigh alike, for the imbalance of hashing: (Σw)²/Σw². */
export function effectiveKeys(weights: readonly number[]): number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return (sum * sum) / weights.reduce((total, weight) => total + weight * weight, 0);
}

/** Weights of Zipf's law, the first the heaviest. */
export function zipf(keys: number, exponent = 1): number[] {
  return Array.from({ length: keys }, (_, index) => (index + 1) ** -exponent);
}

/**
 * The fullest of n addresses over the mean, when keys are hashed to them: 1 + √(2 ln n · (n-1)/K). Within 10 % of simulation
 * unless there are fewer effective keys than addresses.
 */
export function hashImbalance(addresses: number, keys: number): number {
  return addresses <= 1 ? 1 : 1 + Math.sqrt((2 * Math.log(addresses) * (addresses - 1)) / keys);
}

/** Ports to keep free for a loss of about 1e-6: 4·√(c·z), a rule of thumb (exact coefficients 3.8 to 4.2). */
export function rulingReserve(ports: number, peakedness = 1): number {
  return 4 * Math.sqrt(ports * peakedness);
}

/** The loss of one address, for comparison. */
export function lossOfOne(ports: number, offered: number): number {
  return erlangB(ports, offered);
}
