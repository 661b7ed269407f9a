import { Address } from '../model/address.ts';
import { traitsOfRelease, type KernelTraits } from '../model/kernel-traits.ts';
import type { PortRange } from '../model/port-range.ts';
import { UnsupportedError } from './errors.ts';
import { AF_INET, IP_LOCAL_PORT_RANGE, loadLibc, setOption, SOCK_CLOEXEC, SOCK_STREAM, SOL_IP, SOL_TCP, TCP_REPAIR } from './libc.ts';
import { ProcFs } from './procfs/files.ts';
import { kernelRelease } from './release.ts';
import { decodeSockaddr, encodeSockaddr } from './sockaddr.ts';

/** An address of loopback that no program uses, and another one on this host. */
const NOBODY = Address.fromIpv4(0x7ffdfcf9);
const OTHER_SELF = Address.fromIpv4(0x7ffdfcf8);

let found: KernelTraits | undefined;

/** What is known of this kernel without trying anything: what {@link tryKernelTraits} found, or what the release says. */
export function kernelTraits(proc: ProcFs, hasReuseDelay = proc.has('sys/net/ipv4/tcp_tw_reuse_delay')): KernelTraits {
  return found ?? { ...traitsOfRelease(kernelRelease()), hasReuseDelay };
}

/**
 * How this kernel decides, found out by its behaviour where that may be tried (packet-free, in the calling thread's
 * namespace), by its release otherwise. Tried once: all namespaces share the kernel.
 */
export function tryKernelTraits(range: PortRange, proc: ProcFs = new ProcFs()): KernelTraits {
  const untried = kernelTraits(proc);
  found ??= { ...untried, portsRecover: tried(portsRecover) ?? untried.portsRecover, rangeOptionTriesAll: tried(() => rangeOptionTriesAll(range)) ?? untried.rangeOptionTriesAll };
  return found;
}

function tried(work: () => boolean | undefined): boolean | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** A connection that is simply there, and simply gone with its descriptor. @returns its port, 0 when there was none. */
function connectRepaired(fds: number[], destinationPort: number, range?: PortRange): number {
  const libc = loadLibc();
  const fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  fds.push(fd);
  if (setOption(fd, SOL_TCP, TCP_REPAIR, 1) !== 0) throw new UnsupportedError('trying how the kernel shares ports', 'CAP_NET_ADMIN');
  if (range !== undefined && setOption(fd, SOL_IP, IP_LOCAL_PORT_RANGE, (range.low | (range.high << 16)) >>> 0) !== 0) return 0;
  const sockaddr = encodeSockaddr(NOBODY, destinationPort, AF_INET);
  if (libc.connect(fd, sockaddr, sockaddr.length) < 0) return 0;
  const bytes = new Uint8Array(28);
  return libc.getsockname(fd, bytes, new Uint8Array(Uint32Array.of(28).buffer)) < 0 ? 0 : decodeSockaddr(bytes).port;
}

function withDescriptors<T>(work: (fds: number[]) => T): T {
  const fds: number[] = [];
  try {
    return work(fds);
  } finally {
    for (const fd of fds) loadLibc().close(fd);
  }
}

/** An explicit holder comes to the port of a connection and goes again: may another connection share the port? */
function portsRecover(): boolean | undefined {
  return withDescriptors((fds) => {
    const port = connectRepaired(fds, 1);
    if (port === 0) return undefined;
    const libc = loadLibc();
    const binder = libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (binder < 0) return undefined;
    const sockaddr = encodeSockaddr(OTHER_SELF, port, AF_INET);
    const isBound = libc.bind(binder, sockaddr, sockaddr.length) === 0;
    libc.close(binder);
    return isBound ? connectRepaired(fds, 2, { low: port, high: port }) === port : undefined;
  });
}

const TRIED = 5;

/** The first few ports of a range of ten: of one parity where every other one is tried first. */
function rangeOptionTriesAll(range: PortRange): boolean | undefined {
  const low = range.low + (range.low % 2);
  if (low + 9 > range.high) return undefined;
  return withDescriptors((fds) => {
    const ports = Array.from({ length: TRIED }, () => connectRepaired(fds, 3, { low, high: low + 9 })).filter((port) => port !== 0);
    if (ports.length < TRIED) return undefined;
    return new Set(ports.map((port) => port % 2)).size > 1;
  });
}
