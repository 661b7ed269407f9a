import { isReusableTimeWait, reuseScope, type ReuseScope } from '../law/index.ts';
import { Address, PortSet, Protocol, readRecord, runSteps, SocketCursor, SocketTable, TcpState, UNKNOWN, WordTable, noOwners, usableCount, usablePorts, type NamespaceId, type OwnerIndex, type PortProbes, type PortRange, type ProtocolName, type Settings, type RecordSink, type SocketRecords, type SocketSink } from '../model/index.ts';
import { BoundAddresses } from './bound-addresses.ts';
import { connectPorts } from './connect-ports.ts';
import { ConnectionRows } from './connection-rows.ts';
import type { Evidence } from './evidence.ts';
import { ListenerIndex } from './listeners.ts';
import { poisonedPorts } from './poisoned.ts';
import { PortKinds, type ProbeMode } from './port-kinds.ts';
import { buildTuples } from './tuples.ts';
import type { ListeningPort, NamespaceUsage, PortConnection } from './types.ts';
import { poolUsage, UdpPorts } from './udp-ports.ts';

export interface LedgerOptions {
  /** Keep each connection's inode, to name its process later: 4 bytes more a connection. */
  readonly trackInodes: boolean;
  /**
   * No probe will be asked and no bound socket is read: only a listener's port can then be held explicitly, and most
   * connections need not be kept.
   */
  readonly countOnly?: boolean;
}

/** A bind() to try on 0.0.0.0. */
export interface BindProbe {
  readonly protocol: ProtocolName;
  readonly port: number;
}

const noProbes: PortProbes = { explicit: [], shared: [] };

/**
 * Counts a namespace's ports while its sockets stream by: first {@link listeners} gets the listening ones, since they
 * tell accepted connections from outgoing ones, then {@link others} all others, {@link udp} the UDP ones. {@link planProbes} then says which ports to ask the
 * kernel about, and {@link finish} draws the sum. A million connections to one tuple cost 7 MB; half a million
 * accepted ones cost nothing.
 */
export class PortLedger {
  readonly listeners: SocketSink;
  readonly others: RecordSink;
  readonly udp: UdpPorts;
  readonly settings: Settings;
  readonly #usable: PortSet;
  readonly #countsOnly: boolean;
  readonly #listening = new SocketTable();
  readonly #bound = new SocketTable();
  readonly #listenerIndex = new ListenerIndex();
  readonly #rows: ConnectionRows;
  readonly #states = new Uint32Array(16);
  #accepted = 0;
  /** Local endpoints outside the range without a listener: the second connection of one means that it was accepted. */
  readonly #outside = new WordTable(5);
  readonly #outsideRow: number[] = [];
  readonly #orphans = new Set<number>();
  readonly #uncertainIpv6 = new PortSet();
  /** The same of connections that a listener covers. */
  readonly #besideListener = new PortSet();
  /** Usable ports without a listener: connections on them are outgoing. Made after the listeners were read. */
  #plainPorts: PortSet | undefined;
  readonly #cursor = new SocketCursor();
  readonly #reusable: ReuseScope;
  #kinds: PortKinds | undefined;
  #addresses: BoundAddresses | undefined;

  constructor(settings: Settings, options: LedgerOptions) {
    this.settings = settings;
    this.#usable = usablePorts(settings, new PortSet());
    this.#reusable = reuseScope(settings);
    this.#countsOnly = options.countOnly === true;
    this.#rows = new ConnectionRows(this.#usable, options.trackInodes, options.countOnly === true ? this.#listenerIndex.ports : undefined);
    this.udp = new UdpPorts(this.#usable, settings.bindV6Only);
    this.listeners = {
      accept: (socket) => {
        this.#plainPorts = undefined;
        this.#listening.accept(socket);
        this.#listenerIndex.add(socket, this.#isV6Only(socket));
      },
      reset: () => {
        this.#plainPorts = undefined;
        this.#listening.reset();
        this.#listenerIndex.clear();
      },
    };
    this.others = {
      accept: (socket) => this.#acceptOther(socket),
      take: (records) => this.#takeOthers(records),
      reset: () => this.#resetOthers(),
      // It tells how a port is held, which nobody asks then.
      ignoresNoPort: this.#countsOnly,
    };
  }

  /** How many ports no socket explains. */
  get unexplainedPorts(): number {
    return this.#portKinds().candidates.length;
  }

  /** TCP sockets so far, accepted ones too. */
  get socketCount(): number {
    return this.#rows.count + this.#accepted + this.#listening.length + this.#bound.length;
  }

  /** True when a socket that a report would name has no process in the index. */
  misses(owners: OwnerIndex): boolean {
    for (let row = 0; row < this.#rows.length; row++) if (this.#rows.isOwnerless(row, owners)) return true;
    let isMissing = false;
    this.#forEachHolder((socket) => (isMissing ||= this.#usable.has(socket.localPort) && socket.inode !== 0 && owners.ownerOf(socket.inode) < 0));
    return isMissing;
  }

  /** Ports that no socket explains: hand them to the kernel's probe, if it may be asked. */
  planProbes(mode: ProbeMode): readonly number[] {
    return this.#portKinds().planProbes(mode);
  }

  /** Ports to ask about after the first answers, where a sample was not of one mind. */
  planMoreProbes(answers: PortProbes): readonly number[] {
    return this.#portKinds().planMoreProbes(answers);
  }

  /** Ports that 0.0.0.0 loses to nothing but IPv6 connections, which do not say whether they are v6only: try bind(). */
  planBindProbes(): readonly BindProbe[] {
    const plan = (protocol: ProtocolName, addresses: BoundAddresses): BindProbe[] => addresses.onlyDualSpecific().map((port) => ({ protocol, port }));
    return [...plan('tcp', this.#boundAddresses()), ...plan('udp', this.udp.addresses)];
  }

  /** @param isFree whether bind(0.0.0.0) succeeded on this one of {@link planBindProbes}. */
  takeBindProbe({ protocol, port }: BindProbe, isFree: boolean): void {
    (protocol === 'udp' ? this.udp.addresses : this.#boundAddresses()).settleDualSpecific(port, isFree);
  }

  /** An address that some connection goes to: a probe's target where there is no route to loopback. */
  anyDestination(): readonly number[] | undefined {
    return this.#rows.tupleCount === 0 ? undefined : this.#rows.describe(0);
  }

  /** True when there is a socket whose process a report would name. */
  get hasNameableSockets(): boolean {
    if (this.#rows.count > 0) return true;
    let isNameable = false;
    this.#forEachHolder((socket) => (isNameable ||= this.#usable.has(socket.localPort)));
    return isNameable;
  }

  /** {@link finishSteps} in one go. */
  finish(id: NamespaceId, probes?: PortProbes, owners?: OwnerIndex, limits?: readonly string[]): NamespaceUsage {
    return runSteps(this.finishSteps(id, probes, owners, limits));
  }

  /** Draws the sum, pausing now and then. */
  *finishSteps(id: NamespaceId, probes: PortProbes = noProbes, owners: OwnerIndex = noOwners, limits: readonly string[] = []): Generator<void, NamespaceUsage> {
    const kinds = this.#portKinds();
    kinds.settle(probes);
    const { settings } = this;
    const usableSize = usableCount(settings, this.#usable);
    const inRange = settings.localPortRange.high - settings.localPortRange.low + 1;
    const poolSize = usableSize - kinds.explicit.size;
    const states = this.#states.map((count, state) => count + this.#rows.inRuns(state));
    const listen = this.#listening.length;
    const listeners = this.#listeningPorts(owners);
    const tuples = yield* buildTuples(this.#rows, kinds, poolSize, owners, this.#orphans);
    const boundIdle = this.#bound.length;
    const established = states[TcpState.established]!;
    const synSent = states[TcpState.synSent]!;
    const timeWait = states[TcpState.timeWait]!;
    yield;
    const poisoned = poisonedPorts(kinds, this.#listening, this.#bound, this.#rows, owners);
    const connections = states.reduce((sum, count) => sum + count, 0);
    return {
      id,
      localPortRange: settings.localPortRange,
      reservedPorts: inRange - usableSize,
      usablePorts: usableSize,
      poisonedPorts: kinds.explicit.size,
      sockets: {
        total: connections + listen + boundIdle,
        established,
        synSent,
        timeWait,
        listen,
        boundIdle,
        other: connections - established - synSent - timeWait,
        accepted: this.#accepted,
        udp: this.udp.count,
      },
      tuples: tuples.table,
      bindPools: [...[...this.#boundAddresses().pools()].map(({ source, used }) => poolUsage('tcp', source, usableSize, used)), ...this.udp.pools(usableSize)],
      poisoned,
      listeners,
      listenersInRange: listeners.filter((listener) => this.#usable.has(listener.port)),
      limits,
      bindPool: (protocol, address, range) => {
        const within = range === undefined ? undefined : PortSet.of(portsFrom(range)).deleteAll(settings.reservedPorts);
        return poolUsage(protocol, address, within?.size ?? usableSize, (protocol === 'udp' ? this.udp.addresses : this.#boundAddresses()).usedOf(address, within));
      },
      connectPorts: (operation, range) => (this.#countsOnly ? undefined : connectPorts(this.#rows, kinds, settings, operation, range)),
      connectionOn: (port) => this.#connectionOn(port, owners, tuples.accepted),
    };
  }

  /**
   * Counts a run. What is plainly an outgoing IPv4 connection, as nearly all are, goes straight from the kernel's record
   * into its tuple; anything else takes the way of single sockets.
   */
  #takeOthers(records: SocketRecords): void {
    const { length } = records;
    const { ids, counted } = this.#rows.addRun(records, (this.#plainPorts ??= this.#usable.clone().deleteAll(this.#listenerIndex.ports)), this.#reusable);
    if (counted === length) return;
    for (let index = 0; index < length; index++) {
      if (ids[index]! >= 0) continue;
      readRecord(records, index, this.#cursor);
      this.#acceptOther(this.#cursor);
    }
  }

  #acceptOther(socket: SocketCursor): void {
    if (socket.state === TcpState.boundInactive) {
      this.#bound.accept(socket);
      return;
    }
    this.#states[socket.state & 15]!++;
    if (this.#listenerIndex.covers(socket)) {
      this.#accepted++;
      if (hasIpv6Address(socket)) this.#besideListener.add(socket.localPort);
      return;
    }
    const { low, high } = this.settings.localPortRange;
    if (socket.localPort < low || socket.localPort > high) {
      if (this.#isRepeatedOutside(socket)) return;
    } else if (hasIpv6Address(socket)) {
      this.#uncertainIpv6.add(socket.localPort);
    }
    this.#rows.add(socket, isReusableTimeWait(socket, this.settings));
  }

  /** True from the second connection on that shares a local endpoint outside the range: an accepted one. */
  #isRepeatedOutside(socket: SocketCursor): boolean {
    const { key } = this.#outside;
    key[0] = socket.local0;
    key[1] = socket.local1;
    key[2] = socket.local2;
    key[3] = socket.local3;
    key[4] = socket.localPort;
    const id = this.#outside.intern();
    if (id === this.#outsideRow.length) {
      this.#outsideRow.push(this.#rows.length);
      return false;
    }
    this.#orphans.add(this.#outsideRow[id]!);
    this.#accepted++;
    return true;
  }

  #resetOthers(): void {
    this.#bound.reset();
    this.#states.fill(0);
    this.#accepted = 0;
    this.#rows.clear();
    this.#outside.clear();
    this.#outsideRow.length = 0;
    this.#orphans.clear();
    this.#uncertainIpv6.clear();
    this.#besideListener.clear();
  }

  #portKinds(): PortKinds {
    if (this.#kinds === undefined) {
      const marks: { port: number; evidence: Evidence }[] = [];
      this.#listening.forEach((socket) => marks.push({ port: socket.localPort, evidence: 'listening' }));
      this.#bound.forEach((socket) => marks.push({ port: socket.localPort, evidence: 'bound-idle' }));
      this.#kinds = new PortKinds(this.#usable, marks, this.#rows, this.settings.kernel);
    }
    return this.#kinds;
  }

  #boundAddresses(): BoundAddresses {
    if (this.#addresses !== undefined) return this.#addresses;
    const addresses = new BoundAddresses(this.#usable);
    this.#forEachHolder((socket) => addresses.addSocket(socket, this.#isV6Only(socket)));
    const rows = this.#rows;
    rows.portsOf.forEach((ports, source) => {
      const word = (index: number): number => rows.sources.word(source, index);
      addresses.adoptAt(addresses.indexOf(word(0), word(1), word(2), word(3)), ports);
    });
    for (const port of this.#uncertainIpv6) addresses.addUncertain(port);
    for (const port of this.#besideListener) addresses.addBesideListener(port);
    this.#addresses = addresses;
    return addresses;
  }

  /** What a listening or bound AF_INET6 socket says; where the source cannot tell, the namespace's default. */
  #isV6Only(socket: SocketCursor): boolean {
    return socket.v6Only === UNKNOWN ? this.settings.bindV6Only : socket.v6Only === 1;
  }

  #forEachHolder(visit: (socket: SocketCursor) => void): void {
    this.#listening.forEach(visit);
    this.#bound.forEach(visit);
  }

  #connectionOn(port: number, owners: OwnerIndex, accepted: ReadonlySet<number>): PortConnection | undefined {
    const row = this.#rows.firstOn(port);
    if (row < 0 || accepted.has(this.#rows.tuple.at(row))) return undefined;
    const words = this.#rows.describe(this.#rows.tuple.at(row));
    return {
      port,
      source: new Address(words[0]!, words[1]!, words[2]!, words[3]!),
      destination: new Address(words[4]!, words[5]!, words[6]!, words[7]!),
      destinationPort: words[8]!,
      state: this.#rows.stateAt(row),
      owner: owners.owners[this.#rows.ownerAt(row, owners)],
    };
  }

  #listeningPorts(owners: OwnerIndex): ListeningPort[] {
    const found = new Map<string, ListeningPort>();
    this.#listening.forEach((socket) => {
      const owner = owners.owners[owners.ownerOf(socket.inode)];
      const address = socket.localAddress();
      found.set(`${address.toString()} ${socket.localPort}`, { protocol: 'tcp', address, port: socket.localPort, owner });
    });
    return [...found.values()].sort((left, right) => left.port - right.port);
  }
}

/** The ledger of sockets that are already in a table, e.g. of a recording. */
export function ledgerOf(table: SocketTable, settings: Settings): PortLedger {
  const ledger = new PortLedger(settings, { trackInodes: true });
  const isListening = (socket: SocketCursor): boolean => socket.protocol !== Protocol.udp && socket.state === TcpState.listen;
  table.forEach((socket) => {
    if (isListening(socket)) ledger.listeners.accept(socket);
  });
  table.forEach((socket) => {
    if (socket.protocol === Protocol.udp) ledger.udp.accept(socket);
    else if (!isListening(socket)) ledger.others.accept(socket);
  });
  return ledger;
}

function* portsFrom({ low, high }: PortRange): Generator<number> {
  for (let port = low; port <= high; port++) yield port;
}

function hasIpv6Address(socket: SocketCursor): boolean {
  return socket.family === 10 && (socket.local2 !== 0xffff || socket.local0 !== 0 || socket.local1 !== 0);
}
