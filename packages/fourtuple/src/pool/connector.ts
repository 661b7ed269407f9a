import { Socket, type NetConnectOpts, type SocketConstructorOpts, type TcpNetConnectOpts } from 'node:net';
import { Address, type PortRange } from '../model/index.ts';
import { Destinations } from './destinations.ts';
import { SourceError } from './errors.ts';
import { LateBinder } from './late-bind.ts';
import { chooseSource, sourcePolicies, type SourcePolicy } from './policy.ts';
import { expandSources, type SourceSpec } from './source-list.ts';
import { canHook, hookHandles, type TcpHandle } from './tcp-handle.ts';

export interface ConnectorOptions {
  /** Addresses to come from; without them the kernel chooses, as net.connect() lets it. */
  readonly sources?: SourceSpec;
  /** How one of several is chosen: `least-used` by default. */
  readonly policy?: SourcePolicy;
  /** Ports to come from, inside net.ipv4.ip_local_port_range (IP_LOCAL_PORT_RANGE, Linux 6.3); a range that is wholly outside is ignored by the kernel. */
  readonly portRange?: PortRange;
  /** 0 to 1, for tests. */
  readonly random?: () => number;
}

/** Options of net.connect(), and a key by which the policy `hash` chooses. */
export type ConnectOptions = NetConnectOpts & { readonly sourceKey?: string };

/** By what means source addresses are bound. */
export type ConnectorMode =
  /** Without a port, which connect() chooses for its destination. */
  | 'late-bind'
  /** As net.connect() does: a source address has one range of ports for all destinations together. */
  | 'plain';

export interface SourceStats {
  readonly address: string;
  /** Connections that are open or being opened. */
  readonly open: number;
  /** Connects that were given this address, since the beginning. */
  readonly connects: number;
  /** Times it had no port for a destination, and the next address was tried. */
  readonly exhausted: number;
  /** Times it was not an address of this host. */
  readonly missing: number;
}

export interface ConnectorStats {
  readonly mode: ConnectorMode;
  readonly sources: readonly SourceStats[];
  /** Destinations with open connections: `address port`, and their number. */
  readonly destinations: readonly { readonly destination: string; readonly open: number }[];
}

/** Connects as net.connect() does, from source addresses that are chosen late. */
export interface Connector {
  readonly mode: ConnectorMode;
  /** Why it is plain; undefined for late-bind. */
  readonly modeReason: string | undefined;
  /** As net.connect(options, listener). */
  connect(this: void, options: ConnectOptions, listener?: () => void): Socket;
  stats(): ConnectorStats;
}

const EADDRINUSE = -98;
const EADDRNOTAVAIL = -99;

/** @throws SourceError for sources that cannot be used */
export function createConnector(options: ConnectorOptions = {}): Connector {
  return new LateConnector(options);
}

/** Counters of one source address. */
class Source {
  readonly address: Address;
  readonly text: string;
  /** Its place among those of its family. */
  readonly index: number;
  open = 0;
  connects = 0;
  exhausted = 0;
  missing = 0;

  constructor(address: Address, index: number) {
    this.address = address;
    this.text = address.toString();
    this.index = index;
  }
}

class LateConnector implements Connector {
  readonly mode: ConnectorMode;
  readonly modeReason: string | undefined;
  readonly connect: Connector['connect'];
  readonly #policy: SourcePolicy;
  readonly #range: PortRange | undefined;
  readonly #random: () => number;
  readonly #binder: LateBinder | undefined;
  readonly #sources: Readonly<Record<4 | 6, readonly Source[]>>;
  readonly #destinations: Readonly<Record<4 | 6, Destinations>>;
  /** Addresses that an option localAddress named. */
  readonly #named = new Map<string, Source>();

  constructor({ sources, policy = 'least-used', portRange, random = Math.random }: ConnectorOptions) {
    if (!sourcePolicies.includes(policy)) throw new SourceError(`there is no policy "${String(policy)}", but ${sourcePolicies.join(', ')}`);
    if (portRange !== undefined && !(Number.isInteger(portRange.low) && Number.isInteger(portRange.high) && portRange.low >= 1 && portRange.low <= portRange.high && portRange.high <= 65_535)) {
      throw new SourceError(`a range of ports is two of 1 to 65535, the lower first, not ${portRange.low} to ${portRange.high}`);
    }
    const addresses = sources === undefined ? [] : expandSources(sources);
    const family = (wanted: 4 | 6): Source[] => addresses.filter((address) => address.family === wanted).map((address, index) => new Source(address, index));
    this.#sources = { 4: family(4), 6: family(6) };
    this.#destinations = { 4: new Destinations(this.#sources[4].length), 6: new Destinations(this.#sources[6].length) };
    this.#policy = policy;
    this.#range = portRange;
    this.#random = random;
    [this.#binder, this.modeReason] = makeBinder();
    this.mode = this.#binder === undefined ? 'plain' : 'late-bind';
    this.connect = (connectOptions, listener) => this.#connect(connectOptions, listener);
  }

  #connect(options: ConnectOptions, listener: (() => void) | undefined): Socket {
    const { sourceKey, ...given } = options as ConnectOptions & Partial<TcpNetConnectOpts> & SocketConstructorOpts;
    const socket = new Socket(given);
    if ('timeout' in given && typeof given.timeout === 'number') socket.setTimeout(given.timeout);
    const isPath = 'path' in given && given.path !== undefined;
    // An explicit local port is the caller's own choice.
    if (isPath || (given.localPort ?? 0) !== 0) return socket.connect(given as TcpNetConnectOpts, listener);
    const local = typeof given.localAddress === 'string' ? Address.parse(given.localAddress) : undefined;
    if (this.#binder === undefined) return this.#connectPlain(socket, given as TcpNetConnectOpts, listener);
    // What is no address is refused by Node, in its own words.
    if (given.localAddress !== undefined && local === undefined) return socket.connect(given as TcpNetConnectOpts, listener);
    const { localAddress: _, ...rest } = given as TcpNetConnectOpts;
    const own = local === undefined || local.isUnspecified ? undefined : this.#namedSource(local);
    hookHandles(socket, (handle, family, address, port, connect) => this.#connectFrom(socket, handle, family, address, port, connect, own, sourceKey));
    return socket.connect(rest as TcpNetConnectOpts, listener);
  }

  /** Without late binding: an address by the policy, in the way of net.connect(). */
  #connectPlain(socket: Socket, options: TcpNetConnectOpts, listener: (() => void) | undefined): Socket {
    const family = options.family === 6 || (options.host ?? '').includes(':') ? 6 : 4;
    const sources = this.#sources[family];
    if (options.localAddress !== undefined || sources.length === 0) return socket.connect(options, listener);
    const name = `${options.host ?? 'localhost'} ${options.port}`;
    const source = this.#choose(family, name, undefined);
    source.connects++;
    this.#count(socket, source, family, name);
    return socket.connect({ ...options, family, localAddress: source.text }, listener);
  }

  /** Binds and connects one handle: from the source that is chosen, and while it has no port for the destination, from the next ones. */
  #connectFrom(socket: Socket, handle: TcpHandle, family: 4 | 6, address: string, port: number, connect: () => number, own: Source | undefined, key: string | undefined): number {
    const sources = own === undefined ? this.#sources[family] : own.address.family === family ? [own] : [];
    // A mapped address of an IPv6 socket has no source here, nor has a family without one.
    if (sources.length === 0 || (family === 6 && Address.parse(address)?.isIpv4 === true)) return own === undefined && this.#range === undefined ? connect() : this.#connectUnbound(handle, family, connect, own);
    const name = `${address} ${port}`;
    const first = own === undefined ? this.#choose(family, name, key).index : 0;
    let failure = EADDRNOTAVAIL;
    let fd = -1;
    for (let step = 0; step < sources.length; step++) {
      const source = sources[(first + step) % sources.length]!;
      if (fd < 0) {
        fd = this.#binder!.make(source.address, this.#range);
        if (fd < 0) return this.#settled(family, name, fd);
        const opened = handle.open(fd);
        if (opened !== 0) {
          this.#binder!.close(fd);
          return this.#settled(family, name, opened);
        }
      }
      const bound = this.#binder!.bind(fd, source.address);
      if (bound !== 0) {
        failure = bound;
        source.missing++;
        continue;
      }
      const result = connect();
      if (result === EADDRNOTAVAIL || result === EADDRINUSE) {
        failure = result;
        source.exhausted++;
        continue;
      }
      if (result === 0) {
        source.connects++;
        this.#count(socket, source, own === undefined ? family : undefined, name);
      }
      return own === undefined ? this.#settled(family, name, result) : result;
    }
    return this.#settled(family, name, failure);
  }

  /** No source of the family: the kernel chooses the address, from the range of ports if there is one. */
  #connectUnbound(handle: TcpHandle, family: 4 | 6, connect: () => number, own: Source | undefined): number {
    // bind() of an address of the other family, as libuv would answer it.
    if (own !== undefined) return -22;
    const fd = this.#binder!.make(family === 4 ? Address.anyIpv4 : Address.anyIpv6, this.#range);
    if (fd < 0) return fd;
    const opened = handle.open(fd);
    if (opened !== 0) {
      this.#binder!.close(fd);
      return opened;
    }
    return connect();
  }

  #choose(family: 4 | 6, name: string, key: string | undefined): Source {
    const sources = this.#sources[family];
    const destination = this.#destinations[family].at(name);
    const index = chooseSource(this.#policy, { count: sources.length, used: destination.used, turn: destination.turn++, key: key ?? name }, this.#random);
    return sources[index]!;
  }

  #settled(family: 4 | 6, name: string, result: number): number {
    if (result !== 0) this.#destinations[family].settle(name);
    return result;
  }

  /** @param family undefined for an address that is none of the sources */
  #count(socket: Socket, source: Source, family: 4 | 6 | undefined, name: string): void {
    source.open++;
    if (family !== undefined) this.#destinations[family].opened(name, source.index);
    socket.once('close', () => {
      source.open--;
      if (family !== undefined) this.#destinations[family].closed(name, source.index);
      else if (source.open === 0) this.#named.delete(source.text);
    });
  }

  #namedSource(address: Address): Source {
    const text = address.toString();
    let source = this.#named.get(text);
    if (source === undefined) this.#named.set(text, (source = new Source(address, 0)));
    return source;
  }

  stats(): ConnectorStats {
    const sources = [...this.#sources[4], ...this.#sources[6], ...this.#named.values()];
    return {
      mode: this.mode,
      sources: sources.map(({ text, open, connects, exhausted, missing }) => ({ address: text, open, connects, exhausted, missing })),
      destinations: [...this.#destinations[4], ...this.#destinations[6]].map(([destination, { open }]) => ({ destination, open })),
    };
  }
}

function makeBinder(): [LateBinder | undefined, string | undefined] {
  if (process.platform !== 'linux') return [undefined, 'IP_BIND_ADDRESS_NO_PORT is of Linux'];
  if (!canHook(new Socket())) return [undefined, 'the sockets of this Node.js have no handle that is known'];
  try {
    return [new LateBinder(), undefined];
  } catch (error) {
    return [undefined, error instanceof Error ? error.message : String(error)];
  }
}

let shared: Connector | undefined;

/** As net.connect(), but that `localAddress` takes no port from other destinations and programs. */
export function connect(options: ConnectOptions, listener?: () => void): Socket {
  shared ??= createConnector();
  return shared.connect(options, listener);
}
