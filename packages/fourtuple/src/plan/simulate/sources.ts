import type { SourcePolicy } from '../source-policy.ts';
import type { Random } from './random.ts';

/** Chooses a source address. `used` has the ports in use of `addresses` addresses from `offset` on. */
export type Chooser = (used: Int32Array, offset: number, key: number) => number;

/**
 * How a policy chooses. `retry` begins at random: what makes it that policy comes after a failure.
 * @param groups tuples of one address each, for which round-robin counts apart.
 * @param homes the address of each key, for `hash`.
 */
export function chooser(policy: SourcePolicy, addresses: number, groups: number, homes: Int32Array, random: Random): Chooser {
  if (addresses === 1) return () => 0;
  switch (policy) {
    case 'random':
    case 'retry':
      return () => random.below(addresses);
    case 'round-robin': {
      const next = new Int32Array(groups);
      return (_, offset) => {
        const group = offset / addresses;
        const chosen = next[group]!;
        next[group] = chosen + 1 === addresses ? 0 : chosen + 1;
        return chosen;
      };
    }
    case 'two-choices':
      return (used, offset) => {
        const first = random.below(addresses);
        const other = random.below(addresses - 1);
        const second = other >= first ? other + 1 : other;
        return used[offset + second]! < used[offset + first]! ? second : first;
      };
    case 'least-used':
      return (used, offset) => {
        // From a random one on, so that the first address does not win every tie.
        let best = random.below(addresses);
        let least = used[offset + best]!;
        for (let address = 0; address < addresses; address++) {
          if (used[offset + address]! < least) {
            least = used[offset + address]!;
            best = address;
          }
        }
        return best;
      };
    case 'hash':
      return (_, __, key) => homes[key]!;
  }
}

/** After a failure: the first other address with a free port, or -1. */
export function otherAddress(used: Int32Array, offset: number, addresses: number, ports: number, failed: number): number {
  for (let step = 1; step < addresses; step++) {
    const address = (failed + step) % addresses;
    if (used[offset + address]! < ports) return address;
  }
  return -1;
}
