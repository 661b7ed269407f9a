import type { Address, Settings } from '../model/index.ts';
import type { Binder } from './binder.ts';
import type { PortSettings } from './port-settings.ts';
import { bindByNode, type TcpHandle } from './tcp-handle.ts';

/** Ports that are tried, at most, before a source counts as having none. */
const MOST_TRIES = 1024;
const EADDRINUSE = -98;
/** TCPConstants.SOCKET of Node. */
const CLIENT = 0;

const MOST_USABLE = 1024;

/** How long a tuple without connections is remembered: the TIME_WAIT of its last one, in milliseconds. */
const REMEMBERED_MS = 60_000;

/** Ports of one source that connections to one destination have. */
interface Taken {
  readonly ports: Set<number>;
  /** Where to go on: the port that was left the longest ago comes first, as its TIME_WAIT may be over. */
  next: number;
  /** When the last connection was closed, by performance.now(). */
  idleSince: number;
}

/**
 * Binds source addresses with a port that is free for the destination as far as this process knows, where sockets cannot
 * be made by koffi. libuv sets SO_REUSEADDR, so that connections to several destinations share a port.
 */
export class ExplicitPorts implements Binder {
  readonly mode = 'explicit-port';
  /** The port that did not do stays. */
  readonly canRebind = false;
  readonly seesStates = false;
  readonly #settings: PortSettings;
  readonly #taken = new Map<string, Taken>();
  readonly #ports = new WeakMap<TcpHandle, number>();
  /** Addresses that an option localAddress named, and that were bound. */
  readonly #usable = new Set<string>();
  #swept = 0;

  constructor(settings: PortSettings) {
    this.#settings = settings;
  }

  open(): number {
    return 0;
  }

  /** The port is chosen when the destination is known; whether the address is one of this host is said at once, as bind() does. */
  bindOwn(handle: TcpHandle, family: 4 | 6, local: Address): number {
    const address = addressOf(family, local);
    if (local.isLoopback || this.#usable.has(address)) return 0;
    const result = tryBind(handle, family, address, this.#settings.current.localPortRange.low);
    if (result !== 0) return result;
    if (this.#usable.size >= MOST_USABLE) this.#usable.clear();
    this.#usable.add(address);
    return 0;
  }

  bind(handle: TcpHandle, family: 4 | 6, source: Address, destination: string): number {
    const settings = this.#settings.current;
    const { low, high } = settings.localPortRange;
    const taken = this.#takenBy(source, destination, settings);
    const address = addressOf(family, source);
    let tries = 0;
    for (let step = 0; step <= high - low && tries < MOST_TRIES; step++) {
      // The range may have changed.
      const port = taken.next >= low && taken.next <= high ? taken.next : low;
      taken.next = port + 1;
      if (taken.ports.has(port) || settings.reservedPorts.has(port)) continue;
      tries++;
      const result = bindTo(handle, family, address, port);
      if (result === EADDRINUSE) continue;
      if (result !== 0) return result;
      taken.ports.add(port);
      this.#ports.set(handle, port);
      return 0;
    }
    return EADDRINUSE;
  }

  closed(handle: TcpHandle, source: Address, destination: string): void {
    const taken = this.#taken.get(keyOf(source, destination));
    const port = this.#ports.get(handle);
    if (taken === undefined || port === undefined) return;
    this.#ports.delete(handle);
    taken.ports.delete(port);
    taken.idleSince = performance.now();
  }

  tcpState(): undefined {
    return undefined;
  }

  #takenBy(source: Address, destination: string, { localPortRange: { low, high } }: Settings): Taken {
    const key = keyOf(source, destination);
    let taken = this.#taken.get(key);
    if (taken !== undefined) return taken;
    const now = performance.now();
    this.#sweep(now);
    // Somewhere, so that a process that was started again does not meet the TIME_WAIT that it left.
    taken = { ports: new Set(), next: low + Math.floor(Math.random() * (high - low + 1)), idleSince: now };
    this.#taken.set(key, taken);
    return taken;
  }

  /** Forgets tuples that have had no connection for long. */
  #sweep(now: number): void {
    if (now - this.#swept < REMEMBERED_MS / 10) return;
    this.#swept = now;
    for (const [key, { ports, idleSince }] of this.#taken) if (ports.size === 0 && now - idleSince > REMEMBERED_MS) this.#taken.delete(key);
  }
}

function keyOf(source: Address, destination: string): string {
  return `${source.toString()} ${destination}`;
}

/** As a socket of the family has it. */
function addressOf(family: 4 | 6, address: Address): string {
  return family === 6 && address.isIpv4 ? `::ffff:${address.toString()}` : address.toString();
}

/** Binds another handle of the same kind, for this instant. @returns 0 too where the port is in use */
function tryBind(handle: TcpHandle, family: 4 | 6, address: string, port: number): number {
  const plain = (handle._parent ?? handle) as TcpHandle;
  const other = new (plain.constructor as new (type: number) => TcpHandle)(CLIENT);
  const result = family === 4 ? other.bind(address, port, 0) : other.bind6(address, port, 0);
  other.close();
  return result;
}

/** libuv tells EADDRINUSE of bind() only when it is asked for the address. */
function bindTo(handle: TcpHandle, family: 4 | 6, address: string, port: number): number {
  const result = bindByNode(handle, family, address, port, 0);
  return result === 0 ? handle.getsockname({}) : result;
}
