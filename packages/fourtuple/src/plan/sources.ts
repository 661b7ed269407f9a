import { erlangB, offeredFor, portsFor } from './erlang-b.ts';
import { hayward } from './queues.ts';

/**
 * How source addresses are chosen. `random` and `round-robin` do not see how full each is; `least-used` and `retry` (another
 * address on EADDRNOTAVAIL) use all ports as one pool; `hash` sends each key to one address for ever.
 */
export type SourcePolicy = 'random' | 'round-robin' | 'two-choices' | 'least-used' | 'retry' | 'hash';

/** Loss over n addresses of c ports each: pooled policies lose B(nc, a), random choice B(c, a/n) (Poisson thinning). */
export function lossOver(policy: SourcePolicy, addresses: number, ports: number, offered: number, peakedness = 1): number {
  switch (policy) {
    case 'least-used':
    case 'retry':
    case 'two-choices':
      return hayward(addresses * ports, offered, peakedness);
    case 'random':
    case 'hash':
      // What is thinned at random loses its burstiness: z' = 1 + (z - 1)/n.
      return hayward(ports, offered / addresses, 1 + (peakedness - 1) / addresses);
    case 'round-robin':
      return hayward(ports, offered / addresses, Math.max(1, peakedness / addresses));
  }
}

/** Least number of addresses that lose at most p. */
export function addressesFor(policy: SourcePolicy, ports: number, offered: number, loss: number, peakedness = 1): number {
  if (peakedness === 1 && (policy === 'least-used' || policy === 'retry')) return Math.max(1, Math.ceil(portsFor(offered, loss) / ports));
  let addresses = Math.max(1, Math.floor(offered / (ports * 1.2)));
  while (lossOver(policy, addresses, ports, offered, peakedness) > loss) addresses++;
  while (addresses > 1 && lossOver(policy, addresses - 1, ports, offered, peakedness) <= loss) addresses--;
  return addresses;
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
