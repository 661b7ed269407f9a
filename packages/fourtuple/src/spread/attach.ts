import { Spreader } from '../kernel/index.ts';
import type { SpreadSpec } from './spec.ts';
import type { TargetCgroup } from './target.ts';

/**
 * Spreads what the processes of a cgroup connect from now on, those that run already too; sockets that were made before
 * their process came into the cgroup are left alone. It ends when it is closed, or this process ends.
 * @throws UnsupportedError, VerifierError, KernelError
 */
export function attachSpread(spec: SpreadSpec, { directory }: TargetCgroup, now: number): Spreader {
  return new Spreader({ addresses: spec.addresses, rules: spec, cgroup: directory, now });
}
