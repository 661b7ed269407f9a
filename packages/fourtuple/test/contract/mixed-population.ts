import { readFileSync } from 'node:fs';
import { Address, type TcpState } from '../../src/model/index.ts';
import { AF_INET, loadLibc, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, setOption } from '../../src/kernel/libc.ts';
import { enterFreshNamespace, setSysctl } from '../support/namespace.ts';
import { acceptSocket, addLoopbackAddress, addLoopbackAddress6, bindSocket, closeSocket, connectSocket, listenSocket, localPort, makeSocket, type SocketOptions } from '../support/sockets.ts';

const SO_MARK = 36;

/** A socket that a source should find, as far as it was made to be so. */
export interface Expected {
  readonly protocol: 'tcp' | 'udp';
  readonly state: keyof typeof TcpState;
  readonly local: string;
  readonly remote: string;
  readonly fields?: { readonly v6Only?: 0 | 1; readonly noPort?: 0 | 1; readonly mark?: number; readonly interfaceIndex?: number; readonly hasInode?: boolean };
}

/** `10.7.0.1 30000 -> 10.7.0.2 8080`, the key by which sockets of different sources are compared. */
export function keyOf(protocol: string, state: string | number, local: string, remote: string): string {
  return `${protocol} ${state} ${local} -> ${remote}`;
}

/**
 * One socket of every kind in a namespace of its own, each on a port that is chosen here: IPv4, IPv6 and mapped, every
 * state that can be held still, options that sock_diag tells. Its sockets live until close().
 */
export class MixedPopulation {
  readonly expected: Expected[] = [];
  readonly #open: number[] = [];

  constructor() {
    enterFreshNamespace();
    addLoopbackAddress(Address.parse('10.7.0.1')!, 1);
    addLoopbackAddress6(Address.parse('2001:db8::7')!);
    untilUsable(Address.parse('2001:db8::7')!);
    setSysctl('ipv4/ip_local_port_range', '30000 30999');
    setSysctl('core/somaxconn', 4096);
    this.#listeners();
    this.#connections();
    this.#closing();
    this.#halfOpen();
    this.#bound();
    this.#udp();
    untilSettled();
  }

  close(): void {
    for (const fd of this.#open) closeSocket(fd);
    this.#open.length = 0;
  }

  #socket(options: SocketOptions): number {
    const fd = makeSocket({ reuseAddress: true, ...options });
    this.#open.push(fd);
    return fd;
  }

  #note(protocol: Expected['protocol'], state: Expected['state'], local: string, remote = local.startsWith('::') || local.startsWith('2001') ? ':: 0' : '0.0.0.0 0', fields: Expected['fields'] = {}): void {
    this.expected.push({ protocol, state, local, remote, fields });
  }

  #bind(fd: number, address: string, port: number, ipv6: boolean): void {
    must(`bind ${address} ${port}`, bindSocket(fd, Address.parse(address)!, port, ipv6));
  }

  #listen(address: string, port: number, options: SocketOptions = {}): number {
    const ipv6 = address.includes(':');
    const fd = this.#socket({ ipv6, ...options });
    this.#bind(fd, address, port, ipv6);
    must('listen', listenSocket(fd));
    this.#note('tcp', 'listen', `${address} ${port}`, undefined, { ...(ipv6 ? { v6Only: isV6Only(address, options) } : {}), hasInode: true });
    return fd;
  }

  /** Connects from a chosen port to a listener and accepts. */
  #pair(listener: number, source: string, port: number, destination: string, to: number, options: SocketOptions = {}): { client: number; server: number } {
    const ipv6 = options.ipv6 ?? source.includes(':');
    const client = this.#socket({ ...options, ipv6 });
    this.#bind(client, source, port, ipv6);
    must(`connect ${port}`, connectSocket(client, Address.parse(destination)!, to, ipv6));
    const server = acceptSocket(listener);
    this.#open.push(server);
    return { client, server };
  }

  #both(state: Expected['state'], other: Expected['state'], one: string, far: string, fields: Expected['fields'] = {}): void {
    this.#note('tcp', state, one, far, fields);
    this.#note('tcp', other, far, one);
  }

  #listeners(): void {
    this.#listen('0.0.0.0', 8001);
    this.#listen('10.7.0.1', 8002);
    this.#listen('::', 8003, { v6Only: true });
    this.#listen('2001:db8::7', 8004, { v6Only: false });
  }

  #connections(): void {
    const dual = this.#listen('::', 8010, { v6Only: false });
    this.#pair(dual, '10.7.0.1', 30_001, '127.0.0.1', 8010);
    this.#both('established', 'established', '10.7.0.1 30001', '127.0.0.1 8010', { noPort: 0, hasInode: true });
    this.#pair(dual, '2001:db8::7', 30_002, '::1', 8010);
    this.#both('established', 'established', '2001:db8::7 30002', '::1 8010', { hasInode: true });
    this.#pair(dual, '127.0.0.1', 30_003, '10.7.0.1', 8010, { ipv6: true });
    this.#both('established', 'established', '127.0.0.1 30003', '10.7.0.1 8010');
    this.#pair(dual, '10.7.0.1', 30_004, '127.0.0.1', 8010, { device: 'lo' });
    this.#both('established', 'established', '10.7.0.1 30004', '127.0.0.1 8010', { interfaceIndex: 1 });
    const marked = this.#socket({ noPort: true, range: [30_005, 30_005] });
    must('SO_MARK', setOption(marked, SOL_SOCKET, SO_MARK, 0x2a));
    this.#bind(marked, '10.7.0.1', 0, false);
    must('connect', connectSocket(marked, Address.loopbackIpv4, 8010, false));
    this.#open.push(acceptSocket(dual));
    if (localPort(marked) !== 30_005) throw new Error('the port range of one port was not taken');
    this.#both('established', 'established', '10.7.0.1 30005', '127.0.0.1 8010', { noPort: 1, mark: 0x2a });
  }

  #closing(): void {
    const listener = this.#listen('10.7.0.1', 8020);
    const timeWait = this.#pair(listener, '127.0.0.1', 30_020, '10.7.0.1', 8020);
    closeSocket(timeWait.client);
    closeSocket(timeWait.server);
    this.#note('tcp', 'timeWait', '127.0.0.1 30020', '10.7.0.1 8020', { hasInode: false });
    const half = this.#pair(listener, '127.0.0.1', 30_021, '10.7.0.1', 8020);
    closeSocket(half.client);
    this.#note('tcp', 'finWait2', '127.0.0.1 30021', '10.7.0.1 8020', { hasInode: false });
    this.#note('tcp', 'closeWait', '10.7.0.1 8020', '127.0.0.1 30021', { hasInode: true });
    const shut = this.#pair(listener, '127.0.0.1', 30_022, '10.7.0.1', 8020);
    loadLibc().shutdown(shut.client, 1);
    this.#note('tcp', 'finWait2', '127.0.0.1 30022', '10.7.0.1 8020', { hasInode: true });
    this.#note('tcp', 'closeWait', '10.7.0.1 8020', '127.0.0.1 30022');
    const six = this.#listen('::1', 8021, { v6Only: false });
    const timeWait6 = this.#pair(six, '2001:db8::7', 30_023, '::1', 8021);
    closeSocket(timeWait6.client);
    closeSocket(timeWait6.server);
    this.#note('tcp', 'timeWait', '2001:db8::7 30023', '::1 8021');
    for (const fd of [timeWait.client, timeWait.server, half.client, timeWait6.client, timeWait6.server]) this.#open.splice(this.#open.indexOf(fd), 1);
  }

  /** A full accept queue: the first client is not accepted, the next one's SYN is dropped. */
  #halfOpen(): void {
    const fd = this.#socket({});
    this.#bind(fd, '10.7.0.1', 8030, false);
    must('listen', listenSocket(fd, 0));
    this.#note('tcp', 'listen', '10.7.0.1 8030');
    for (const [index, port] of [30_030, 30_031].entries()) {
      const client = loadLibc().socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      this.#open.push(client);
      this.#bind(client, '127.0.0.1', port, false);
      connectSocket(client, Address.parse('10.7.0.1')!, 8030, false);
      this.#note('tcp', index === 0 ? 'established' : 'synSent', `127.0.0.1 ${port}`, '10.7.0.1 8030');
    }
    this.#note('tcp', 'established', '10.7.0.1 8030', '127.0.0.1 30030', { hasInode: false });
  }

  #bound(): void {
    this.#bind(this.#socket({}), '10.7.0.1', 30_040, false);
    this.#note('tcp', 'boundInactive', '10.7.0.1 30040', undefined, { hasInode: true });
    this.#bind(this.#socket({ ipv6: true, v6Only: true }), '::', 30_041, true);
    this.#note('tcp', 'boundInactive', ':: 30041', undefined, { v6Only: 1 });
    this.#bind(this.#socket({ ipv6: true, v6Only: false }), '2001:db8::7', 30_042, true);
    this.#note('tcp', 'boundInactive', '2001:db8::7 30042', undefined, { v6Only: 1 });
  }

  #udp(): void {
    this.#bind(this.#socket({ udp: true }), '0.0.0.0', 5001, false);
    this.#note('udp', 'close', '0.0.0.0 5001', undefined, { hasInode: true });
    this.#bind(this.#socket({ udp: true, ipv6: true, v6Only: true }), '::', 5002, true);
    this.#note('udp', 'close', ':: 5002', undefined, { v6Only: 1 });
    const four = this.#socket({ udp: true });
    this.#bind(four, '10.7.0.1', 30_050, false);
    must('connect', connectSocket(four, Address.loopbackIpv4, 53, false));
    this.#note('udp', 'established', '10.7.0.1 30050', '127.0.0.1 53');
    const six = this.#socket({ udp: true, ipv6: true });
    this.#bind(six, '2001:db8::7', 30_051, true);
    must('connect', connectSocket(six, Address.loopbackIpv6, 53, true));
    this.#note('udp', 'established', '2001:db8::7 30051', '::1 53');
  }
}

/** bind() to an IPv6 address makes a socket v6only, whatever its option says (__inet6_bind, net/ipv6/af_inet6.c). */
function isV6Only(address: string, { v6Only }: SocketOptions): 0 | 1 {
  return address !== '::' || v6Only === true ? 1 : 0;
}

/** The kernel makes a new IPv6 address usable a moment later, in a work queue. */
function untilUsable(address: Address): void {
  for (let attempt = 0; attempt < 2000; attempt++) {
    const fd = makeSocket({ ipv6: true });
    const errno = bindSocket(fd, address, 0, true);
    closeSocket(fd);
    if (errno === 0) return;
    pause();
  }
  throw new Error(`${address.toString()} does not become usable`);
}

/** The acknowledgement of a FIN may be delayed: FIN_WAIT1 becomes FIN_WAIT2 a moment later. */
function untilSettled(): void {
  for (let attempt = 0; attempt < 2000; attempt++) {
    if (!/^ *\d+: [0-9A-F:]+ [0-9A-F:]+ 04 /m.test(readFileSync('/proc/thread-self/net/tcp', 'latin1'))) return;
    pause();
  }
  throw new Error('the connections do not settle');
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

function must(what: string, errno: number): void {
  if (errno !== 0) throw new Error(`${what}: errno ${errno}`);
}
