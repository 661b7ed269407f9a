import type { Address } from '../../src/model/index.ts';
import { AF_INET, AF_INET6, IP_BIND_ADDRESS_NO_PORT, IP_LOCAL_PORT_RANGE, IPV6_V6ONLY, loadLibc, setOption, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_STREAM, SOL_IP, SOL_IPV6, SOL_SOCKET, SOL_TCP, SO_RCVTIMEO, SO_REUSEADDR, TCP_REPAIR } from '../../src/kernel/libc.ts';
import { decodeSockaddr, encodeSockaddr } from '../../src/kernel/sockaddr.ts';

const SO_REUSEPORT = 15;
const SO_BINDTODEVICE = 25;
const SO_LINGER = 13;

export interface SocketOptions {
  readonly ipv6?: boolean;
  readonly udp?: boolean;
  readonly reuseAddress?: boolean;
  readonly reusePort?: boolean;
  readonly noPort?: boolean;
  readonly v6Only?: boolean;
  readonly device?: string;
  readonly repair?: boolean;
  readonly range?: readonly [number, number];
}

/** Makes a raw socket; the caller closes it. */
export function makeSocket(options: SocketOptions = {}): number {
  const libc = loadLibc();
  const fd = libc.socket(options.ipv6 === true ? AF_INET6 : AF_INET, (options.udp === true ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`socket: errno ${libc.errno()}`);
  if (options.reuseAddress === true) setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reusePort === true) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (options.noPort === true) setOption(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (options.v6Only !== undefined) setOption(fd, SOL_IPV6, IPV6_V6ONLY, options.v6Only ? 1 : 0);
  if (options.device !== undefined) libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${options.device}\0`), options.device.length + 1);
  if (options.range !== undefined) setOption(fd, SOL_IP, IP_LOCAL_PORT_RANGE, (options.range[0] | (options.range[1] << 16)) >>> 0);
  if (options.repair === true) {
    const errno = setOption(fd, SOL_TCP, TCP_REPAIR, 1);
    if (errno !== 0) throw new Error(`TCP_REPAIR: errno ${errno}`);
  }
  return fd;
}

/** @returns 0 or the errno. */
export function bindSocket(fd: number, address: Address, port: number, ipv6: boolean): number {
  const libc = loadLibc();
  const sockaddr = encodeSockaddr(address, port, ipv6 ? AF_INET6 : AF_INET);
  return libc.bind(fd, sockaddr, sockaddr.length) < 0 ? libc.errno() : 0;
}

/** @returns 0 or the errno. */
export function connectSocket(fd: number, address: Address, port: number, ipv6: boolean): number {
  const libc = loadLibc();
  const sockaddr = encodeSockaddr(address, port, ipv6 ? AF_INET6 : AF_INET);
  return libc.connect(fd, sockaddr, sockaddr.length) < 0 ? libc.errno() : 0;
}

export function listenSocket(fd: number, backlog = 4096): number {
  const libc = loadLibc();
  return libc.listen(fd, backlog) < 0 ? libc.errno() : 0;
}

/** @throws Error when nobody came: another listener may have got the connection. */
export function acceptSocket(fd: number): number {
  const accepted = tryAccept(fd, 10_000);
  if (accepted < 0) throw new Error('nobody came to be accepted');
  return accepted;
}

/** @returns -1 when nobody comes within the time. */
export function tryAccept(fd: number, timeoutMs: number): number {
  const time = new BigInt64Array([BigInt(Math.floor(timeoutMs / 1000)), BigInt((timeoutMs % 1000) * 1000)]);
  loadLibc().setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(time.buffer), 16);
  return loadLibc().accept(fd, null, null);
}

export function closeSocket(fd: number): void {
  loadLibc().close(fd);
}

/** Closes with a reset: no TIME_WAIT anywhere. */
export function resetSocket(fd: number): void {
  loadLibc().setsockopt(fd, SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer), 8);
  closeSocket(fd);
}

export function localPort(fd: number): number {
  const bytes = new Uint8Array(28);
  if (loadLibc().getsockname(fd, bytes, new Uint8Array(Uint32Array.of(28).buffer)) < 0) return 0;
  return decodeSockaddr(bytes).port;
}

/** Adds an IPv4 address to loopback as an alias (SIOCSIFADDR). */
export function addLoopbackAddress(address: Address, alias: number): void {
  const libc = loadLibc();
  const fd = makeSocket({ udp: true });
  const request = new Uint8Array(40);
  new TextEncoder().encodeInto(`lo:${alias}`, request);
  request.set(encodeSockaddr(address, 0, AF_INET), 16);
  const result = libc.ioctl(fd, 0x8916, request);
  const errno = libc.errno();
  closeSocket(fd);
  if (result < 0) throw new Error(`SIOCSIFADDR: errno ${errno}`);
}

/** Adds an IPv6 address to loopback (SIOCSIFADDR with struct in6_ifreq). */
export function addLoopbackAddress6(address: Address): void {
  const libc = loadLibc();
  const fd = makeSocket({ udp: true, ipv6: true });
  const request = new Uint8Array(24);
  request.set(address.toBytes());
  new DataView(request.buffer).setUint32(16, 128, true);
  new DataView(request.buffer).setInt32(20, 1, true);
  const result = libc.ioctl(fd, 0x8916, request);
  const errno = libc.errno();
  closeSocket(fd);
  if (result < 0) throw new Error(`SIOCSIFADDR (IPv6): errno ${errno}`);
}
