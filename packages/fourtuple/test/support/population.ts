import { constants } from 'node:os';
import { Address, type PortRange } from '../../src/model/index.ts';
import { addLoopbackAddress, addLoopbackAddress6, acceptSocket, bindSocket, closeSocket, connectSocket, listenSocket, localPort, makeSocket, resetSocket, type SocketOptions } from './sockets.ts';
import { enterFreshNamespace, setSysctl } from './namespace.ts';
import type { Random } from './random.ts';

const ipv4Sources = ['127.0.0.1', '127.0.0.2', '10.7.0.1', '10.7.0.2'].map((text) => Address.parse(text)!);
const ipv6Sources = ['::1', '2001:db8::7', '2001:db8::8'].map((text) => Address.parse(text)!);
const SERVER_PORTS = [80, 443] as const;

interface Connection {
  client: number;
  server: number;
}

/** A random population of sockets of every kind in a namespace of its own; what it did is in `story`. */
export class Population {
  readonly range: PortRange;
  readonly story: string[] = [];
  /** TIME_WAIT must grow older than this before it is counted, if it can be reused at all. */
  readonly settleMs: number;
  readonly #random: Random;
  readonly #open = new Set<number>();
  readonly #connections: Connection[] = [];
  readonly #listeners = new Map<string, number>();
  readonly #extraListeners: { fd: number; address: Address; port: number; ipv6: boolean }[] = [];

  constructor(random: Random) {
    this.#random = random;
    enterFreshNamespace();
    ipv4Sources.slice(2).forEach((address, index) => addLoopbackAddress(address, index + 1));
    for (const address of ipv6Sources.slice(1)) addLoopbackAddress6(address);
    const low = random.between(10_000, 30_000);
    this.range = { low, high: low + random.between(5, 60) };
    setSysctl('ipv4/ip_local_port_range', `${low} ${this.range.high}`);
    setSysctl('core/somaxconn', 4096);
    const twReuse = random.between(0, 2);
    const delayMs = random.pick([1, 1, 60_000]);
    setSysctl('ipv4/tcp_tw_reuse', twReuse);
    setSysctl('ipv4/tcp_tw_reuse_delay', delayMs);
    const timestamps = random.chance(0.8) ? 1 : 0;
    setSysctl('ipv4/tcp_timestamps', timestamps);
    this.settleMs = delayMs === 1 ? 5 : 0;
    let reserved = '';
    if (random.chance(0.4)) {
      const ports = Array.from({ length: random.between(1, 8) }, () => this.#port());
      reserved = [...new Set(ports)].sort((left, right) => left - right).join(',');
      setSysctl('ipv4/ip_local_reserved_ports', reserved);
    }
    this.story.push(`range ${low}-${this.range.high} reserved ${reserved || 'none'} tw_reuse ${twReuse} delay ${delayMs} timestamps ${timestamps}`);
    this.#serve();
    const steps = random.between(5, 90);
    for (let step = 0; step < steps; step++) this.#step();
  }

  close(): void {
    for (const fd of this.#open) closeSocket(fd);
    this.#open.clear();
  }

  #serve(): void {
    for (const port of SERVER_PORTS) {
      const fd = this.#make({ ipv6: true, v6Only: false, reuseAddress: true });
      if (bindSocket(fd, Address.anyIpv6, port, true) !== 0 || listenSocket(fd) !== 0) throw new Error('the server cannot listen');
      this.#listeners.set(`*:${port}`, fd);
    }
  }

  #step(): void {
    const random = this.#random;
    const choice = random.between(0, 99);
    if (choice < 30) this.#connect(random.chance(0.4) ? 'no-port' : 'plain');
    else if (choice < 40) this.#connect('bind-any-port');
    else if (choice < 47) this.#connect('bind-port');
    else if (choice < 54) this.#bindIdle();
    else if (choice < 60) this.#listen();
    else if (choice < 68) this.#beAccepted();
    else if (choice < 71) this.#refused();
    else if (choice < 77) this.#udp();
    else if (choice < 80) this.#stopListening();
    else if (choice < 82) this.#fake();
    else this.#end();
  }

  #connect(manner: 'plain' | 'no-port' | 'bind-any-port' | 'bind-port', target?: { address: Address; port: number; listener: number }): void {
    const random = this.#random;
    const kind = random.pick(['ipv4', 'ipv4', 'ipv6', 'mapped'] as const);
    const ipv6 = kind !== 'ipv4';
    const destination = target?.address ?? random.pick(kind === 'ipv6' ? ipv6Sources : ipv4Sources);
    if (destination.isIpv4 !== (kind !== 'ipv6')) return;
    const port = target?.port ?? random.pick(SERVER_PORTS);
    const source = random.pick(destination.isIpv4 ? ipv4Sources : ipv6Sources);
    const options: SocketOptions = {
      ipv6,
      noPort: manner === 'no-port' || (manner === 'bind-port' && random.chance(0.3)),
      reuseAddress: random.chance(0.4),
      reusePort: random.chance(0.15),
      ...(ipv6 && kind === 'ipv6' && random.chance(0.2) ? { v6Only: true } : {}),
      ...(random.chance(0.08) ? { device: 'lo' } : {}),
    };
    const client = this.#make(options);
    let bound = 0;
    if (manner === 'no-port' || manner === 'bind-any-port') bound = bindSocket(client, source, 0, ipv6);
    if (manner === 'bind-port') bound = bindSocket(client, source, random.chance(0.9) ? this.#port() : random.between(5000, 5050), ipv6);
    const errno = bound === 0 ? connectSocket(client, destination, port, ipv6) : bound;
    this.story.push(`${manner} ${kind} ${JSON.stringify(options)} ${source.toString()} -> ${destination.toString()}:${port} = ${errno} port ${localPort(client)}`);
    if (errno !== 0) {
      this.#close(client);
      return;
    }
    const server = acceptSocket(target?.listener ?? this.#listeners.get(`*:${port}`)!);
    this.#open.add(server);
    this.#connections.push({ client, server });
  }

  #bindIdle(): void {
    const random = this.#random;
    const ipv6 = random.chance(0.4);
    const address = random.pick(ipv6 ? [...ipv6Sources, Address.anyIpv6, ...ipv4Sources] : [...ipv4Sources, Address.anyIpv4]);
    const options: SocketOptions = { ipv6, reuseAddress: random.chance(0.4), reusePort: random.chance(0.2), ...(ipv6 && !address.isIpv4 ? { v6Only: random.chance(0.4) } : {}) };
    const fd = this.#make(options);
    const errno = bindSocket(fd, address, random.chance(0.5) ? this.#port() : 0, ipv6);
    this.story.push(`bind-idle ${JSON.stringify(options)} ${address.toString()} = ${errno} port ${localPort(fd)}`);
    if (errno !== 0) this.#close(fd);
  }

  #listen(): void {
    const random = this.#random;
    const ipv6 = random.chance(0.4);
    const address = random.pick(ipv6 ? [...ipv6Sources, Address.anyIpv6] : [...ipv4Sources, Address.anyIpv4]);
    const options: SocketOptions = { ipv6, reuseAddress: random.chance(0.6), reusePort: random.chance(0.2), ...(ipv6 ? { v6Only: random.chance(0.4) } : {}) };
    const fd = this.#make(options);
    const port = random.chance(0.7) ? this.#port() : 0;
    const errno = bindSocket(fd, address, port, ipv6) || listenSocket(fd);
    this.story.push(`listen ${JSON.stringify(options)} ${address.toString()} = ${errno} port ${localPort(fd)}`);
    if (errno !== 0) this.#close(fd);
    else this.#extraListeners.push({ fd, address, port: localPort(fd), ipv6 });
  }

  #beAccepted(): void {
    const listener = this.#extraListeners.at(-1);
    if (listener === undefined) return;
    const address = listener.address.isUnspecified ? (listener.ipv6 ? ipv6Sources[0]! : ipv4Sources[0]!) : listener.address;
    this.#connect(this.#random.pick(['plain', 'no-port', 'bind-any-port'] as const), { address, port: listener.port, listener: listener.fd });
  }

  #stopListening(): void {
    const listener = this.#extraListeners.pop();
    if (listener === undefined) return;
    this.story.push(`stop listening ${listener.address.toString()}:${listener.port}`);
    this.#close(listener.fd);
  }

  /** connect() to a port where nobody listens; the socket stays open. */
  #refused(): void {
    const random = this.#random;
    const fd = this.#make({ reuseAddress: random.chance(0.3) });
    const bound = random.chance(0.5) ? bindSocket(fd, random.pick(ipv4Sources), this.#port(), false) : 0;
    const errno = bound || connectSocket(fd, ipv4Sources[0]!, 7, false);
    this.story.push(`refused bound ${bound} = ${errno} port ${localPort(fd)}`);
    if (bound !== 0) this.#close(fd);
  }

  #udp(): void {
    const random = this.#random;
    const ipv6 = random.chance(0.3);
    const options: SocketOptions = { udp: true, ipv6, reuseAddress: random.chance(0.2), ...(ipv6 ? { v6Only: random.chance(0.4) } : {}) };
    const fd = this.#make(options);
    const errno = random.chance(0.5)
      ? connectSocket(fd, random.pick(ipv6 ? ipv6Sources : ipv4Sources), 53, ipv6)
      : bindSocket(fd, random.pick(ipv6 ? [...ipv6Sources, Address.anyIpv6] : [...ipv4Sources, Address.anyIpv4]), random.chance(0.5) ? this.#port() : 0, ipv6);
    this.story.push(`udp ${JSON.stringify(options)} = ${errno} port ${localPort(fd)}`);
    if (errno !== 0) this.#close(fd);
  }

  /** An ESTABLISHED socket without a peer. */
  #fake(): void {
    const fd = this.#make({ repair: true });
    const errno = connectSocket(fd, this.#random.pick(ipv4Sources), this.#random.pick(SERVER_PORTS), false);
    this.story.push(`fake = ${errno} port ${localPort(fd)}`);
    if (errno !== 0) this.#close(fd);
  }

  #end(): void {
    const random = this.#random;
    if (this.#connections.length === 0) return;
    const index = random.between(0, this.#connections.length - 1);
    const [connection] = this.#connections.splice(index, 1);
    const { client, server } = connection!;
    const port = localPort(client);
    const how = random.pick(['client first', 'client first', 'client first', 'server first', 'reset', 'client only', 'server only'] as const);
    this.story.push(`close ${how} port ${port}`);
    if (how === 'client first') {
      this.#close(client);
      this.#close(server);
    } else if (how === 'server first') {
      this.#close(server);
      this.#close(client);
    } else if (how === 'reset') {
      this.#open.delete(client);
      resetSocket(client);
      this.#close(server);
    } else {
      this.#close(how === 'client only' ? client : server);
    }
  }

  #port(): number {
    return this.#random.between(this.range.low, this.range.high);
  }

  #make(options: SocketOptions): number {
    const fd = makeSocket(options);
    this.#open.add(fd);
    return fd;
  }

  #close(fd: number): void {
    this.#open.delete(fd);
    closeSocket(fd);
  }
}

export const { EADDRINUSE, EADDRNOTAVAIL, EAGAIN } = constants.errno;
