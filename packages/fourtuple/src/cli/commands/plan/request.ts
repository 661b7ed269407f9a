import { portsOf, profileNamed, type HostSupply, type NatDemand, type PlanRequest, type ServiceDemand } from '../../../plan/index.ts';
import { UsageError } from '../../errors.ts';
import type { DemandFlags, NatFlags, SupplyFlags } from './flags.ts';

export function demandOf(flags: DemandFlags, name: string, nat?: NatDemand, bindsFirst = false): ServiceDemand {
  return { name, ratePerSecond: flags.rate, lifetimeSeconds: flags.lifetime, closing: flags.close, closingShare: flags.closeShare, destinations: flags.destinations, peakedness: flags.peakedness, bindsFirst, nat };
}

export function natOf({ nat, natAddresses, hosts }: NatFlags): NatDemand | undefined {
  if (nat === undefined) {
    if (natAddresses !== 1 || hosts !== 1) throw new UsageError('--nat-addresses and --hosts belong to a NAT: name its profile by --nat');
    return undefined;
  }
  return { profile: profileNamed(nat), addresses: natAddresses, hosts };
}

const HZ: ReadonlySet<number> = new Set([100, 250, 300, 1000]);

export function supplyOf({ range, reserved, sources, policy, hz }: SupplyFlags): HostSupply {
  if (!HZ.has(hz)) throw new UsageError(`--hz is 100, 250, 300 or 1000, not ${hz}`);
  return { ...portsOf(range, reserved), sources, policy, timers: { hz, finTimeoutSeconds: 60, reuseDelaySeconds: 1 } };
}

export function requestOf(services: readonly ServiceDemand[], host: HostSupply, loss: number, growthPerMonth = 0): PlanRequest {
  return { services, host, loss, growthPerMonth };
}

/** The formulas end at 10^9 ports. @throws UsageError for what is beyond that. */
export function computed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`this is too large to be computed: ${error.message}`);
    throw error;
  }
}
