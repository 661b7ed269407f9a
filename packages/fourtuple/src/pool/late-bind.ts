import { AF_INET, AF_INET6, IP_BIND_ADDRESS_NO_PORT, IP_LOCAL_PORT_RANGE, loadLibc, optionValue, SO_REUSEADDR, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_IP, SOL_SOCKET, SOL_TCP, TCP_INFO, type Libc } from '../kernel/libc.ts';
import { encodeSockaddr } from '../kernel/sockaddr.ts';
import type { Address } from '../model/index.ts';
import type { Binder } from './binder.ts';
import type { OwnPortRange } from './own-port-range.ts';
import type { TcpHandle } from './tcp-handle.ts';

/**
 * Binds source addresses without a port: connect() then chooses it for its destination, so that each destination has
 * all ports of the range (IP_BIND_ADDRESS_NO_PORT, Linux 4.2).
 */
export class LateBinder implements Binder {
  readonly mode = 'late-bind';
  readonly canRebind = true;
  readonly seesStates = true;
  readonly #libc: Libc;
  readonly #sockaddrs: Readonly<Record<4 | 6, WeakMap<Address, Uint8Array>>> = { 4: new WeakMap(), 6: new WeakMap() };
  readonly #one = optionValue(1);
  readonly #range: Uint8Array | undefined;
  readonly #state = new Uint8Array(4);
  readonly #stateLength = optionValue(1);

  /** @throws UnsupportedError without koffi */
  constructor({ option }: OwnPortRange) {
    this.#libc = loadLibc();
    this.#range = option === undefined ? undefined : optionValue(option);
  }

  open(handle: TcpHandle, family: 4 | 6): number {
    const libc = this.#libc;
    const fd = libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -libc.errno();
    // Kernels before 6.3 know no range of a socket's own: they then do as they always did.
    if (this.#range !== undefined) libc.setsockopt(fd, SOL_IP, IP_LOCAL_PORT_RANGE, this.#range, 4);
    const result = handle.open(fd);
    if (result !== 0) libc.close(fd);
    return result;
  }

  bindOwn(handle: TcpHandle, family: 4 | 6, local: Address): number {
    const opened = this.open(handle, family);
    return opened === 0 ? this.bind(handle, family, local) : opened;
  }

  /** Again, as long as it has no port. */
  bind(handle: TcpHandle, family: 4 | 6, source: Address): number {
    const libc = this.#libc;
    const { fd } = handle;
    const sockaddrs = this.#sockaddrs[family];
    let sockaddr = sockaddrs.get(source);
    if (sockaddr === undefined) sockaddrs.set(source, (sockaddr = encodeSockaddr(source, 0, family === 4 ? AF_INET : AF_INET6)));
    // As libuv does before it binds: a service that sets it too may then listen on a port that a connection has.
    libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, this.#one, 4);
    return libc.setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, this.#one, 4) < 0 || libc.bind(fd, sockaddr, sockaddr.length) < 0 ? -libc.errno() : 0;
  }

  closed(): void {
    // The kernel keeps the books.
  }

  /** The first byte of struct tcp_info. */
  tcpState(handle: TcpHandle): number | undefined {
    return handle.fd >= 0 && this.#libc.getsockopt(handle.fd, SOL_TCP, TCP_INFO, this.#state, this.#stateLength) === 0 ? this.#state[0] : undefined;
  }
}
