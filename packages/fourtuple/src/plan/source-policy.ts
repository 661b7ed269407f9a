/**
 * How source addresses are chosen. `random` and `round-robin` do not see how full each is; `least-used` and `retry` (another
 * address on EADDRNOTAVAIL) use all ports as one pool; `hash` sends each key to one address for ever.
 */
export type SourcePolicy = (typeof policies)[number];
export const policies = ['random', 'round-robin', 'two-choices', 'least-used', 'retry', 'hash'] as const;
