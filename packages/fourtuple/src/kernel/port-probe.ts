import { Address } from '../model/address.ts';
import type { PortRange } from '../model/port-range.ts';
import type { ProtocolName } from '../model/protocol.ts';
import { Errno } from './errno.ts';
import { KernelError, UnsupportedError } from './errors.ts';
import { AF_INET, AF_INET6, IPV6_V6ONLY, IP_BIND_ADDRESS_NO_PORT, IP_LOCAL_PORT_RANGE, loadLibc, setOption, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_STREAM, SOL_IP, SOL_IPV6, SOL_SOCKET, SOL_TCP, SO_BINDTODEVICE, SO_REUSEADDR, SO_REUSEPORT, TCP_REPAIR, type Libc } from './libc.ts';
import { decodeSockaddr, encodeSockaddr, type Endpoint } from './sockaddr.ts';

const { EAGAIN, EADDRNOTAVAIL, ENOPROTOOPT, EPERM, ENETUNREACH, EADDRINUSE, EMFILE, ENFILE } = Errno;

/** Ports by which a route is asked for where connect() of UDP finds none itself: the highest ones, one after the other. */
const LAST_PORT = 65_535;
const PORTS_TRIED = 64;

/** What a packet-free connect() found out about a port that is in use. */
export type PortAnswer = 'shared' | 'explicit' | 'unknown';

/** Destinations that no program uses, tried one after the other. */
const targets: readonly (readonly [Address, number])[] = [
  [Address.fromIpv4(0x7ffdfcfb), 1],
  [Address.fromIpv4(0x7ffdfcfa), 2],
];

/**
 * Asks the kernel, for each port, whether connect() would share it. A TCP_REPAIR socket with a port range of one port
 * connects to an address in 127/8 that nothing uses: in repair mode connect() runs the whole port allocation
 * (`__inet_hash_connect`) but sends nothing, and close() leaves nothing but a count in EstabResets. About 30 microseconds a port.
 *
 * EADDRNOTAVAIL then means that the port's bind bucket is held explicitly. The probe itself takes the port for its
 * 30 microseconds on the address 127.0.0.1 with SO_REUSEADDR set, and only where somebody has it already.
 *
 * Ports outside ip_local_port_range, or reserved, cannot be asked this way: do not pass them.
 * Must run inside the namespace; see withNamespace().
 * @throws UnsupportedError without CAP_NET_ADMIN, or before Linux 6.3 (IP_LOCAL_PORT_RANGE).
 */
export function probePorts(ports: Iterable<number>, fallbackTarget?: Address): { answers: Map<number, PortAnswer>; reason: string | undefined } {
  const answers = new Map<number, PortAnswer>();
  let destinations = targets;
  let reason: string | undefined;
  for (const port of ports) {
    let answer = probePort(port, destinations);
    if (answer.errno === ENETUNREACH && fallbackTarget !== undefined && destinations === targets) {
      // No loopback route in this namespace. Nothing is sent, so any routed address will do.
      destinations = [
        [fallbackTarget, 1],
        [fallbackTarget, 2],
      ];
      answer = probePort(port, destinations);
    }
    if (answer.answer === 'unknown') reason ??= new KernelError('a connect() in repair mode', answer.errno).code;
    answers.set(port, answer.answer);
    if (answer.errno === EMFILE || answer.errno === ENFILE) break;
  }
  return { answers, reason };
}

function probePort(port: number, destinations: typeof targets): { answer: PortAnswer; errno: number } {
  let errno = 0;
  for (const [address, destinationPort] of destinations) {
    errno = repairConnect({ address, port: destinationPort, localPort: port });
    if (errno === 0) return { answer: 'shared', errno };
    if (errno !== EADDRNOTAVAIL) return { answer: 'unknown', errno };
  }
  return { answer: 'explicit', errno };
}

export interface RepairConnect {
  readonly address: Address;
  readonly port: number;
  /** The one local port that may be chosen. */
  readonly localPort: number;
}

/** One packet-free connect(), closed at once. @returns 0 or the errno of connect(). @throws UnsupportedError */
function repairConnect(target: RepairConnect): number {
  const family = familyOf(target.address);
  return withSocket(family, SOCK_STREAM, (fd, libc) => {
    requireRepair(fd, 'asking the kernel how a port was bound');
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const range = setOption(fd, SOL_IP, IP_LOCAL_PORT_RANGE, (target.localPort | (target.localPort << 16)) >>> 0);
    if (range === ENOPROTOOPT) throw new UnsupportedError('asking the kernel how a port was bound', 'IP_LOCAL_PORT_RANGE (Linux 6.3)');
    if (range !== 0) return range;
    const sockaddr = encodeSockaddr(target.address, target.port, family);
    if (libc.connect(fd, sockaddr, sockaddr.length) < 0) return libc.errno();
    // A range outside the namespace's own is silently ignored: the answer would be about another port.
    return localPortOf(fd) === target.localPort ? 0 : Errno.ERANGE;
  });
}

function localPortOf(fd: number): number {
  return localEndpoint(fd)?.port ?? -1;
}

function localEndpoint(fd: number): Endpoint | undefined {
  const bytes = new Uint8Array(28);
  const length = new Uint8Array(Uint32Array.of(28).buffer);
  return loadLibc().getsockname(fd, bytes, length) < 0 ? undefined : decodeSockaddr(bytes);
}

/** Makes a socket, hands it to the work, closes it. @returns what the work returns, or the errno of socket(). */
function withSocket(family: number, type: number, work: (fd: number, libc: Libc) => number): number {
  const libc = loadLibc();
  const fd = libc.socket(family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return libc.errno();
  try {
    return work(fd, libc);
  } finally {
    libc.close(fd);
  }
}

const familyOf = (address: Address): number => (address.isIpv4 ? AF_INET : AF_INET6);

export interface BindTrial {
  readonly protocol: ProtocolName;
  readonly address: Address;
  readonly port: number;
  readonly reuseAddress?: boolean;
  readonly reusePort?: boolean;
  readonly v6Only?: boolean;
  /** Interface to bind to first (SO_BINDTODEVICE). */
  readonly device?: string | undefined;
  /** IP_LOCAL_PORT_RANGE, for port 0. */
  readonly range?: PortRange | undefined;
}

/** bind() and close: leaves nothing behind. @returns 0 when it succeeds, else the errno. */
export function probeBind(trial: BindTrial): number {
  const family = familyOf(trial.address);
  return withSocket(family, trial.protocol === 'udp' ? SOCK_DGRAM : SOCK_STREAM, (fd, libc) => {
    if (trial.reuseAddress === true) setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (trial.reusePort === true) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (family === AF_INET6) setOption(fd, SOL_IPV6, IPV6_V6ONLY, trial.v6Only === true ? 1 : 0);
    const device = bindToDevice(fd, trial.device);
    if (device !== 0) return device;
    if (trial.range !== undefined) limitRange(fd, trial.range, 'trying a bind() in a range of its own');
    const sockaddr = encodeSockaddr(trial.address, trial.port, family);
    return libc.bind(fd, sockaddr, sockaddr.length) < 0 ? libc.errno() : 0;
  });
}

function bindToDevice(fd: number, device: string | undefined): number {
  if (device === undefined) return 0;
  const name = new TextEncoder().encode(`${device}\0`);
  return loadLibc().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length) < 0 ? loadLibc().errno() : 0;
}

/** @throws UnsupportedError before Linux 6.3. */
function limitRange(fd: number, { low, high }: PortRange, purpose: string): void {
  const errno = setOption(fd, SOL_IP, IP_LOCAL_PORT_RANGE, (low | (high << 16)) >>> 0);
  if (errno === ENOPROTOOPT) throw new UnsupportedError(purpose, 'IP_LOCAL_PORT_RANGE (Linux 6.3)');
  if (errno !== 0) throw new KernelError('setsockopt(IP_LOCAL_PORT_RANGE)', errno);
}

/** Whether an address may be bound here, without taking a port (IP_BIND_ADDRESS_NO_PORT). @returns 0, or the errno: EADDRNOTAVAIL when the host has not got it, or still looks whether another one has (IPv6) */
export function probeAddress(address: Address, device?: string): number {
  const family = familyOf(address);
  return withSocket(family, SOCK_STREAM, (fd, libc) => {
    const missing = bindToDevice(fd, device);
    if (missing !== 0) return missing;
    setOption(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const sockaddr = encodeSockaddr(address, 0, family);
    return libc.bind(fd, sockaddr, sockaddr.length) < 0 ? libc.errno() : 0;
  });
}

/** The source address that the route to a destination gives, or the errno of having none. A UDP connect() sends nothing. */
export function probeRoute(destination: Address, device?: string): { readonly source: Address | undefined; readonly errno: number } {
  let source: Address | undefined;
  const family = familyOf(destination);
  const errno = withSocket(family, SOCK_DGRAM, (fd, libc) => {
    const missing = bindToDevice(fd, device);
    if (missing !== 0) return missing;
    const sockaddr = encodeSockaddr(destination, 9, family);
    let code = libc.connect(fd, sockaddr, sockaddr.length) < 0 ? libc.errno() : 0;
    // No UDP port is left in the range, which says nothing of the route: one outside it, or shared, serves as well.
    for (let port = LAST_PORT; code === EAGAIN && port > LAST_PORT - PORTS_TRIED; port--) {
      const own = encodeSockaddr(family === AF_INET ? Address.anyIpv4 : Address.anyIpv6, port, family);
      if (libc.bind(fd, own, own.length) === 0) code = libc.connect(fd, sockaddr, sockaddr.length) < 0 ? libc.errno() : 0;
    }
    if (code === 0) source = localEndpoint(fd)?.address;
    return code;
  });
  return { source, errno };
}

export interface ConnectTrial {
  /** Undefined for the route's. */
  readonly source: Address | undefined;
  readonly destination: Address;
  readonly destinationPort: number;
  readonly device?: string | undefined;
  /** IP_LOCAL_PORT_RANGE. */
  readonly range?: PortRange | undefined;
}

/**
 * connect() of a TCP socket whose port the kernel chooses, without a packet: in repair mode the port is looked for as ever,
 * the socket is then simply there, and close() makes it simply go. It takes a free port for some microseconds; where
 * a reusable TIME_WAIT is all that is left, it would take that over for good, so do not ask then.
 * @returns 0 and the port, or the errno. @throws UnsupportedError without CAP_NET_ADMIN.
 */
export function probeConnect(trial: ConnectTrial): { readonly errno: number; readonly localPort: number } {
  let localPort = 0;
  const family = familyOf(trial.destination);
  const errno = withSocket(family, SOCK_STREAM, (fd, libc) => {
    requireRepair(fd, 'trying a connect() without a packet');
    const device = bindToDevice(fd, trial.device);
    if (device !== 0) return device;
    if (trial.range !== undefined) limitRange(fd, trial.range, 'trying a connect() in a range of its own');
    if (trial.source !== undefined) {
      setOption(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
      const own = encodeSockaddr(trial.source, 0, family);
      if (libc.bind(fd, own, own.length) < 0) return libc.errno();
    }
    const sockaddr = encodeSockaddr(trial.destination, trial.destinationPort, family);
    if (libc.connect(fd, sockaddr, sockaddr.length) < 0) return libc.errno();
    localPort = localPortOf(fd);
    return 0;
  });
  return { errno, localPort };
}

function requireRepair(fd: number, purpose: string): void {
  const repair = setOption(fd, SOL_TCP, TCP_REPAIR, 1);
  if (repair === EPERM) throw new UnsupportedError(purpose, 'CAP_NET_ADMIN in the network namespace');
  if (repair !== 0) throw new UnsupportedError(purpose, 'TCP_REPAIR (CONFIG_CHECKPOINT_RESTORE)');
}

/** True for the errno of a bind() that met a holder. */
export function isAddressInUse(errno: number): boolean {
  return errno === EADDRINUSE;
}
