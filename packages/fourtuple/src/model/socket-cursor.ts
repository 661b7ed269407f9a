import { Address } from './address.ts';

/** What a record could not tell: the column's "no value". */
export const UNKNOWN = -1;

/**
 * One socket of a stream: a single mutable object that a source fills again for every record, so that a dump of a
 * million sockets makes no object per socket. A sink copies what it keeps and never holds on to the cursor.
 *
 * Addresses are four unsigned words, IPv4 in mapped form (see {@link Address}); ports are in host order.
 */
export class SocketCursor {
  protocol = 6;
  /** 2 AF_INET or 10 AF_INET6, as the kernel reports it: a mapped IPv4 connection of an AF_INET6 socket says 10. */
  family = 2;
  state = 0;
  local0 = 0;
  local1 = 0;
  local2 = 0;
  local3 = 0;
  localPort = 0;
  remote0 = 0;
  remote1 = 0;
  remote2 = 0;
  remote3 = 0;
  remotePort = 0;
  /** SO_BINDTODEVICE interface, 0 for none. */
  interfaceIndex = 0;
  /** Kernel's timer kind: 0 none, 1 retransmit, 2 keepalive, 3 TIME_WAIT, 4 zero window probe. */
  timer = 0;
  retransmits = 0;
  /** Milliseconds until the timer fires. */
  expiresMs = 0;
  receiveQueue = 0;
  sendQueue = 0;
  uid = 0;
  /** 0 for sockets without a file: TIME_WAIT, SYN_RECV, not yet accepted. */
  inode = 0;
  cookieLow = 0;
  cookieHigh = 0;
  /** cgroup v2 id, which is the inode number of its directory; 0 when unknown. Below 2^53. */
  cgroupId = 0;
  /** SO_MARK, or UNKNOWN without CAP_NET_ADMIN. */
  mark = 0;
  /** IP_BIND_ADDRESS_NO_PORT: 1 set, 0 not set, UNKNOWN when the source cannot say. */
  noPort = 0;
  /** IPV6_V6ONLY: 1, 0, or UNKNOWN (the kernel tells only for listening and closed AF_INET6 sockets). */
  v6Only = 0;

  localAddress(): Address {
    return new Address(this.local0, this.local1, this.local2, this.local3);
  }

  remoteAddress(): Address {
    return new Address(this.remote0, this.remote1, this.remote2, this.remote3);
  }

  get localIsUnspecified(): boolean {
    return this.local3 === 0 && this.local1 === 0 && this.local0 === 0 && (this.local2 === 0 || this.local2 === 0xffff);
  }
}

/** Receives every socket of a dump, one at a time. */
export interface SocketSink {
  accept(socket: SocketCursor): void;
  /** Forgets everything: a dump that the kernel declared inconsistent starts again. */
  reset(): void;
}
