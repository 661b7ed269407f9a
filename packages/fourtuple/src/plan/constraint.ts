import type { HostSupply, ServiceDemand } from './demand.ts';
import { hostLimits } from './host-limits.ts';
import type { ConstraintId, Limit } from './limit.ts';
import { natLimits } from './nat-limits.ts';
import { zeroOf } from './search.ts';

/** One limit, and what a load does to it. */
export interface Constraint {
  readonly id: ConstraintId;
  /** `source ports to one destination`. */
  readonly title: string;
  /** Services that fail where it is full. */
  readonly services: readonly string[];
  /** What it has, in its own unit: ports, connections, descriptors. */
  readonly capacity: number;
  readonly unit: Limit['unit'];
  /** What would be in use on average, were there no limit. */
  readonly offered: number;
  /** Load that it carries with at most the loss that was asked for. */
  readonly safeOffered: number;
  /** offered over safeOffered: above 1 it alone loses more than was asked for. */
  readonly ratio: number;
  /** Share that fails for it, at the full load. */
  readonly lossAlone: number;
  /** Share that fails for it of what the other limits let through. */
  readonly loss: number;
}

/** The same limits, judged. @param loss that is asked for. */
export function constraintsOf(services: readonly ServiceDemand[], host: HostSupply, loss: number): Constraint[] {
  const limits = limitsOf(services, host);
  const losses = thinned(limits);
  return limits.map((limit, index) => judge(limit, loss, losses[index]!));
}

/** Every limit that some service meets, not judged yet. */
export function limitsOf(services: readonly ServiceDemand[], host: HostSupply): Limit[] {
  return [...hostLimits(services, host), ...natLimits(services)];
}

/** Share that fails for a limit at the full load, whatever the others let through. */
export function lossAloneOf(limit: Limit): number {
  return lossOf(limit, offeredTo(limit));
}

const ROUNDS = 60;
/** Below it nothing is thinned that could be told. */
const LITTLE = 1e-9;

/** Erlang's fixed point (reduced load; F. P. Kelly, 1986): each limit sees what the others let through. */
function thinned(limits: readonly Limit[]): number[] {
  const losses = limits.map(lossAloneOf);
  if (limits.length === 1 || losses.every((loss) => loss <= LITTLE)) return losses;
  for (let round = 0; round < ROUNDS; round++) {
    let change = 0;
    limits.forEach((limit, index) => {
      let offered = limit.background;
      for (const [name, load] of limit.contributions) offered += limits.reduce((left, other, at) => (at === index || !other.contributions.has(name) ? left : left * (1 - losses[at]!)), load);
      const next = losses[index]! + 0.5 * (lossOf(limit, offered) - losses[index]!);
      change = Math.max(change, Math.abs(next - losses[index]!));
      losses[index] = next;
    });
    if (change < 1e-10) break;
  }
  return losses;
}

function offeredTo(limit: Limit): number {
  let offered = limit.background;
  for (const load of limit.contributions.values()) offered += load;
  return offered;
}

function lossOf(limit: Limit, offered: number): number {
  return limit.capacity < 1 ? (offered === 0 ? 0 : 1) : limit.lossAt(offered);
}

function judge(limit: Limit, allowed: number, loss: number): Constraint {
  const { id, title, capacity, unit } = limit;
  const offered = offeredTo(limit);
  const safeOffered = capacity < 1 ? 0 : safeLoad(limit, allowed);
  return { id, title, services: [...limit.contributions.keys()], capacity, unit, offered, safeOffered, ratio: safeOffered === 0 ? (offered === 0 ? 0 : Number.POSITIVE_INFINITY) : offered / safeOffered, lossAlone: lossOf(limit, offered), loss };
}

/** Largest load with at most this loss: every loss here grows with the load. */
function safeLoad(limit: Limit, allowed: number): number {
  // One that loses nothing below its capacity is bounded by what it has: B >= 1 - c/a.
  const high = limit.capacity / (1 - allowed);
  if (limit.lossAt(high) <= allowed) return high;
  const found = zeroOf((offered) => limit.lossAt(offered) - allowed, 0, high);
  return limit.lossAt(found) <= allowed ? found : found * (1 - 2 ** -50);
}
