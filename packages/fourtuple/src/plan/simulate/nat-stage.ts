import { ciliumLossOf, natLossOf } from '../nat-search.ts';
import { erlangB } from '../erlang-b.ts';
import type { Closing } from '../hold.ts';
import type { FleetNat } from './fleet-spec.ts';
import type { LossTable, LossTables } from './loss-table.ts';

/** One service behind a NAT, at one moment. */
export interface NatLoad {
  /** Mappings that it would have in all, as if none were refused. */
  readonly offered: number;
  /** Shares of its destinations. */
  readonly kinds: readonly DestinationKind[];
  readonly peakedness: number;
  /** Of a NAT that gives each host its own ports: the loss of these, in the mean of the hosts. */
  readonly hostLoss: number;
}

/** Destinations that get the same share of a service's connections. */
export interface DestinationKind {
  readonly share: number;
  readonly count: number;
}

/** Groups equal shares, the greatest first. */
export function kindsOf(shares: readonly number[]): DestinationKind[] {
  const counts = new Map<number, number>();
  for (const share of shares) counts.set(share, (counts.get(share) ?? 0) + 1);
  return [...counts].map(([share, count]) => ({ share, count })).sort((left, right) => right.share - left.share);
}

/** How long a NAT keeps the mapping of a connection that ended: it sees a FIN or a reset, and cares not whose. */
export function natHoldSeconds(nat: FleetNat, closing: Closing): number {
  return closing === 'reset' ? nat.profile.holdSeconds.reset : nat.profile.holdSeconds.fin;
}

/** Below this share of its connections a limit on all of them is not felt. */
const QUIET_SHARE = 0.9;

/** A NAT's losses: of the ports for one destination (or one host), and of its connections in all. */
export class NatStage {
  readonly #nat: FleetNat;
  readonly #tables: LossTables;

  constructor(nat: FleetNat, tables: LossTables) {
    this.#nat = nat;
    this.#tables = tables;
  }

  get isPerHost(): boolean {
    return this.#nat.profile.scope === 'per-host';
  }

  /** The table of the ports that one host has. */
  hostTable(peakedness: number): LossTable {
    return this.#tables.of('retry', 1, this.#nat.profile.ports, peakedness);
  }

  /** The loss of each service. Hosts are dealt to the addresses evenly, so that bursts stay as they are. */
  losses(loads: readonly NatLoad[]): number[] {
    const { mostConnections } = this.#nat.profile;
    const total = loads.reduce((sum, load) => sum + load.offered, 0);
    const ofAll = mostConnections === undefined || total < mostConnections * QUIET_SHARE ? 0 : erlangB(mostConnections, total);
    return loads.map((load) => 1 - (1 - ofAll) * (1 - (this.isPerHost ? load.hostLoss : this.#destinationLoss(load))));
  }

  #destinationLoss({ offered, kinds, peakedness }: NatLoad): number {
    const { ports, hasBoundedSearch, searchTries } = this.#nat.profile;
    const table = this.#tables.of('retry', 1, ports, peakedness);
    let loss = 0;
    for (const { share, count } of kinds) {
      const load = (offered * share) / this.#nat.addresses;
      const full = table.lossOf(load / ports);
      const search = hasBoundedSearch !== true ? 0 : searchTries === undefined ? (natLossOf(ports, load) ?? 0) : ciliumLossOf(load / ports);
      loss += count * share * Math.max(full, search);
    }
    return loss;
  }
}
