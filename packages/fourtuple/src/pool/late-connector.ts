import type { Socket, TcpNetConnectOpts } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { Address } from '../model/index.ts';
import { makeBinder, type Binder } from './binder.ts';
import { exhaustedChannel } from './channels.ts';
import type { ConnectorMode, ConnectorOptions, ConnectorStats, SourceStats, TupleStats } from './connector-options.ts';
import type { Destination } from './destinations.ts';
import { codeOf, PortBudgetError, PortsExhaustedError, SourceError, SourcesMissingError, type PortTuple } from './errors.ts';
import { failBy } from './failures.ts';
import { ownPortRange, type OwnPortRange } from './own-port-range.ts';
import { chooseSource, sourcePolicies, type SourcePolicy } from './policy.ts';
import { PortSettings } from './port-settings.ts';
import { SourceFamily } from './source-family.ts';
import { expandSources } from './source-list.ts';
import type { Source } from './source.ts';
import { bindByNode, connectByNode, watchHandle, type HandleHooks, type TcpHandle } from './tcp-handle.ts';
import { TrackedConnection } from './tracked-connection.ts';
import { PortWarnings } from './warnings.ts';

const EADDRINUSE = -98;
const EADDRNOTAVAIL = -99;

/** How long a source that had no port for a destination is passed by, in milliseconds: to look costs the kernel a walk through all ports. */
const EMPTY_MS = 50;

/** Hooks of one socket. */
class SocketHooks implements HandleHooks {
  readonly socket: Socket;
  readonly key: string | undefined;
  /** The handle that an option localAddress bound, and to what. */
  ownHandle: TcpHandle | undefined;
  ownAddress: Address | undefined;
  readonly #late: LateConnector;

  constructor(late: LateConnector, socket: Socket, key: string | undefined) {
    this.#late = late;
    this.socket = socket;
    this.key = key;
  }

  bind(handle: TcpHandle, family: 4 | 6, address: string, port: number | undefined, flags: number | undefined): number {
    return this.#late.bind(this, handle, family, address, port, flags);
  }

  connect(handle: TcpHandle, family: 4 | 6, request: object, address: string, port: number): number {
    return this.#late.connect(this, handle, family, request, address, port);
  }
}

/** Gives the handles of sockets their source addresses, and keeps the books. */
export class LateConnector {
  readonly mode: ConnectorMode;
  readonly modeReason: string | undefined;
  readonly settings: PortSettings;
  readonly #policy: SourcePolicy;
  readonly #range: OwnPortRange;
  readonly #budget: number;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #binder: Binder | undefined;
  readonly #families: Readonly<Record<4 | 6, SourceFamily>>;
  #lastNamed = { address: '', port: 0, name: '' };
  /** Addresses that an option localAddress named, while they have open connections. */
  readonly #own = new Map<string, SourceFamily>();
  readonly #warnings: PortWarnings;
  readonly #failures = new Map<string, number>();
  /** Whether failures are told by errors of ours: a connector without options is net.connect(). */
  readonly #isTyped: boolean;
  /** Takes the part of the sources for destinations that are of another kind: the kernel's choice. */
  readonly #unnamed: Readonly<Record<4 | 6, SourceFamily>> | undefined;

  /**
   * @param keepsKinds leaves connections to loopback to the kernel where the sources are none of it, and the reverse
   * @throws SourceError for what cannot be used
   */
  constructor({ sources, policy = 'least-used', budget = 1, portRange, onWarning, random = Math.random, now = () => performance.now() }: ConnectorOptions, { keepsKinds = false } = {}) {
    if (!sourcePolicies.includes(policy)) throw new SourceError(`there is no policy "${policy}", but ${sourcePolicies.join(', ')}`);
    if (!(budget > 0 && budget <= 1)) throw new SourceError(`a budget is a share above 0 to 1 of the ports, not ${budget}`);
    const addresses = sources === undefined ? [] : expandSources(sources);
    this.#families = { 4: new SourceFamily(addresses.filter(({ isIpv4 }) => isIpv4)), 6: new SourceFamily(addresses.filter(({ isIpv4 }) => !isIpv4)) };
    this.#unnamed = keepsKinds ? { 4: new SourceFamily([]), 6: new SourceFamily([]) } : undefined;
    if (keepsKinds && new Set(addresses.map(({ isLoopback }) => isLoopback)).size > 1) throw new SourceError('addresses of loopback, and others, reach different destinations: name those of one kind');
    this.#range = ownPortRange(portRange);
    this.settings = new PortSettings(this.#range.range, now);
    this.#policy = policy;
    this.#budget = budget;
    this.#random = random;
    this.#now = now;
    this.#isTyped = addresses.length > 0 || budget < 1;
    [this.#binder, this.modeReason] = makeBinder(this.#range, this.settings);
    this.mode = this.#binder?.mode ?? 'plain';
    this.#warnings = new PortWarnings(this.mode === 'plain' || !this.#range.isSearchedByOnes || this.mode === 'explicit-port', onWarning);
  }

  /** What is put before the methods of a socket's handles; not for the mode `plain`. */
  hooks(socket: Socket, key: string | undefined): HandleHooks {
    return new SocketHooks(this, socket, key);
  }

  /** Without hooks: an address by the policy, in the way of net.connect(). */
  connectPlain(socket: Socket, options: TcpNetConnectOpts, listener: (() => void) | undefined): Socket {
    const kind = options.family === 6 || (options.host ?? '').includes(':') ? 6 : 4;
    const { sources, destinations, isNamed } = this.#families[kind];
    const isOther = Boolean(options.localAddress) || Boolean(options.localPort) || Boolean((options as { readonly path?: string }).path);
    if (isOther || !isNamed) return socket.connect(options, listener);
    const name = `${options.host ?? 'localhost'} ${options.port}`;
    const destination = destinations.at(name, this.#now());
    const source = sources[this.#choose(destination, sources, name)]!;
    try {
      socket.connect({ ...options, family: kind, localAddress: source.text }, listener);
    } catch (error) {
      destinations.settle(name, destination);
      throw error;
    }
    source.connects++;
    source.open++;
    destination.opened(source.index);
    socket.once('close', () => {
      source.open--;
      destination.closed(source.index, undefined);
      destinations.settle(name, destination);
    });
    return socket;
  }

  /** The bind() that an option localAddress asks for: without a port. */
  bind(hooks: SocketHooks, handle: TcpHandle, family: 4 | 6, address: string, port: number | undefined, flags: number | undefined): number {
    // An explicit port is the caller's own choice, and an address of the other family the kernel's to refuse.
    const local = (port ?? 0) === 0 && handle.fd < 0 && address.includes(':') === (family === 6) ? Address.parse(address) : undefined;
    if (local === undefined || local.zone !== undefined || this.#binder === undefined) return bindByNode(handle, family, address, port, flags);
    // Every address is as none: connect() has the choice.
    if (local.isUnspecified) return 0;
    const result = this.#binder.bindOwn(handle, family, local);
    if (result === 0) [hooks.ownHandle, hooks.ownAddress] = [handle, local];
    return result;
  }

  connect(hooks: SocketHooks, handle: TcpHandle, family: 4 | 6, request: object, address: string, port: number): number {
    const local = hooks.ownHandle === handle ? hooks.ownAddress : undefined;
    // Bound by the caller, with a port of its choice.
    if (local === undefined && handle.fd >= 0) return connectByNode(handle, family, request, address, port);
    const parsed = family === 4 ? undefined : Address.parse(address);
    // A connection to every address goes to this host.
    const isLoopback = family === 4 ? address.startsWith('127.') || address === '0.0.0.0' : parsed?.isLoopback === true || parsed?.isUnspecified === true;
    // An IPv6 socket reaches a mapped address from a mapped one.
    const sources = local === undefined ? this.#familyFor(parsed?.isIpv4 === true ? 4 : family, isLoopback) : this.#ownFamily(local);
    const destination = parsed?.toString() ?? address;
    const name = this.#nameOf(destination, port);
    const now = this.#now();
    const connection = new TrackedConnection(this, this.#binder!, hooks.socket, handle, family, destination, port, isLoopback, sources, sources.destinations.at(name, now), name);
    return this.#attempt(connection, request, address, local === undefined ? hooks.key : undefined, local !== undefined && handle.fd >= 0, now);
  }

  /** The same string as the last time for the same destination: a new one would have to be hashed again. */
  #nameOf(address: string, port: number): string {
    if (this.#lastNamed.address !== address || this.#lastNamed.port !== port) this.#lastNamed = { address, port, name: `${address} ${port}` };
    return this.#lastNamed.name;
  }

  #familyFor(kind: 4 | 6, isLoopback: boolean): SourceFamily {
    const family = this.#families[kind];
    const [first] = family.sources;
    return this.#unnamed === undefined || first?.address === undefined || first.address.isLoopback === isLoopback ? family : this.#unnamed[kind];
  }

  /** Binds and connects: from the source that is chosen, and while it has no port for the destination, from the next ones. */
  #attempt(connection: TrackedConnection, request: object, address: string, key: string | undefined, isBound: boolean, now: number): number {
    const binder = this.#binder!;
    const { handle, family, name, to, port } = connection;
    const { sources, destinations, isNamed } = connection.sources;
    const opened = isBound || (!isNamed && this.#range.option === undefined) ? 0 : binder.open(handle, family);
    if (opened !== 0) {
      destinations.settle(name, to);
      return this.#failed(opened);
    }
    const limit = this.#limit();
    const first = this.#choose(to, sources, key ?? name);
    const tried = { missing: 0, overBudget: 0, exhausted: 0 };
    let result = EADDRNOTAVAIL;
    for (let step = 0; step < sources.length; step++) {
      const source = sources[(first + step) % sources.length]!;
      if (to.used[source.index]! >= limit) {
        source.overBudget++;
        tried.overBudget++;
        continue;
      }
      if (this.#isTyped && to.isEmpty(source.index, now)) {
        source.exhausted++;
        tried.exhausted++;
        continue;
      }
      const bound = isBound || source.address === undefined ? 0 : binder.bind(handle, family, source.address, name);
      result = bound === 0 ? connectByNode(handle, family, request, address, port) : bound;
      if (result === 0) {
        this.#opened(connection, source);
        return 0;
      }
      if (bound === 0 && source.address !== undefined) binder.closed(handle, source.address, name);
      if (bound === EADDRNOTAVAIL) {
        source.missing++;
        tried.missing++;
        continue;
      }
      // An address or a route that is of the wrong kind for the destination: not a matter of ports.
      if (result !== EADDRNOTAVAIL && result !== EADDRINUSE) break;
      source.exhausted++;
      tried.exhausted++;
      // The one port that was bound did not do: that says nothing of the others.
      if (!binder.canRebind && bound === 0) break;
      if (this.#isTyped) to.markEmpty(source.index, now + EMPTY_MS);
    }
    const isOfPorts = tried.missing + tried.overBudget + tried.exhausted > 0 && (result === EADDRNOTAVAIL || result === EADDRINUSE);
    if (isOfPorts && this.#isTyped) this.#failTyped(connection, tried, result);
    destinations.settle(name, to);
    // The hook of the error, and Node's own message, go by one code.
    return this.#failed(isOfPorts && this.#isTyped ? EADDRNOTAVAIL : result);
  }

  #opened(connection: TrackedConnection, source: Source): void {
    const { to, destination, port } = connection;
    connection.source = source;
    source.connects++;
    source.open++;
    to.opened(source.index);
    this.#warnings.look(source.text, destination, port, to.used[source.index]!, this.settings.capacity);
    watchHandle(connection.handle, connection);
  }

  connectionEnded(connection: TrackedConnection, isReset: boolean): void {
    const { socket, handle, source, sources, to, name, destination, port, isLoopback } = connection;
    if (source === undefined) return;
    const code = codeOf(socket.errored);
    if (code !== undefined) this.#count(code);
    const isWaiting = !isReset && connection.leavesTimeWait(code !== undefined);
    source.open--;
    if (source.address !== undefined) this.#binder!.closed(handle, source.address, name);
    to.closed(source.index, isWaiting ? this.#now() + this.settings.timeWaitMs(isLoopback) : undefined);
    if (to.used[source.index] === 0) this.#warnings.forget(source.text, destination, port);
    sources.destinations.settle(name, to);
    if (source.address !== undefined && source.open === 0 && this.#own.get(source.text) === sources && to.isIdle) this.#own.delete(source.text);
  }

  #failTyped({ socket, sources: { sources }, to, destination, port }: TrackedConnection, tried: { readonly missing: number; readonly overBudget: number }, errno: number): void {
    const { capacity } = this.settings;
    const isMissing = tried.missing === sources.length;
    const tuple: PortTuple = { sources: sources.filter(({ address }) => address !== undefined).map(({ text }) => text), destination, destinationPort: port };
    const budget = { used: to.used.reduce((most, used) => Math.max(most, used), 0), limit: this.#limit(), capacity };
    failBy(socket, (cause) => {
      const error = isMissing ? new SourcesMissingError(tuple, cause) : tried.overBudget > 0 ? new PortBudgetError(tuple, budget, cause) : new PortsExhaustedError(errno === EADDRINUSE ? 'EADDRINUSE' : 'EADDRNOTAVAIL', tuple, capacity, cause);
      exhaustedChannel.publish({ error });
      return error;
    });
  }

  /** Ports of a tuple that this process lets itself have. */
  #limit(): number {
    return this.#budget < 1 ? Math.max(1, Math.floor(this.settings.capacity * this.#budget)) : Number.POSITIVE_INFINITY;
  }

  #choose(destination: Destination, sources: readonly Source[], key: string): number {
    return chooseSource(this.#policy, { count: sources.length, used: destination.used, turn: destination.turn++, key }, this.#random);
  }

  #ownFamily(address: Address): SourceFamily {
    const text = address.toString();
    let family = this.#own.get(text);
    if (family === undefined) this.#own.set(text, (family = new SourceFamily([address])));
    return family;
  }

  #failed(errno: number): number {
    this.#count(getSystemErrorName(errno));
    return errno;
  }

  #count(code: string): void {
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }

  stats(): ConnectorStats {
    const now = this.#now();
    const sources: SourceStats[] = [];
    const tuples: TupleStats[] = [];
    const seesStates = this.#binder?.seesStates === true;
    const { capacity } = this.settings;
    const limit = Math.min(this.#limit(), capacity);
    for (const family of [this.#families[4], this.#families[6], ...(this.#unnamed === undefined ? [] : [this.#unnamed[4], this.#unnamed[6]]), ...this.#own.values()]) {
      const waiting = family.waiting(now);
      for (const source of family.sources) {
        // The kernel's choice is shown when there was one.
        if (source.address === undefined && source.connects === 0 && source.exhausted === 0) continue;
        const { text, open, connects, exhausted, overBudget, missing } = source;
        sources.push({ address: text, open, timeWait: seesStates ? waiting[source.index]! : undefined, connects, exhausted, overBudget, missing });
      }
      for (const { source, name, used, timeWait } of family.tuples(now)) {
        const space = name.lastIndexOf(' ');
        tuples.push({ source: source.text, destination: name.slice(0, space), destinationPort: Number(name.slice(space + 1)), used, timeWait: seesStates ? timeWait : undefined, limit, capacity });
      }
    }
    return { mode: this.mode, sources, tuples, failures: Object.fromEntries(this.#failures) };
  }
}
