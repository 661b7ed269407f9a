import type { Address } from '../model/index.ts';

/** The address side of a bound socket. */
export interface BoundAddress {
  readonly address: Address;
  /** Meaningful for AF_INET6 sockets alone. */
  readonly v6Only: boolean;
  /** An IPv6 socket that is not v6only has no IPv4 address of its own and therefore meets 0.0.0.0. */
  readonly isIpv6Socket: boolean;
}

/**
 * Whether two local addresses meet on one port (`inet_rcv_saddr_equal`, net/ipv4/inet_connection_sock.c): the same
 * address, or one is a wildcard that covers the other. `[::]` that is not v6only covers IPv4 too; 0.0.0.0 also meets
 * every IPv6 socket that is not v6only, even one on ::1; a specific IPv4 address does not.
 */
export function addressesOverlap(left: BoundAddress, right: BoundAddress): boolean {
  if (left.address.equals(right.address)) return true;
  return covers(left, right) || covers(right, left);
}

function covers(wild: BoundAddress, other: BoundAddress): boolean {
  if (!wild.address.isUnspecified) return false;
  if (wild.address.isIpv4) return other.address.isIpv4 || (other.isIpv6Socket && !other.v6Only);
  return other.address.isIpv4 ? !wild.v6Only : true;
}
