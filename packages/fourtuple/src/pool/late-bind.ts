import { AF_INET, AF_INET6, IP_BIND_ADDRESS_NO_PORT, IP_LOCAL_PORT_RANGE, loadLibc, setOption, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_IP, type Libc } from '../kernel/libc.ts';
import { encodeSockaddr } from '../kernel/sockaddr.ts';
import type { Address, PortRange } from '../model/index.ts';

/**
 * Binds source addresses without a port: connect() then chooses it for its destination, so that each destination has
 * all ports of the range (IP_BIND_ADDRESS_NO_PORT, Linux 4.2).
 */
export class LateBinder {
  readonly #libc: Libc;
  readonly #sockaddrs: Readonly<Record<4 | 6, WeakMap<Address, Uint8Array>>> = { 4: new WeakMap(), 6: new WeakMap() };

  /** @throws UnsupportedError without koffi */
  constructor() {
    this.#libc = loadLibc();
  }

  /** A socket that is not bound yet. @param range of its own, inside that of the namespace (Linux 6.3) @returns a descriptor, or a negative errno */
  make(family: 4 | 6, range: PortRange | undefined): number {
    const fd = this.#libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -this.#libc.errno();
    if (range !== undefined) setOption(fd, SOL_IP, IP_LOCAL_PORT_RANGE, (range.low | (range.high << 16)) >>> 0);
    const errno = setOption(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (errno === 0) return fd;
    this.#libc.close(fd);
    return -errno;
  }

  /** Binds the socket to an address; again, as long as it has no port. @param family of the socket: an IPv4 address is mapped in one of IPv6 @returns 0 or a negative errno */
  bind(fd: number, family: 4 | 6, source: Address): number {
    const sockaddrs = this.#sockaddrs[family];
    let sockaddr = sockaddrs.get(source);
    if (sockaddr === undefined) sockaddrs.set(source, (sockaddr = encodeSockaddr(source, 0, family === 4 ? AF_INET : AF_INET6)));
    return this.#libc.bind(fd, sockaddr, sockaddr.length) < 0 ? -this.#libc.errno() : 0;
  }

  close(fd: number): void {
    this.#libc.close(fd);
  }
}
