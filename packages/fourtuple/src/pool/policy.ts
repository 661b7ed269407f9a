/** How a source address is chosen among several. */
export type SourcePolicy =
  /** The one with the fewest open connections to the destination. */
  | 'least-used'
  /** The less used one of two that chance names: nearly as even, and of constant cost. */
  | 'two-choices'
  /** One after the other, for each destination. */
  | 'round-robin'
  /** By a hash of the key of the connection, or of its destination: the same source for the same key. */
  | 'hash';

export const sourcePolicies = ['least-used', 'two-choices', 'round-robin', 'hash'] as const satisfies readonly SourcePolicy[];

/** What a policy may look at. */
export interface Choice {
  /** Number of sources of the family. */
  readonly count: number;
  /** Open connections of each source to the destination. */
  readonly used: Int32Array;
  /** How many choices there were for the destination before. */
  readonly turn: number;
  readonly key: string;
}

/** Index of the source to try first; if it has no port, the ones behind it are tried in turn. @param random 0 to 1, 1 excluded */
export function chooseSource(policy: SourcePolicy, { count, used, turn, key }: Choice, random: () => number): number {
  if (count <= 1) return 0;
  switch (policy) {
    case 'round-robin':
      return turn % count;
    case 'hash':
      return hash(key) % count;
    case 'two-choices': {
      const one = Math.floor(random() * count);
      const other = (one + 1 + Math.floor(random() * (count - 1))) % count;
      return used[other]! < used[one]! ? other : one;
    }
    case 'least-used': {
      // Begins elsewhere each time, so that equals share.
      let best = turn % count;
      for (let step = 1; step < count; step++) {
        const index = (turn + step) % count;
        if (used[index]! < used[best]!) best = index;
      }
      return best;
    }
  }
}

/** FNV-1a of 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
