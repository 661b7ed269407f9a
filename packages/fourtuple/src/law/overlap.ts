import { Address } from '../model/index.ts';
import { and, not, or, type Truth } from './holder.ts';

/** The address side of a bound socket. */
export interface BoundAddress {
  readonly address: Address;
  /** AF_INET6; an IPv4 address is then a mapped one. */
  readonly isIpv6Socket: boolean;
  /** IPV6_V6ONLY; meaningful for AF_INET6 sockets alone. Undefined: not known. */
  readonly v6Only: Truth;
}

/** What the kernel gives an AF_INET6 socket with an address of its own as its IPv4 address (LOOPBACK4_IPV6). */
const ipv4OfIpv6 = Address.fromIpv4(0x7f000006);

/**
 * Whether a socket that asks for a port on its address meets one that holds the port on another address. Not symmetric:
 * `bind([::1]:P)` does not meet a holder on 0.0.0.0, `bind(0.0.0.0:P)` meets a holder on ::1 that is not IPv6 only.
 *
 * TCP asks the table of (address, port) for a specific address (`inet_bhash2_conflict`, `inet_bhash2_addr_any_conflict`)
 * and walks the whole port for a wildcard; UDP always walks (`inet_rcv_saddr_equal`).
 */
export function meets(asker: BoundAddress, holder: BoundAddress, protocol: 'tcp' | 'udp'): Truth {
  return protocol === 'tcp' && !asker.address.isUnspecified ? meetsSpecific(asker, holder) : meetsByWalk(asker, holder);
}

function meetsSpecific(asker: BoundAddress, holder: BoundAddress): Truth {
  const reachesIpv4 = not(holder.v6Only);
  if (holder.address.isUnspecified) {
    if (!holder.address.isIpv4) return asker.address.isIpv4 ? reachesIpv4 : true;
    return asker.address.isIpv4;
  }
  return asker.address.equals(holder.address);
}

function meetsByWalk(asker: BoundAddress, holder: BoundAddress): Truth {
  const own = asker.address;
  const other = holder.address;
  // A socket that is IPv6 only never has an IPv4-mapped address: bind() and connect() refuse it.
  const isIpv6Only = holder.isIpv6Socket && !other.isIpv4 ? holder.v6Only : false;
  if (!asker.isIpv6Socket) {
    const others = other.isIpv4 ? other : other.isUnspecified ? Address.anyIpv4 : ipv4OfIpv6;
    return own.equals(others) || own.isUnspecified || others.isUnspecified ? not(isIpv6Only) : false;
  }
  if (own.isIpv4 && other.isIpv4) return own.equals(other) || own.isUnspecified || other.isUnspecified;
  const isAny = own.isUnspecified && !own.isIpv4;
  const isOtherAny = other.isUnspecified && !other.isIpv4;
  if (isAny && isOtherAny) return true;
  return or(own.equals(other), and(isOtherAny, not(and(own.isIpv4, isIpv6Only))), and(isAny, not(and(other.isIpv4, asker.v6Only))));
}
