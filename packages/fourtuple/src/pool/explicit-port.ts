import type { Address, Settings } from '../model/index.ts';
import type { Binder } from './binder.ts';
import type { PortSettings } from './port-settings.ts';
import type { TcpHandle } from './tcp-handle.ts';

/** Ports that are tried, at most, before a source counts as having none. */
const MOST_TRIES = 1024;
const EADDRINUSE = -98;

/** Ports of one source that connections to one destination have. */
interface Taken {
  readonly ports: Set<number>;
  next: number;
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

  constructor(settings: PortSettings) {
    this.#settings = settings;
  }

  open(): number {
    return 0;
  }

  /** The port is chosen when the destination is known. */
  bindOwn(): number {
    return 0;
  }

  bind(handle: TcpHandle, family: 4 | 6, source: Address, destination: string): number {
    const settings = this.#settings.current;
    const taken = this.#takenBy(source, destination, settings);
    const { low, high } = settings.localPortRange;
    const address = family === 6 && source.isIpv4 ? `::ffff:${source.toString()}` : source.toString();
    let tries = 0;
    for (let step = 0; step <= high - low && tries < MOST_TRIES; step++) {
      const port = taken.next;
      taken.next = port >= high || port < low ? low : port + 1;
      if (taken.ports.has(port) || settings.reservedPorts.has(port)) continue;
      tries++;
      const result = bindTo(handle, family, address, port);
      if (result === EADDRINUSE) continue;
      if (result !== 0) return result;
      taken.ports.add(port);
      this.#ports.set(handle, port);
      return 0;
    }
    this.#settle(source, destination, taken);
    return EADDRINUSE;
  }

  closed(handle: TcpHandle, source: Address, destination: string): void {
    const taken = this.#taken.get(keyOf(source, destination));
    const port = this.#ports.get(handle);
    if (taken === undefined || port === undefined) return;
    taken.ports.delete(port);
    this.#settle(source, destination, taken);
  }

  tcpState(): undefined {
    return undefined;
  }

  #takenBy(source: Address, destination: string, { localPortRange: { low, high } }: Settings): Taken {
    const key = keyOf(source, destination);
    let taken = this.#taken.get(key);
    // Somewhere, so that a process that was started again does not meet the TIME_WAIT that it left.
    if (taken === undefined) this.#taken.set(key, (taken = { ports: new Set(), next: low + Math.floor(Math.random() * (high - low + 1)) }));
    return taken;
  }

  #settle(source: Address, destination: string, { ports }: Taken): void {
    if (ports.size === 0) this.#taken.delete(keyOf(source, destination));
  }
}

function keyOf(source: Address, destination: string): string {
  return `${source.toString()} ${destination}`;
}

/** libuv tells EADDRINUSE of bind() only when it is asked for the address. */
function bindTo(handle: TcpHandle, family: 4 | 6, address: string, port: number): number {
  const result = family === 4 ? handle.bind(address, port, 0) : handle.bind6(address, port, 0);
  return result === 0 ? handle.getsockname({}) : result;
}
