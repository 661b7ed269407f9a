import type { FleetSpec } from './fleet-spec.ts';

/** What is kept of each service in each step. */
export const fleetFields = ['offered', 'lostAtHost', 'lostAtNat', 'used', 'worstUsed', 'worstLoss'] as const;
export type FleetField = (typeof fleetFields)[number];

const LEAST_BLOCK_STEPS = 10;
const MOST_BLOCK_STEPS = 240;
const WANTED_BLOCKS = 48;

/** Steps of a block, the unit of work: by the description alone, so that results do not depend on who works. */
export function blockSteps(spec: FleetSpec): number {
  return Math.min(spec.steps, MOST_BLOCK_STEPS, Math.max(LEAST_BLOCK_STEPS, Math.ceil(spec.steps / WANTED_BLOCKS)));
}

export interface Block {
  readonly first: number;
  /** First step after it. */
  readonly last: number;
}

export function blocksOf(spec: FleetSpec): Block[] {
  const each = blockSteps(spec);
  return Array.from({ length: Math.ceil(spec.steps / each) }, (_, index) => ({ first: index * each, last: Math.min(spec.steps, (index + 1) * each) }));
}

/** Numbers of a block: by step, service and field, in this order. */
export function blockLength({ first, last }: Block, services: number): number {
  return (last - first) * services * fleetFields.length;
}
