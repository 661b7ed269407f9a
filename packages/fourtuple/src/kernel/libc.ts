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

type Call = (...args: (number | bigint | string | Uint8Array | null)[]) => number;

/**
 * System calls by koffi. The raw ones return what libc returns; read the errno by {@link Libc.errno} straight after.
 * Every call blocks the thread that makes it and none goes through libuv's pool, whose threads live in whatever
 * namespace first used them.
 */
export interface Libc {
  readonly socket: Call;
  readonly close: Call;
  readonly bind: Call;
  readonly connect: Call;
  readonly listen: Call;
  readonly accept: Call;
  readonly setsockopt: Call;
  readonly getsockopt: Call;
  readonly getsockname: Call;
  readonly getpeername: Call;
  readonly shutdown: Call;
  readonly send: Call;
  readonly recv: Call;
  readonly setns: Call;
  readonly unshare: Call;
  readonly ioctl: Call;
  /** The same with a number as its argument. */
  readonly ioctlNumber: Call;
  /** With an integer as its argument. */
  readonly fcntl: Call;
  readonly readlinkat: Call;
  readonly clock_getres: Call;
  readonly _exit: Call;
  /** Of calls that libc has no wrapper for, with three arguments at most. */
  readonly syscall: Call;
  /** The same with five. */
  readonly syscall5: Call;
  errno(): number;
}

type CallName = Exclude<keyof Libc, 'errno'>;

let libc: SystemCalls | undefined;

/**
 * Ends the process this instant, by _exit(2), where libc is loaded already: Node's own way out takes the heap and its
 * threads apart first, some 5 ms. Returns where it is not loaded.
 */
export function exitNow(code: number): void {
  libc?._exit(code);
}

/**
 * Each symbol is bound at its first call: a small snapshot needs five of them. Getters of a class, since V8 has those
 * ready in its compiled code; an object's would be defined one by one in every run.
 */
class SystemCalls implements Libc {
  readonly #ffi = loadFfi();
  // `null` opens the process itself: its libc, whichever it is.
  readonly #library = this.#ffi.load(null);
  readonly #calls: { -readonly [Name in CallName]?: Call } = {};

  get socket(): Call {
    return this.#calls.socket ?? this.#bind('socket', 'int socket(int, int, int)');
  }
  get close(): Call {
    return this.#calls.close ?? this.#bind('close', 'int close(int)');
  }
  get bind(): Call {
    return this.#calls.bind ?? this.#bind('bind', 'int bind(int, const void *, uint32_t)');
  }
  get connect(): Call {
    return this.#calls.connect ?? this.#bind('connect', 'int connect(int, const void *, uint32_t)');
  }
  get listen(): Call {
    return this.#calls.listen ?? this.#bind('listen', 'int listen(int, int)');
  }
  get accept(): Call {
    return this.#calls.accept ?? this.#bind('accept', 'int accept(int, void *, void *)');
  }
  get setsockopt(): Call {
    return this.#calls.setsockopt ?? this.#bind('setsockopt', 'int setsockopt(int, int, int, const void *, uint32_t)');
  }
  get getsockopt(): Call {
    return this.#calls.getsockopt ?? this.#bind('getsockopt', 'int getsockopt(int, int, int, void *, void *)');
  }
  get getsockname(): Call {
    return this.#calls.getsockname ?? this.#bind('getsockname', 'int getsockname(int, void *, void *)');
  }
  get getpeername(): Call {
    return this.#calls.getpeername ?? this.#bind('getpeername', 'int getpeername(int, void *, void *)');
  }
  get shutdown(): Call {
    return this.#calls.shutdown ?? this.#bind('shutdown', 'int shutdown(int, int)');
  }
  get send(): Call {
    return this.#calls.send ?? this.#bind('send', 'intptr_t send(int, const void *, size_t, int)');
  }
  get recv(): Call {
    return this.#calls.recv ?? this.#bind('recv', 'intptr_t recv(int, void *, size_t, int)');
  }
  get setns(): Call {
    return this.#calls.setns ?? this.#bind('setns', 'int setns(int, int)');
  }
  get unshare(): Call {
    return this.#calls.unshare ?? this.#bind('unshare', 'int unshare(int)');
  }
  get ioctl(): Call {
    return this.#calls.ioctl ?? this.#bind('ioctl', 'int ioctl(int, unsigned long, void *)');
  }
  get ioctlNumber(): Call {
    return this.#calls.ioctlNumber ?? this.#bind('ioctlNumber', 'int ioctl(int, unsigned long, long)');
  }
  get fcntl(): Call {
    return this.#calls.fcntl ?? this.#bind('fcntl', 'int fcntl(int, int, long)');
  }
  get readlinkat(): Call {
    return this.#calls.readlinkat ?? this.#bind('readlinkat', 'intptr_t readlinkat(int, const char *, void *, size_t)');
  }
  get clock_getres(): Call {
    return this.#calls.clock_getres ?? this.#bind('clock_getres', 'int clock_getres(int, void *)');
  }
  get _exit(): Call {
    return this.#calls._exit ?? this.#bind('_exit', 'void _exit(int)');
  }
  get syscall(): Call {
    return this.#calls.syscall ?? this.#bind('syscall', 'long syscall(long, long, long, long)');
  }
  get syscall5(): Call {
    return this.#calls.syscall5 ?? this.#bind('syscall5', 'long syscall(long, long, long, long, long, long)');
  }

  errno(): number {
    return this.#ffi.errno();
  }

  #bind(name: CallName, prototype: string): Call {
    return (this.#calls[name] = this.#library.func(prototype) as Call);
  }
}

/** @throws UnsupportedError when koffi cannot be loaded. */
export function loadLibc(): Libc {
  return (libc ??= new SystemCalls());
}

/** Returns `result`, or throws a {@link KernelError} when it is negative. */
export function checked(operation: string, result: number): number {
  if (result < 0) throw new KernelError(operation, loadLibc().errno());
  return result;
}

const CLOCK_MONOTONIC_COARSE = 6;

/** What one jiffy takes, in nanoseconds: the coarse clocks go by it (include/linux/jiffies.h, TICK_NSEC). */
export function tickNs(): number {
  const bytes = new Uint8Array(16);
  checked('clock_getres', loadLibc().clock_getres(CLOCK_MONOTONIC_COARSE, bytes));
  const [seconds, nanoseconds] = new BigInt64Array(bytes.buffer);
  return Number(seconds) * 1_000_000_000 + Number(nanoseconds);
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
