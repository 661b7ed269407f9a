export type ConstraintId = 'source-ports' | 'bind-pool' | 'descriptors' | 'conntrack' | 'nat-ports' | 'nat-connections';

/** Something that there is only so much of, and who takes how much of it. */
export interface Limit {
  readonly id: ConstraintId;
  /** `source ports to one destination`. */
  readonly title: string;
  readonly capacity: number;
  readonly unit: 'ports' | 'connections' | 'descriptors';
  /** Load of each service that fails where it is full, by name, in `unit`. */
  readonly contributions: ReadonlyMap<string, number>;
  /** Load of others, who do not fail for it. */
  readonly background: number;
  /** Share that fails at a load; grows with it. */
  lossAt(offered: number): number;
}

/** What one service brings to a limit. */
export interface Part {
  readonly name: string;
  readonly load: number;
  readonly peakedness: number;
}

/** Of independent streams the variances add up. */
export function mix(parts: readonly Part[]): { readonly contributions: ReadonlyMap<string, number>; readonly peakedness: number } {
  const load = parts.reduce((sum, part) => sum + part.load, 0);
  const variance = parts.reduce((sum, part) => sum + part.load * part.peakedness, 0);
  return { contributions: new Map(parts.map((part) => [part.name, part.load])), peakedness: load === 0 ? 1 : variance / load };
}
