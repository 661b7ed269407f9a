import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { getOption } from '../../src/kernel/libc.ts';

/** Ports of the range that a run sets: which of them a connection has is chance. */
export const LOCAL_PORTS = [40_000, 49_999] as const;

const localPort = /\b4\d{4}\b/g;

const closedSockets = new WeakSet<Socket>();

/** True once 'close' was emitted, and not connected again: `socket.closed` is earlier. */
export function isClosed(socket: Socket): boolean {
  return closedSockets.has(socket);
}

/** What a run did, as data to compare: events in their order with their arguments, and what a case noted. */
export class Recording {
  readonly entries: unknown[][] = [];
  readonly sockets: Socket[] = [];

  note(what: string, ...details: unknown[]): void {
    this.entries.push([what, ...details.map(describe)]);
  }

  /** Records every event that the socket emits from now on, by `emit` itself: a listener would change what it does. */
  watch(socket: Socket): Socket {
    if (this.sockets.includes(socket)) return socket;
    this.sockets.push(socket);
    const emit = socket.emit.bind(socket) as (event: string, ...args: unknown[]) => boolean;
    socket.emit = (event: string, ...args: unknown[]) => {
      this.#event(socket, event, args);
      if (event === 'close') closedSockets.add(socket);
      if (event === 'connect') closedSockets.delete(socket);
      return emit(event, ...args);
    };
    socket.on('error', () => undefined);
    this.state('made', socket);
    return socket;
  }

  #event(socket: Socket, event: string, args: readonly unknown[]): void {
    const described = args.map(describe);
    const last = this.entries.at(-1);
    // How the kernel cuts a stream into pieces is chance.
    if (event === 'data' && last?.[0] === 'data' && typeof last[1] === 'string' && typeof described[0] === 'string') {
      last[1] += described[0];
      return;
    }
    if ((event === 'readable' || event === 'drain') && last?.[0] === event) return;
    this.entries.push([event, ...described, socket.readyState]);
    if (event === 'connect' || event === 'close' || event === 'error' || event === 'end') this.state(`at ${event}`, socket);
  }

  /** Leaves out events whose number is chance. */
  without(...events: readonly string[]): void {
    const kept = this.entries.filter(([event]) => !events.includes(String(event)));
    this.entries.splice(0, this.entries.length, ...kept);
  }

  state(what: string, socket: Socket): void {
    this.entries.push([`state ${what}`, stateOf(socket)]);
  }
}

/** Everything public of a socket, and the options that its descriptor has. */
function stateOf(socket: Socket): object {
  const { readyState, connecting, pending, destroyed, bytesRead, bytesWritten, timeout } = socket;
  const { allowHalfOpen, readableHighWaterMark, writableHighWaterMark, closed, errored, readableEnded, writableEnded, writableFinished, writableLength, readableFlowing } = socket;
  return {
    readyState, connecting, pending, destroyed, bytesRead, bytesWritten, timeout,
    allowHalfOpen, readableHighWaterMark, writableHighWaterMark, closed, errored: errored === null ? null : describe(errored), readableEnded, writableEnded, writableFinished, writableLength, readableFlowing,
    ...(connecting ? {} : endsOf(socket)),
    attempted: socket.autoSelectFamilyAttemptedAddresses,
    keys: Object.keys(socket).filter((key) => key !== 'emit').sort(),
    listeners: socket.eventNames().map((name) => `${String(name)} ${socket.listenerCount(name)}`).sort(),
    options: descriptorOptions(socket),
  };
}

/** A socket that is asked for its address too early keeps having none. */
function endsOf(socket: Socket): object {
  const { localAddress, localPort: port, localFamily, remoteAddress, remotePort, remoteFamily } = socket;
  return { localAddress, localPort: describe(port), localFamily, remoteAddress, remotePort, remoteFamily, address: describe(socket.address()) };
}

const options = { TCP_NODELAY: [6, 1], TCP_KEEPIDLE: [6, 4], TCP_KEEPINTVL: [6, 5], TCP_KEEPCNT: [6, 6], SO_KEEPALIVE: [1, 9], SO_BROADCAST: [1, 6], SO_OOBINLINE: [1, 10], SO_SNDBUF: [1, 7], IP_TOS: [0, 1] } as const;

export function descriptorOf(socket: Socket): number {
  return (socket as Socket & { readonly _handle?: { readonly fd?: number } | null })._handle?.fd ?? -1;
}

/** What setsockopt() and fcntl() made of it; undefined while there is no descriptor. */
function descriptorOptions(socket: Socket): object | undefined {
  const fd = descriptorOf(socket);
  if (fd < 0 || socket.connecting) return undefined;
  const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
  return { flags, ...Object.fromEntries(Object.entries(options).map(([name, [level, option]]) => [name, getOption(fd, level, option)])) };
}

/** The essential of an argument or result: comparable, without what differs from run to run. */
export function describe(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value === 'number') return value >= LOCAL_PORTS[0] && value <= LOCAL_PORTS[1] ? 'a local port' : value;
  if (typeof value === 'string') return value.replace(localPort, 'a local port');
  if (typeof value === 'function') return `function ${value.name}`;
  if (value instanceof Socket) return 'a socket';
  if (Array.isArray(value)) return value.map(describe);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, describe(one)]));
  return value;
}

function describeError(error: Error): object {
  const { name, message, cause } = error;
  const details = Object.fromEntries(Object.keys(error).sort().map((key) => [key, describe((error as unknown as Record<string, unknown>)[key])]));
  const { errors } = error as { readonly errors?: unknown };
  return { kind: error.constructor.name, name, message: describe(message), ...details, ...(errors === undefined ? {} : { errors: describe(errors) }), ...(cause === undefined ? {} : { cause: describe(cause) }) };
}
