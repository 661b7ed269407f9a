import { KernelError } from './errors.ts';
import { loadFfi } from './ffi.ts';

/** Numbers of the Linux ABI, equal on every architecture that koffi serves here (generic socket numbers). */
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const SOCK_NONBLOCK = 0o4000;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_ROUTE = 0;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_REUSEPORT = 15;
export const SO_BINDTODEVICE = 25;
export const SO_RCVTIMEO = 20;
export const SOL_IP = 0;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IP_LOCAL_PORT_RANGE = 51;
export const SOL_TCP = 6;
export const TCP_INFO = 11;
export const TCP_REPAIR = 19;
export const SOL_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const SOL_NETLINK = 270;
export const NETLINK_EXT_ACK = 11;
export const CLONE_NEWNET = 0x40000000;
export const MSG_TRUNC = 0x20;

type Call = (...args: (number | bigint | Uint8Array | null)[]) => number;

/**
 * System calls by koffi. The raw ones return what libc returns; read the errno by {@link Libc.errno} straight after.
 * Every call blocks the thread that makes it and none goes through libuv's pool, whose threads live in whatever
 * namespace first used them.
 */
export interface Libc {
  socket: Call;
  close: Call;
  bind: Call;
  connect: Call;
  listen: Call;
  accept: Call;
  setsockopt: Call;
  getsockopt: Call;
  getsockname: Call;
  getpeername: Call;
  shutdown: Call;
  send: Call;
  recv: Call;
  setns: Call;
  unshare: Call;
  ioctl: Call;
  /** The same with a number as its argument. */
  ioctlNumber: Call;
  /** With an integer as its argument. */
  fcntl: Call;
  _exit: Call;
  /** Of calls that libc has no wrapper for, with three arguments at most. */
  syscall: Call;
  /** The same with five. */
  syscall5: Call;
  errno(): number;
}

const prototypes: Readonly<Record<Exclude<keyof Libc, 'errno'>, string>> = {
  socket: 'int socket(int, int, int)',
  close: 'int close(int)',
  bind: 'int bind(int, const void *, uint32_t)',
  connect: 'int connect(int, const void *, uint32_t)',
  listen: 'int listen(int, int)',
  accept: 'int accept(int, void *, void *)',
  setsockopt: 'int setsockopt(int, int, int, const void *, uint32_t)',
  getsockopt: 'int getsockopt(int, int, int, void *, void *)',
  getsockname: 'int getsockname(int, void *, void *)',
  getpeername: 'int getpeername(int, void *, void *)',
  shutdown: 'int shutdown(int, int)',
  send: 'intptr_t send(int, const void *, size_t, int)',
  recv: 'intptr_t recv(int, void *, size_t, int)',
  setns: 'int setns(int, int)',
  unshare: 'int unshare(int)',
  ioctl: 'int ioctl(int, unsigned long, void *)',
  ioctlNumber: 'int ioctl(int, unsigned long, long)',
  fcntl: 'int fcntl(int, int, long)',
  _exit: 'void _exit(int)',
  syscall: 'long syscall(long, long, long, long)',
  syscall5: 'long syscall(long, long, long, long, long, long)',
};

let libc: Libc | undefined;

/**
 * Ends the process this instant, by _exit(2), where libc is loaded already: Node's own way out takes the heap and its
 * threads apart first, some 5 ms. Returns where it is not loaded.
 */
export function exitNow(code: number): void {
  libc?._exit(code);
}

/** @throws UnsupportedError when koffi cannot be loaded. */
export function loadLibc(): Libc {
  if (libc !== undefined) return libc;
  const ffi = loadFfi();
  // `null` opens the process itself: its libc, whichever it is.
  const library = ffi.load(null);
  const made: Partial<Libc> = { errno: () => ffi.errno() };
  for (const name of Object.keys(prototypes) as (keyof typeof prototypes)[]) {
    // Each symbol is bound at its first call: a small snapshot needs five of them.
    Object.defineProperty(made, name, {
      configurable: true,
      enumerable: true,
      get() {
        const call = library.func(prototypes[name]) as Call;
        Object.defineProperty(made, name, { value: call, enumerable: true });
        return call;
      },
    });
  }
  libc = made as Libc;
  return libc;
}

/** Returns `result`, or throws a {@link KernelError} when it is negative. */
export function checked(operation: string, result: number): number {
  if (result < 0) throw new KernelError(operation, loadLibc().errno());
  return result;
}

/** A 32-bit option value in host byte order. */
export function optionValue(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** getsockopt() of an int. @returns undefined when it fails. */
export function getOption(fd: number, level: number, option: number): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint8Array(Uint32Array.of(4).buffer);
  return loadLibc().getsockopt(fd, level, option, new Uint8Array(value.buffer), length) < 0 ? undefined : value[0];
}

/** setsockopt() of an int. @returns 0 or the errno. */
export function setOption(fd: number, level: number, option: number, value: number): number {
  const calls = loadLibc();
  return calls.setsockopt(fd, level, option, optionValue(value), 4) < 0 ? calls.errno() : 0;
}
