/**
 * The clauses of the kernel's port law: each one decides some operation, and each has one sentence for people.
 * docs/concepts/port-law.md explains them; `source` names the kernel function.
 */
export const clauses = {
  'port-free': { says: 'nobody holds the port', source: 'inet_csk_get_port' },
  'addresses-apart': { says: 'the holders sit on other addresses, which the one asked for does not meet', source: 'inet_rcv_saddr_equal' },
  'devices-apart': { says: 'the holders are bound to another device (SO_BINDTODEVICE)', source: 'inet_bind_conflict' },
  'both-reuse-address': { says: 'both have SO_REUSEADDR and no holder listens', source: 'inet_bind_conflict' },
  'both-reuse-port': { says: 'both have SO_REUSEPORT, and the same user (a TIME_WAIT has none)', source: 'inet_bind_conflict' },
  'bucket-lets-in': { says: 'the kernel remembers the port as shared and does not look at its holders', source: 'sk_reuseport_match' },
  'holder-listens': { says: 'a holder listens, and beside a listener SO_REUSEADDR does not help', source: 'inet_bind_conflict' },
  'holder-lacks-reuse-address': { says: 'SO_REUSEADDR must be set on both sockets, and the holder has it not', source: 'inet_bind_conflict' },
  'new-lacks-reuse-address': { says: 'SO_REUSEADDR must be set on both sockets: the holder has it, the new socket has it not', source: 'inet_bind_conflict' },
  'neither-reuses': { says: 'neither socket has SO_REUSEADDR, nor both SO_REUSEPORT', source: 'inet_bind_conflict' },
  'reuse-port-other-user': { says: 'both have SO_REUSEPORT, but sockets of two users do not share a port', source: 'inet_bind_conflict' },
  'udp-holder': { says: 'a UDP socket holds the port, and the two do not both have SO_REUSEADDR, nor SO_REUSEPORT with one user', source: 'udp_lib_lport_inuse' },
  'address-not-local': { says: "the address is on none of this namespace's interfaces", source: '__inet_bind' },
  'port-privileged': { says: 'ports below ip_unprivileged_port_start take CAP_NET_BIND_SERVICE', source: '__inet_bind' },
  'mapped-on-v6only': { says: 'an IPv4-mapped address cannot be bound on a socket that is IPv6 only', source: '__inet6_bind' },
  'port-found': { says: 'the range has a port that no holder takes from this address', source: 'inet_csk_find_open_port' },
  'range-held': { says: 'every usable port of the range has a holder that meets this address; for bind(address, 0) flags do not matter', source: 'inet_csk_find_open_port' },
  'range-reserved': { says: 'every port of the range is reserved', source: 'inet_is_local_reserved_port' },
  'port-shared': { says: 'ports are shared between connect()s: one is free for this very (source, destination, port)', source: '__inet_hash_connect' },
  'four-tuples-taken': { says: 'every usable port already has a connection from this source to this destination and port', source: '__inet_check_established' },
  'ports-explicit': { says: 'every usable port is held explicitly (bound, listening, accepted), and connect() shares none of those', source: '__inet_hash_connect' },
  'ports-explicit-or-taken': { says: 'each usable port is either held explicitly by somebody, or already connected to this very destination', source: '__inet_hash_connect' },
  'four-tuple-free': { says: 'the four-tuple is free', source: '__inet_check_established' },
  'four-tuple-taken': { says: 'exactly this four-tuple exists already', source: '__inet_check_established' },
  'time-wait-taken-over': { says: 'the four-tuple is in TIME_WAIT and used timestamps: it may be taken over', source: 'tcp_twsk_unique' },
  'time-wait-not-reusable': { says: 'exactly this four-tuple is in TIME_WAIT and may not be taken over', source: 'tcp_twsk_unique' },
  'odd-range': { says: 'one port is left, and in a range of an odd number of ports connect() may not try it', source: '__inet_hash_connect' },
} as const;

export type Clause = keyof typeof clauses;

export type PortErrno = 'EADDRINUSE' | 'EADDRNOTAVAIL' | 'EACCES' | 'EAGAIN' | 'EINVAL';

/** What the law says about an operation. */
export interface Ruling<H = unknown> {
  readonly outcome: 'succeeds' | 'fails' | 'unknown';
  /** With which errno it fails, or would fail where the outcome is unknown. */
  readonly errno: PortErrno | undefined;
  readonly clause: Clause;
  /** The holders that decide: those in the way, or, where nothing is, those that were met and let pass. */
  readonly holders: readonly H[];
}
