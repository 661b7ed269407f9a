import { constants } from 'node:os';
import { spawnSync } from 'node:child_process';
import { fchownSync } from 'node:fs';
import { kernelTraits, ProcFs, readAll, SockDiagSource } from '../../src/kernel/index.ts';
import { loadLibc, setOption, SOL_SOCKET, SO_REUSEADDR } from '../../src/kernel/libc.ts';
import { decodeSockaddr } from '../../src/kernel/sockaddr.ts';
import { BindBucket, type LawHolder, type PortSocket } from '../../src/law/index.ts';
import { Address, ALL_HASHED_STATES, endpointText, PortSet, Protocol, stateName, TcpState, type PortRange } from '../../src/model/index.ts';
import { enterFreshNamespace, setSysctl } from './namespace.ts';
import { acceptSocket, addLoopbackAddress, addLoopbackAddress6, bindSocket, closeSocket, connectSocket, listenSocket, makeSocket, resetSocket, tryAccept } from './sockets.ts';

export const SO_REUSEPORT = 15;
export const SERVER_PORTS = [80, 443] as const;
export const ipv4Addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.6', '10.7.0.1'] as const;
export const ipv6Addresses = ['::1', '2001:db8::7'] as const;
/** An interface that is there, and on which nothing happens. */
export const OTHER_DEVICE = 'va';
const OTHER_INDEX = 77;
export const uids = [0, 1000, 1001] as const;

/** Flags of a socket to be made. */
export interface SocketSpec {
  readonly ipv6: boolean;
  readonly udp?: boolean;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly v6Only: boolean;
  readonly device: '' | 'lo' | typeof OTHER_DEVICE;
  readonly uid: number;
}

/** Settings of the world. */
export interface WorldSpec {
  readonly range: PortRange;
  readonly reserved: readonly number[];
  readonly twReuse: number;
  readonly twReuseDelayMs: number;
  readonly timestamps: boolean;
  readonly autobindReuse: boolean;
  readonly unprivilegedPortStart: number;
}

/** One thing done to the population; plain data, so that a list of them can be cut down to the few that matter. */
export type WorldStep =
  | { readonly do: 'bind'; readonly spec: SocketSpec; readonly address: string; readonly port: number }
  | { readonly do: 'listen'; readonly spec: SocketSpec; readonly address: string; readonly port: number }
  | { readonly do: 'connect'; readonly spec: SocketSpec; readonly manner: 'plain' | 'no-port' | 'bind-any' | 'bind-port'; readonly source: string; readonly port: number; readonly destination: string; readonly destinationPort: number; readonly own?: PortRange }
  | { readonly do: 'join'; readonly listener: number; readonly client: SocketSpec; readonly port: number }
  | { readonly do: 'end'; readonly connection: number; readonly how: 'client first' | 'server first' | 'reset' | 'client only' | 'server only' }
  | { readonly do: 'stop'; readonly listener: number }
  | { readonly do: 'set'; readonly socket: number; readonly option: 'reuseAddress' | 'reusePort'; readonly value: boolean }
  | { readonly do: 'udp'; readonly spec: SocketSpec; readonly address: string; readonly port: number; readonly connects: boolean };

export type MutableHolder = { -readonly [K in keyof LawHolder]: LawHolder[K] };

/** A socket of the population, with what is known of it. */
interface Known {
  fd: number | undefined;
  readonly holder: MutableHolder;
  /** Its place in the bucket of its port; UDP has none. */
  readonly member: { readonly isConnectChosen: boolean; readonly isAccepted?: boolean };
}

interface Connection {
  readonly client: Known;
  readonly server: Known;
}

// EWOULDBLOCK is another name of EAGAIN.
const errnoNames = new Map(Object.entries(constants.errno).filter(([name]) => name !== 'EWOULDBLOCK').map(([name, value]) => [value, name]));
export const errnoName = (errno: number): string => (errno === 0 ? 'ok' : (errnoNames.get(errno) ?? String(errno)));

/**
 * The population did not come to rest. Two connections on one four-tuple, one of them bound to lo, get each other's
 * packets: a FIN may then stay without its acknowledgement.
 */
export class UnsettledError extends Error {
  override readonly name = 'UnsettledError';
}

/** A population of sockets in a namespace of its own, of which everything that the law asks for is known. */
export class LawWorld {
  /** A trial may have changed what is known of the population: the next one would be judged by what is no more. */
  isSpoiled = false;
  readonly spec: WorldSpec;
  readonly devices: ReadonlyMap<string, number>;
  readonly reserved: PortSet;
  readonly #known: Known[] = [];
  readonly #buckets = new Map<number, BindBucket>();
  readonly #connections: Connection[] = [];
  readonly #listeners: Known[] = [];
  readonly #servers = new Map<number, number>();
  readonly #extra = new Set<number>();

  constructor(spec: WorldSpec, steps: readonly WorldStep[]) {
    this.spec = spec;
    enterFreshNamespace();
    addLoopbackAddress(Address.parse('10.7.0.1')!, 1);
    addLoopbackAddress6(Address.parse('2001:db8::7')!);
    untilUsable(Address.parse('2001:db8::7')!);
    const link = spawnSync('ip', ['link', 'add', 'name', OTHER_DEVICE, 'index', String(OTHER_INDEX), 'type', 'veth', 'peer', 'name', 'vb'], { encoding: 'utf8' });
    if (link.status !== 0) throw new Error(`ip link add: ${link.stderr}`);
    this.devices = new Map([['', 0], ['lo', 1], [OTHER_DEVICE, OTHER_INDEX]]);
    setSysctl('ipv4/ip_unprivileged_port_start', 1024);
    setSysctl('ipv4/ip_local_port_range', `${spec.range.low} ${spec.range.high}`);
    setSysctl('ipv4/ip_local_reserved_ports', spec.reserved.join(','));
    setSysctl('ipv4/ip_unprivileged_port_start', spec.unprivilegedPortStart);
    setSysctl('ipv4/tcp_tw_reuse', spec.twReuse);
    setSysctl('ipv4/tcp_tw_reuse_delay', spec.twReuseDelayMs);
    setSysctl('ipv4/tcp_timestamps', spec.timestamps ? 1 : 0);
    setSysctl('ipv4/ip_autobind_reuse', spec.autobindReuse ? 1 : 0);
    setSysctl('core/somaxconn', 4096);
    this.reserved = PortSet.of(spec.reserved);
    for (const port of SERVER_PORTS) {
      const fd = this.#track(makeSocket({ ipv6: true, v6Only: false, reuseAddress: true }));
      if (bindSocket(fd, Address.anyIpv6, port, true) !== 0 || listenSocket(fd) !== 0) throw new Error('the server cannot listen');
      this.#servers.set(port, fd);
    }
    for (const step of steps) this.#step(step);
    try {
      this.#settle();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Everybody on a port, in the order in which they came. */
  holdersOn(port: number): LawHolder[] {
    return this.#known.filter(({ holder }) => holder.port === port).map(({ holder }) => holder);
  }

  /** What the kernel remembers of a TCP port, followed from its first socket on. */
  bucketOf(port: number): BindBucket {
    const bucket = this.#buckets.get(port);
    if (bucket !== undefined && !bucket.isEmpty) return bucket;
    const made = new BindBucket(kernelTraits(new ProcFs()));
    this.#buckets.set(port, made);
    return made;
  }

  get holders(): readonly LawHolder[] {
    return this.#known.map(({ holder }) => holder);
  }

  /** A connection took this bucket's four-tuple over. */
  forget(holder: LawHolder): void {
    const index = this.#known.findIndex((known) => known.holder === holder);
    if (index < 0) return;
    const [{ member }] = this.#known.splice(index, 1) as [Known];
    this.bucketOf(holder.port).leave(member);
  }

  /** A socket with the flags of the spec, which the caller closes. */
  make(spec: SocketSpec, further: { noPort?: boolean; range?: PortRange; repair?: boolean } = {}): number {
    const fd = makeSocket({
      ipv6: spec.ipv6,
      udp: spec.udp === true,
      ...(further.repair === true ? { repair: true } : {}),
      reuseAddress: spec.reuseAddress,
      reusePort: spec.reusePort,
      ...(spec.ipv6 ? { v6Only: spec.v6Only } : {}),
      ...(spec.device === '' ? {} : { device: spec.device }),
      noPort: further.noPort === true,
      ...(further.range === undefined ? {} : { range: [further.range.low, further.range.high] as const }),
    });
    // The socket's own user is its file's (sockfs_setattr).
    if (spec.uid !== 0) fchownSync(fd, spec.uid, 0);
    return fd;
  }

  acceptOne(port: number): number {
    return acceptSocket(this.#servers.get(port)!);
  }

  close(): void {
    for (const fd of this.#extra) closeSocket(fd);
    this.#extra.clear();
  }

  #step(step: WorldStep): void {
    switch (step.do) {
      case 'bind':
      case 'listen': {
        const fd = this.#track(this.make(step.spec));
        const address = Address.parse(step.address)!;
        if (bindSocket(fd, address, step.port, step.spec.ipv6) !== 0) return this.#drop(fd);
        const member = this.#bound(fd, step.spec);
        const known = this.#know(fd, step.spec, TcpState.boundInactive, member, true);
        if (step.do === 'bind') return;
        if (listenSocket(fd) !== 0) {
          this.#drop(fd);
          return this.forget(known.holder);
        }
        known.holder.state = TcpState.listen;
        this.bucketOf(known.holder.port).bind(known.holder, member);
        this.#listeners.push(known);
        return;
      }
      case 'udp': {
        const fd = this.#track(this.make({ ...step.spec, udp: true }));
        const address = Address.parse(step.address)!;
        const errno = step.connects ? connectSocket(fd, address, 53, step.spec.ipv6) : bindSocket(fd, address, step.port, step.spec.ipv6);
        if (errno !== 0) return this.#drop(fd);
        this.#know(fd, { ...step.spec, udp: true }, step.connects ? TcpState.established : TcpState.close, { isConnectChosen: false }, !step.connects);
        return;
      }
      case 'connect': {
        const fd = this.#track(this.make(step.spec, { noPort: step.manner === 'no-port', ...(step.own === undefined ? {} : { range: step.own }) }));
        const { ipv6 } = step.spec;
        const source = Address.parse(step.source)!;
        const isExplicit = step.manner === 'bind-any' || step.manner === 'bind-port';
        const bound = step.manner === 'plain' ? 0 : bindSocket(fd, source, step.manner === 'bind-port' ? step.port : 0, ipv6);
        const client = bound === 0 ? this.#connect(fd, step.spec, { isExplicit, isBound: step.manner !== 'plain' }, Address.parse(step.destination)!, step.destinationPort) : this.#drop(fd);
        if (client === undefined) return;
        this.#pair(client, this.#servers.get(step.destinationPort)!, undefined);
        return;
      }
      case 'join': {
        const listener = this.#listeners.at(step.listener % Math.max(1, this.#listeners.length));
        if (listener?.fd === undefined) return;
        const { address, port, isIpv6Socket, device } = listener.holder;
        const target = !address.isUnspecified ? address : Address.parse(isIpv6Socket && !address.isIpv4 && listener.holder.v6Only === true ? '::1' : '127.0.0.1')!;
        if (device !== 0 && device !== 1) return;
        const spec = { ...step.client, ipv6: !target.isIpv4, device: '' as const };
        const fd = this.#track(this.make(spec));
        const isExplicit = step.port !== 0;
        const bound = isExplicit ? bindSocket(fd, target.isIpv4 ? Address.loopbackIpv4 : Address.loopbackIpv6, step.port, spec.ipv6) : 0;
        const client = bound === 0 ? this.#connect(fd, spec, { isExplicit, isBound: isExplicit }, target, port) : this.#drop(fd);
        if (client === undefined) return;
        this.#pairWithAny(client, listener);
        return;
      }
      case 'end': {
        if (this.#connections.length === 0) return;
        const [connection] = this.#connections.splice(step.connection % this.#connections.length, 1);
        this.#end(connection!, step.how);
        return;
      }
      case 'stop': {
        if (this.#listeners.length === 0) return;
        const [listener] = this.#listeners.splice(step.listener % this.#listeners.length, 1);
        this.forget(listener!.holder);
        this.#drop(listener!.fd!);
        return;
      }
      case 'set': {
        // UDP's table keeps an IPv6 socket where SO_REUSEPORT put it at bind(), whatever is set later.
        const live = this.#known.filter(({ fd, holder }) => fd !== undefined && !(holder.protocol === 'udp' && holder.isIpv6Socket && step.option === 'reusePort'));
        const known = live[step.socket % Math.max(1, live.length)];
        if (known === undefined) return;
        const option = step.option === 'reuseAddress' ? SO_REUSEADDR : SO_REUSEPORT;
        if (setOption(known.fd!, SOL_SOCKET, option, step.value ? 1 : 0) === 0) known.holder[step.option] = step.value;
        return;
      }
    }
  }

  /** Of several listeners on the port another one may have got it: a more specific one, or by SO_REUSEPORT's lot. */
  #pairWithAny(client: Known, meant: Known): void {
    const candidates = [meant, ...this.#listeners.filter((one) => one !== meant && one.holder.port === meant.holder.port)];
    for (let round = 0; round < 200; round++) {
      for (const listener of candidates) {
        const fd = tryAccept(listener.fd!, 20);
        if (fd >= 0) return this.#paired(client, fd, listener);
      }
    }
    throw new UnsettledError(`no listener on port ${meant.holder.port} got the connection`);
  }

  #pair(client: Known, listenerFd: number, listener: Known | undefined): void {
    this.#paired(client, acceptSocket(listenerFd), listener);
  }

  #paired(client: Known, accepted: number, listener: Known | undefined): void {
    const fd = this.#track(accepted);
    const { holder } = client;
    const isIpv6Socket = listener === undefined ? true : listener.holder.isIpv6Socket;
    // Of the port and this address; who came first has made it.
    const sharesBucket = this.#known.some(({ holder: other }) => other.port === holder.remotePort && other.address.equals(holder.remote) && (other.isConnectChosen === true || other.isAccepted === true));
    const server: MutableHolder = {
      protocol: 'tcp',
      address: holder.remote,
      port: holder.remotePort,
      remote: holder.address,
      remotePort: holder.port,
      isIpv6Socket,
      v6Only: listener?.holder.v6Only ?? false,
      device: listener?.holder.device ?? 0,
      uid: 0,
      reuseAddress: listener?.holder.reuseAddress ?? true,
      reusePort: listener?.holder.reusePort ?? false,
      state: TcpState.established,
      isBucket: false,
      isConnectChosen: false,
      isAccepted: sharesBucket,
      ageMs: 0,
      hadTimestamps: this.spec.timestamps,
    };
    const known = { fd, holder: server, member: { isConnectChosen: false, isAccepted: sharesBucket } };
    this.bucketOf(server.port).join(known.member);
    this.#known.push(known);
    this.#connections.push({ client, server: known });
  }

  #end({ client, server }: Connection, how: Extract<WorldStep, { do: 'end' }>['how']): void {
    const order = how === 'client first' ? [client, server] : how === 'server first' ? [server, client] : how === 'server only' ? [server] : [client];
    for (const known of order) {
      const fd = known.fd!;
      known.fd = undefined;
      this.#extra.delete(fd);
      if (how === 'reset') resetSocket(fd);
      else closeSocket(fd);
    }
    if (how === 'reset') {
      this.#extra.delete(server.fd!);
      closeSocket(server.fd!);
      this.forget(client.holder);
      this.forget(server.holder);
    }
  }

  /**
   * Reads the states until every closed socket is a bucket or gone: an acknowledgement may take 40 ms. A socket that is
   * on its way from one table to another may be missing from one dump: gone is what two quiet dumps do not have.
   */
  #settle(): void {
    const deadline = Date.now() + 1000;
    let missing = new Set<Known>();
    for (;;) {
      if (Date.now() > deadline) throw new UnsettledError(`closed, but neither a bucket nor gone: ${this.#known.filter(({ fd, holder }) => fd === undefined && !holder.isBucket).map(({ holder }) => `${endpointText(holder.address, holder.port)} ${endpointText(holder.remote, holder.remotePort)} ${stateName(holder.state)} device ${holder.device}`).join(', ')}`);
      const absent = this.#readStates();
      const isQuiet = this.#known.every((known) => known.fd !== undefined || known.holder.isBucket || absent.has(known));
      if (isQuiet && missing.size === absent.size && [...absent].every((known) => missing.has(known))) break;
      missing = isQuiet ? absent : new Set();
    }
    for (const { holder } of missing) this.forget(holder);
  }

  /** Reads from the kernel what became of the connections. @returns those that it does not have. */
  #readStates(): Set<Known> {
    const seen = new Map<string, { state: number; isBucket: boolean; ageMs: number }>();
    const key = (local: Address, port: number, remote: Address, remotePort: number, device: number): string => `${local.toString()} ${port} ${remote.toString()} ${remotePort} ${device}`;
    const source = new SockDiagSource(true);
    readAll(
      source.read(
        { protocol: Protocol.tcp, states: ALL_HASHED_STATES },
        {
          accept: (socket) => seen.set(key(socket.localAddress(), socket.localPort, socket.remoteAddress(), socket.remotePort, socket.interfaceIndex), { state: socket.state, isBucket: socket.timer === 3 && socket.inode === 0, ageMs: 60_000 - socket.expiresMs }),
          reset: () => seen.clear(),
        },
      ),
    );
    source.close();
    const absent = new Set<Known>();
    for (const known of this.#known) {
      const { holder } = known;
      if (holder.protocol !== 'tcp' || holder.remotePort === 0) continue;
      const found = seen.get(key(holder.address, holder.port, holder.remote, holder.remotePort, holder.device));
      if (found === undefined) absent.add(known);
      else Object.assign(holder, found);
    }
    return absent;
  }

  /** Notes that a socket got its port by bind(). */
  #bound(fd: number, spec: SocketSpec): Known['member'] {
    const { address, port } = nameOf(fd, 'local');
    const member = { isConnectChosen: false };
    this.bucketOf(port).bind(this.socketOf(spec, address), member);
    return member;
  }

  /** connect(); the socket is dropped when it fails. */
  #connect(fd: number, spec: SocketSpec, { isExplicit, isBound }: { isExplicit: boolean; isBound: boolean }, destination: Address, destinationPort: number): Known | undefined {
    const member = isExplicit ? this.#bound(fd, spec) : { isConnectChosen: true };
    const { port } = nameOf(fd, 'local');
    if (connectSocket(fd, destination, destinationPort, spec.ipv6) !== 0) {
      if (isExplicit) this.bucketOf(port).leave(member);
      return this.#drop(fd);
    }
    const { address: source, port: sourcePort } = nameOf(fd, 'local');
    // What was left of an earlier connection on the same four-tuple has been taken over.
    const isMet = ({ device }: LawHolder): boolean => device === 0 || device === this.devices.get(spec.device);
    for (const { holder } of this.#known.filter((known) => isMet(known.holder))) {
      const isSame = holder.address.equals(source) && holder.port === sourcePort && holder.remote.equals(destination) && holder.remotePort === destinationPort;
      const isReverse = holder.address.equals(destination) && holder.port === destinationPort && holder.remote.equals(source) && holder.remotePort === sourcePort;
      if (holder.protocol === 'tcp' && (isSame || isReverse)) this.forget(holder);
    }
    const client = this.#know(fd, spec, TcpState.established, member, isBound);
    if (!isExplicit) this.bucketOf(client.holder.port).join(member);
    return client;
  }

  /** The law's view of a socket bound to an address. */
  socketOf(spec: SocketSpec, address: Address): PortSocket {
    return { protocol: spec.udp === true ? 'udp' : 'tcp', address, isIpv6Socket: spec.ipv6, v6Only: isV6Only(spec, address), device: this.devices.get(spec.device)!, uid: spec.uid, reuseAddress: spec.reuseAddress, reusePort: spec.reusePort };
  }

  /** @param isBound bind() gave it its address. */
  #know(fd: number, spec: SocketSpec, state: number, member: Known['member'], isBound: boolean): Known {
    const local = nameOf(fd, 'local');
    const remote = nameOf(fd, 'remote');
    const known: Known = {
      fd,
      member,
      holder: {
        ...this.socketOf(spec, local.address),
        v6Only: isV6Only(spec, isBound ? local.address : undefined),
        port: local.port,
        remote: remote?.address ?? Address.anyIpv4,
        remotePort: remote?.port ?? 0,
        state,
        isBucket: false,
        isConnectChosen: member.isConnectChosen,
        ageMs: 0,
        hadTimestamps: this.spec.timestamps,
      },
    };
    this.#known.push(known);
    return known;
  }

  #track(fd: number): number {
    if (fd < 0) throw new Error('no socket');
    this.#extra.add(fd);
    return fd;
  }

  #drop(fd: number): undefined {
    this.#extra.delete(fd);
    closeSocket(fd);
  }
}

/** A new IPv6 address is tentative until a worker of the kernel has looked at it. */
function untilUsable(address: Address): void {
  const deadline = Date.now() + 5000;
  for (;;) {
    const fd = makeSocket({ ipv6: true });
    const errno = bindSocket(fd, address, 0, true);
    closeSocket(fd);
    if (errno === 0) return;
    if (Date.now() > deadline) throw new Error(`${address.toString()} stays unusable: errno ${errno}`);
  }
}

/** IPV6_V6ONLY in effect: bind() to an IPv6 address of one's own sets it (`__inet6_bind`). */
export function isV6Only(spec: SocketSpec, boundTo: Address | undefined): boolean {
  return spec.ipv6 && (spec.v6Only || (boundTo !== undefined && !boundTo.isIpv4 && !boundTo.isUnspecified));
}

/** @returns undefined where there is none. */
export function nameOf(fd: number, end: 'local'): { address: Address; port: number };
export function nameOf(fd: number, end: 'remote'): { address: Address; port: number } | undefined;
export function nameOf(fd: number, end: 'local' | 'remote'): { address: Address; port: number } | undefined {
  const bytes = new Uint8Array(28);
  const length = new Uint8Array(Uint32Array.of(28).buffer);
  const libc = loadLibc();
  const result = end === 'local' ? libc.getsockname(fd, bytes, length) : libc.getpeername(fd, bytes, length);
  return result < 0 ? undefined : decodeSockaddr(bytes);
}
