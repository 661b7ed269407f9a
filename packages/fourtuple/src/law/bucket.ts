import { newestKernel, type Address, type KernelTraits } from '../model/index.ts';
import { and, not, sameUser, type PortSocket, type Truth } from './holder.ts';

/** What a bucket remembers of the SO_REUSEPORT socket that came last. */
interface ReusePortCache {
  readonly uid: number | undefined;
  readonly address: Address;
  readonly isIpv6Socket: boolean;
  readonly v6Only: Truth;
}

/** Somebody in a bucket. */
interface Member {
  readonly isConnectChosen: boolean;
  /** See `LawHolder.isAccepted`. */
  readonly isAccepted?: boolean;
}

/**
 * The kernel's memory of a TCP port (`struct inet_bind_bucket`): whether bind() may skip looking at the holders, and
 * whether connect() must keep away. It outlives the sockets that made it so, and then bind() can succeed where the
 * holders' flags say no: a port on which an SO_REUSEPORT socket was bound, beside others that have SO_REUSEADDR alone,
 * lets the same user's next SO_REUSEPORT socket in (measured on Linux 6.18). Nothing tells user space what a bucket
 * remembers; who has followed a port from its first socket on can know.
 */
export class BindBucket {
  readonly #kernel: KernelTraits;
  readonly #members: Member[] = [];
  /** Not known after a socket of which it is not known whether it was bound with SO_REUSEPORT. */
  #reusePort: ReusePortCache | 'not known' | undefined;

  constructor(kernel: KernelTraits = newestKernel) {
    this.#kernel = kernel;
  }

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  /**
   * True where bind() or listen() succeeds without looking at the holders: the same user, and an address that the
   * remembered one covers (`sk_reuseport_match`). Of SO_REUSEADDR nothing is remembered, and of an SO_REUSEPORT alone in
   * its bucket no more than of another: what `inet_csk_update_fastreuse` does for an empty bucket is never done, since
   * the second table of buckets has the socket by then (measured on Linux 6.18).
   */
  letsIn(socket: PortSocket): Truth {
    const cache = this.#reusePort;
    if (this.isEmpty || cache === undefined || socket.reusePort === false) return false;
    return cache === 'not known' ? undefined : and(socket.reusePort, sameUser(cache, socket), coversRemembered(cache, socket));
  }

  /** Whom it may let in. */
  get user(): number | undefined {
    return typeof this.#reusePort === 'object' ? this.#reusePort.uid : undefined;
  }

  /** A socket got the port by bind(), or asked for it again by listen() (`inet_csk_update_fastreuse`). */
  bind(socket: PortSocket, member: Member): void {
    const letsIn = this.letsIn(socket);
    if (socket.reusePort === false) this.#reusePort = undefined;
    else if (socket.reusePort === undefined || letsIn === undefined) this.#reusePort = 'not known';
    else if (!letsIn) this.#reusePort = { uid: socket.uid, address: socket.address, isIpv6Socket: socket.isIpv6Socket, v6Only: socket.v6Only };
    if (!this.#members.includes(member)) this.#members.push(member);
  }

  /** A socket got the port by connect() or accept(): the memory stays as it is. */
  join(member: Member): void {
    this.#members.push(member);
  }

  /** A socket let the port go. Since Linux 6.18 (and 6.17.8) a bucket forgets when none but connect-chosen ones remain; before, when none does. */
  leave(member: Member): void {
    const index = this.#members.indexOf(member);
    if (index >= 0) this.#members.splice(index, 1);
    if (this.isEmpty || (this.#kernel.portsRecover && this.#members.every((left) => left.isConnectChosen))) this.#reusePort = undefined;
    else if (this.#kernel.portsRecover && this.#reusePort !== undefined && this.#members.every((left) => left.isConnectChosen || left.isAccepted === true)) this.#reusePort = 'not known';
  }
}

/** `ipv6_rcv_saddr_equal` and `ipv4_rcv_saddr_equal`, where the remembered address alone may be a wildcard. */
function coversRemembered(cache: ReusePortCache, socket: PortSocket): Truth {
  const { address } = cache;
  const v6Only = socket.isIpv6Socket ? socket.v6Only : false;
  if (!cache.isIpv6Socket) return and(not(v6Only), address.isUnspecified || address.equals(socket.address));
  if (address.isIpv4 && socket.address.isIpv4) return and(not(v6Only), address.equals(socket.address) || address.isUnspecified);
  if (address.isUnspecified && !address.isIpv4) return not(and(cache.v6Only, socket.address.isIpv4));
  return address.equals(socket.address);
}
