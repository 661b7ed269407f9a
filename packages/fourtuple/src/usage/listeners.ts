import { PortSet, WordTable, type SocketCursor } from '../model/index.ts';

const WILD_IPV4 = 1;
const WILD_IPV6 = 2;
const SPECIFIC = 4;

/** Which local endpoints listen, for telling an accepted connection from an outgoing one in a few nanoseconds. */
export class ListenerIndex {
  readonly #flags = new Uint8Array(65536);
  readonly #specific = new WordTable(5);
  readonly ports = new PortSet();

  add(socket: SocketCursor, v6Only: boolean): void {
    const port = socket.localPort;
    this.ports.add(port);
    if (!socket.localIsUnspecified) {
      this.#flags[port]! |= SPECIFIC;
      this.#key(socket);
      this.#specific.intern();
    } else if (socket.local2 === 0xffff) {
      this.#flags[port]! |= WILD_IPV4;
    } else {
      this.#flags[port]! |= v6Only ? WILD_IPV6 : WILD_IPV6 | WILD_IPV4;
    }
  }

  /** True when a listener covers the socket's local address and port. */
  covers(socket: SocketCursor): boolean {
    const flags = this.#flags[socket.localPort]!;
    if (flags === 0) return false;
    const isIpv4 = socket.local2 === 0xffff && socket.local0 === 0 && socket.local1 === 0;
    if ((flags & (isIpv4 ? WILD_IPV4 : WILD_IPV6)) !== 0) return true;
    if ((flags & SPECIFIC) === 0) return false;
    this.#key(socket);
    return this.#specific.find() >= 0;
  }

  clear(): void {
    this.#flags.fill(0);
    this.#specific.clear();
    this.ports.clear();
  }

  #key(socket: SocketCursor): void {
    const { key } = this.#specific;
    key[0] = socket.local0;
    key[1] = socket.local1;
    key[2] = socket.local2;
    key[3] = socket.local3;
    key[4] = socket.localPort;
  }
}
