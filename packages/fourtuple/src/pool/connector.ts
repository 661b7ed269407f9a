import { channel } from 'node:diagnostics_channel';
import { Socket, type NetConnectOpts, type SocketConstructorOpts, type TcpNetConnectOpts } from 'node:net';
import { Address, type PortRange } from '../model/index.ts';
import { Destinations } from './destinations.ts';
import { SourceError } from './errors.ts';
import { LateBinder } from './late-bind.ts';
import { chooseSource, sourcePolicies, type SourcePolicy } from './policy.ts';
import { expandSources, type SourceSpec } from './source-list.ts';
import { canHook, hookHandles, onceClosed, type TcpHandle } from './tcp-handle.ts';

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
  /** Addresses that an option localAddress named, while they have open connections. */
  readonly #named = new Map<string, Source>();
  /** The address that localAddress named, by the handle that is bound to it. */
  readonly #ownAddresses = new WeakMap<TcpHandle, Address>();

  constructor({ sources, policy = 'least-used', portRange, random = Math.random }: ConnectorOptions) {
    if (!sourcePolicies.includes(policy)) throw new SourceError(`there is no policy "${policy}", but ${sourcePolicies.join(', ')}`);
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

  /** What net.connect() does, and the hooks between. */
  #connect(options: ConnectOptions, listener: (() => void) | undefined): Socket {
    const given = options as ConnectOptions & SocketConstructorOpts & { readonly timeout?: number };
    const socket = new Socket(given);
    if (given.timeout) socket.setTimeout(given.timeout);
    const binder = this.#binder;
    if (binder === undefined) return announced(socket, () => this.#connectPlain(socket, options as TcpNetConnectOpts, listener));
    hookHandles(socket, {
      bind: (handle, family, address, port, own) => this.#bindOwn(binder, handle, family, address, port, own),
      connect: (handle, family, address, port, own) => this.#connectHandle(binder, handle, family, address, port, options.sourceKey, own),
    });
    return announced(socket, () => socket.connect(options, listener));
  }

  /** Without late binding: an address by the policy, in the way of net.connect(). */
  #connectPlain(socket: Socket, options: TcpNetConnectOpts, listener: (() => void) | undefined): Socket {
    const family = options.family === 6 || (options.host ?? '').includes(':') ? 6 : 4;
    const sources = this.#sources[family];
    const isOther = Boolean(options.localAddress) || Boolean(options.localPort) || Boolean((options as { readonly path?: string }).path);
    if (isOther || sources.length === 0) return socket.connect(options, listener);
    const name = `${options.host ?? 'localhost'} ${options.port}`;
    const source = this.#choose(family, name, undefined);
    try {
      socket.connect({ ...options, family, localAddress: source.text }, listener);
    } catch (error) {
      this.#settled(family, name, -1);
      throw error;
    }
    source.connects++;
    const release = this.#take(source, family, name);
    socket.once('close', release);
    return socket;
  }

  /** The bind() that an option localAddress asks for: without a port. */
  #bindOwn(binder: LateBinder, handle: TcpHandle, family: 4 | 6, address: string, port: number | undefined, own: () => number): number {
    // An explicit port is the caller's own choice, and an address of the other family the kernel's to refuse.
    const local = (port ?? 0) === 0 && handle.fd < 0 && address.includes(':') === (family === 6) ? Address.parse(address) : undefined;
    if (local === undefined || local.zone !== undefined) return own();
    // Every address is as none: connect() has the choice.
    if (local.isUnspecified) return 0;
    const fd = this.#open(binder, handle, family);
    if (fd < 0) return fd;
    this.#ownAddresses.set(handle, local);
    return binder.bind(fd, family, local);
  }

  /** Binds and connects one handle: from the source that is chosen, and while it has no port for the destination, from the next ones. */
  #connectHandle(binder: LateBinder, handle: TcpHandle, family: 4 | 6, address: string, port: number, key: string | undefined, connect: () => number): number {
    if (handle.fd >= 0) return this.#connectOwn(handle, address, port, connect);
    const destination = family === 4 ? undefined : Address.parse(address);
    // An IPv6 socket reaches a mapped address from a mapped one.
    const kind = destination?.isIpv4 === true ? 4 : family;
    const sources = this.#sources[kind];
    if (sources.length === 0) return this.#connectUnbound(binder, handle, family, connect);
    const name = `${destination?.toString() ?? address} ${port}`;
    const first = this.#choose(kind, name, key).index;
    const fd = this.#open(binder, handle, family);
    if (fd < 0) return this.#settled(kind, name, fd);
    let failure = EADDRNOTAVAIL;
    for (let step = 0; step < sources.length; step++) {
      const source = sources[(first + step) % sources.length]!;
      const bound = binder.bind(fd, family, source.address);
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
        onceClosed(handle, this.#take(source, kind, name));
      }
      return this.#settled(kind, name, result);
    }
    return this.#settled(kind, name, failure);
  }

  /** A handle that has its address by the options of this connect(). */
  #connectOwn(handle: TcpHandle, address: string, port: number, connect: () => number): number {
    const result = connect();
    const local = this.#ownAddresses.get(handle);
    if (result !== 0 || local === undefined) return result;
    const source = this.#namedSource(local);
    source.connects++;
    onceClosed(handle, this.#take(source, undefined, `${address} ${port}`));
    return result;
  }

  /** No source of the family: the kernel chooses the address, from the range of ports if there is one. */
  #connectUnbound(binder: LateBinder, handle: TcpHandle, family: 4 | 6, connect: () => number): number {
    if (this.#range === undefined) return connect();
    const fd = this.#open(binder, handle, family);
    return fd < 0 ? fd : connect();
  }

  /** Gives the handle a socket that can be bound late. @returns its descriptor, or a negative errno */
  #open(binder: LateBinder, handle: TcpHandle, family: 4 | 6): number {
    const fd = binder.make(family, this.#range);
    if (fd < 0) return fd;
    const opened = handle.open(fd);
    if (opened === 0) return fd;
    binder.close(fd);
    return opened;
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

  /** Counts an open connection. @param family undefined for an address that is none of the sources @returns to call when it is closed */
  #take(source: Source, family: 4 | 6 | undefined, name: string): () => void {
    source.open++;
    if (family !== undefined) this.#destinations[family].opened(name, source.index);
    return () => {
      source.open--;
      if (family !== undefined) this.#destinations[family].closed(name, source.index);
      else if (source.open === 0) this.#named.delete(source.text);
    };
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
  if (!canHook()) return [undefined, 'the sockets of this Node.js have no handle that is known'];
  try {
    return [new LateBinder(), undefined];
  } catch (error) {
    return [undefined, error instanceof Error ? error.message : String(error)];
  }
}

const clientSockets = channel('net.client.socket');

/** Tells diagnostics_channel of the socket as net.connect() does, which on older Nodes does it itself, on newer ones by Socket.connect(). */
function announced(socket: Socket, connect: () => Socket): Socket {
  if (!clientSockets.hasSubscribers) return connect();
  let isTold = false;
  const listen = (message: unknown): void => {
    isTold ||= (message as { readonly socket?: Socket }).socket === socket;
  };
  clientSockets.subscribe(listen);
  try {
    connect();
  } finally {
    clientSockets.unsubscribe(listen);
    if (!isTold) clientSockets.publish({ socket });
  }
  return socket;
}

let shared: Connector | undefined;

/** As net.connect(), but that `localAddress` takes no port from other destinations and programs. */
export function connect(options: ConnectOptions, listener?: () => void): Socket {
  shared ??= createConnector();
  return shared.connect(options, listener);
}
