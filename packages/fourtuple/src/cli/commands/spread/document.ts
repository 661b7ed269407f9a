import { hostName, kernelRelease } from '../../../kernel/index.ts';
import type { AddedAddress, SpreadStatus } from '../../../spread/index.ts';

export interface SpreadFacts {
  readonly takenAt: Date;
  readonly spreads: readonly SpreadStatus[];
  readonly leftAddresses: readonly AddedAddress[];
  readonly leftCgroups: readonly string[];
}

/** `fourtuple.spread/1`, described by schemas/spread.schema.json. */
export function spreadDocument({ takenAt, spreads, leftAddresses, leftCgroups }: SpreadFacts): Record<string, unknown> {
  return {
    schema: 'fourtuple.spread/1',
    takenAt: takenAt.toISOString(),
    host: hostName(),
    kernel: kernelRelease(),
    spreads: spreads.map(({ pid, command, cgroup, cgroupId, startedAtMs, addresses, destinations, leftAlone, keptDefault }) => ({
      pid,
      command: command ?? null,
      cgroup: cgroup ?? null,
      cgroupId,
      startedAt: new Date(startedAtMs).toISOString(),
      addresses: addresses.map(({ address, chosen, refused }) => ({ address: address.toString(), connects: chosen, refused })),
      destinations: destinations.map(({ destination, port, connects }) => ({ destination: destination.toString(), port, connects })),
      leftAlone,
      keptDefault,
    })),
    left: { addresses: leftAddresses.map(({ address, device, pid }) => ({ address: address.toString(), device, pid })), cgroups: leftCgroups },
  };
}
