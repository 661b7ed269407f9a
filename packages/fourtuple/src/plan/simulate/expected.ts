import { erlangB } from '../erlang-b.ts';
import { peakednessOfBatches, withRetries } from '../queues.ts';
import { lossOver } from '../sources.ts';
import { batchMoments } from './distributions.ts';
import type { HostSpec } from './host.ts';

/** What a formula says about a host that can be played, too. */
export interface Expected {
  /** `Approximation`: of two random choices and of round-robin, {@link lossOver}. */
  readonly formula: 'Erlang B' | 'Hayward' | 'Erlang B with retries' | 'Approximation';
  /** Load of one destination, ports: rate times hold. */
  readonly offered: number;
  readonly peakedness: number;
  /** Share of the attempts that fail. */
  readonly loss: number;
  /** Attempts for each connection. */
  readonly attemptsEach: number;
}

const ROUNDS = 1000;

/**
 * The formula for a host. @returns undefined where there is none: a rate that changes, keys that weigh differently, and
 * retries of bursts or of addresses that are not one pool.
 */
export function expectedOf(spec: HostSpec): Expected | undefined {
  const { curve, closing, lifetime, policy, addresses, ports, retries } = spec;
  if (curve.daily !== undefined || curve.hourly !== undefined || (curve.spikes ?? []).length > 0) return undefined;
  if (policy === 'hash' && addresses > 1) return undefined;
  const held = closing.seconds * closing.share;
  const offered = (spec.ratePerSecond / spec.destinations) * (lifetime.mean + held);
  const moments = batchMoments(spec.batch);
  const isConstant = lifetime.kind === 'constant' || (held > lifetime.mean && closing.share === 1);
  const peakedness = peakednessOfBatches(moments.mean, moments.square, isConstant ? 'constant' : 'exponential');
  if (retries.chance > 0 && retries.most > 0) {
    const isPool = addresses === 1 || policy === 'retry' || policy === 'least-used';
    if (peakedness > 1 || !isPool) return undefined;
    const again = retriedLoad(ports * addresses, offered, retries.chance, retries.most);
    return { formula: 'Erlang B with retries', offered, peakedness, loss: again.loss, attemptsEach: again.attempts / offered };
  }
  const isApproximate = addresses > 1 && (policy === 'two-choices' || policy === 'round-robin');
  return { formula: isApproximate ? 'Approximation' : peakedness > 1 ? 'Hayward' : 'Erlang B', offered, peakedness, loss: lossOver(policy, addresses, ports, offered, peakedness), attemptsEach: 1 };
}

/** Attempts and loss with retries that come later: a' = a·Σ (r·B)^i over at most n retries. */
function retriedLoad(ports: number, offered: number, chance: number, most: number): { readonly attempts: number; readonly loss: number } {
  if (most > ROUNDS) return withRetries(ports, offered, chance);
  let loss = erlangB(ports, offered);
  let attempts = offered;
  for (let round = 0; round < ROUNDS; round++) {
    let each = 1;
    let left = 1;
    for (let retry = 0; retry < most; retry++) {
      left *= chance * loss;
      each += left;
    }
    const next = offered * each;
    if (Math.abs(next - attempts) < 1e-12 * next) break;
    attempts = next;
    loss = erlangB(ports, attempts);
  }
  return { attempts, loss };
}
