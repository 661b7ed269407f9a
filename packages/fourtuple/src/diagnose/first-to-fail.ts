import type { BindPoolUsage, TupleUsage } from '../usage/index.ts';
import type { Inspected } from './finding.ts';

export type FirstToFail =
  | { readonly operation: 'connect'; readonly namespace: string; readonly tuple: TupleUsage }
  | { readonly operation: 'bind'; readonly namespace: string; readonly pool: BindPoolUsage };

/**
 * The pool with the fewest ports left. A bind pool counts only where programs bind source addresses, or for UDP: a
 * plain connect() never meets it. Where both have as many left, connect() is named: more programs meet it.
 */
export function findFirstToFail(inspected: readonly Pick<Inspected, 'id' | 'usage'>[]): FirstToFail | undefined {
  let first: FirstToFail | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const { id, usage } of inspected) {
    const tuple = usage.tuples.length === 0 ? undefined : usage.tuples.at(0);
    if (tuple !== undefined && tuple.free < fewest) {
      first = { operation: 'connect', namespace: id.name, tuple };
      fewest = tuple.free;
    }
    const bindsSources = usage.poisoned.some((group) => group.kind === 'bound-connected' || group.kind === 'bound-idle' || group.kind === 'time-wait');
    for (const pool of usage.bindPools) {
      const isMet = pool.protocol === 'udp' ? pool.source.isUnspecified && pool.used > 0 : bindsSources && !pool.source.isUnspecified && pool.used > 0;
      if (isMet && pool.free < fewest) {
        first = { operation: 'bind', namespace: id.name, pool };
        fewest = pool.free;
      }
    }
  }
  return first;
}
