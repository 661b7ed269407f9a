import type { PortSet, SocketCursor, SocketSink } from '../model/index.ts';
import { BoundAddresses } from './bound-addresses.ts';
import type { BindPoolUsage } from './types.ts';

/**
 * UDP's own rule (`udp_lib_get_port`): every socket, connected or not, owns its port on its address; destinations do
 * not multiply anything. connect() and sendto() without bind() choose on the wildcard address, so 0.0.0.0 (or ::) is
 * the pool that ordinary clients use.
 */
export class UdpPorts implements SocketSink {
  readonly #usable: PortSet;
  readonly #bindV6Only: boolean;
  addresses: BoundAddresses;
  count = 0;

  constructor(usable: PortSet, bindV6Only: boolean) {
    this.#usable = usable;
    this.#bindV6Only = bindV6Only;
    this.addresses = new BoundAddresses(usable);
  }

  accept(socket: SocketCursor): void {
    this.count++;
    this.addresses.addSocket(socket, socket.v6Only === -1 ? this.#bindV6Only : socket.v6Only === 1);
  }

  reset(): void {
    this.count = 0;
    this.addresses = new BoundAddresses(this.#usable);
  }

  pools(capacity: number): BindPoolUsage[] {
    return [...this.addresses.pools()].map(({ source, used }) => poolUsage('udp', source, capacity, used));
  }
}

export function poolUsage(protocol: BindPoolUsage['protocol'], source: BindPoolUsage['source'], capacity: number, used: number): BindPoolUsage {
  return { protocol, source, capacity, used, free: capacity - used, ratio: capacity === 0 ? 1 : used / capacity };
}
