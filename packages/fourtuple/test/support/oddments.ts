import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cgroupRoot } from '../../src/kernel/cgroups.ts';
import { AF_INET, loadLibc, setOption, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET, SOL_TCP } from '../../src/kernel/libc.ts';
import { Address } from '../../src/model/index.ts';
import type { Random } from './random.ts';
import { acceptSocket, bindSocket, closeSocket, connectSocket, listenSocket, localPort, makeSocket } from './sockets.ts';

const SO_MARK = 36;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const TCP_DEFER_ACCEPT = 9;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;

/** Marks that filters ask for; the last two have the sign bit, and bits outside the usual masks. */
export const marks = [1, 0x10, 0x11, 0xff00, 0x8000_0001, 0xffff_ffff] as const;

/** Two cgroups of this test's own below the v2 mount, in which sockets are made by turns. */
export class TestCgroups {
  readonly root: string;
  /** Names below the root, e.g. `/fourtuple-test-12-a`. */
  readonly names: readonly string[];
  readonly #home: string;

  private constructor(root: string, home: string) {
    this.root = root;
    this.#home = home;
    this.names = ['a', 'b'].map((suffix) => `/fourtuple-test-${process.pid}-${suffix}`);
    for (const name of this.names) mkdirSync(root + name);
  }

  /** Undefined where there is no cgroup v2 mount that may be written to. */
  static make(): TestCgroups | undefined {
    const root = cgroupRoot();
    const home = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'latin1'))?.[1];
    if (root === undefined || home === undefined) return undefined;
    try {
      return new TestCgroups(root, home);
    } catch {
      return undefined;
    }
  }

  /** Moves this process. @param name one of {@link names}, or undefined for where it came from. */
  enter(name: string | undefined): void {
    writeFileSync(`${this.root}${name ?? this.#home}/cgroup.procs`, String(process.pid));
  }

  close(): void {
    this.enter(undefined);
    for (const name of this.names) rmdirSync(this.root + name);
  }
}

/**
 * What {@link Population} has none of, put beside one in the same namespace: marks, cgroups, and the states that last
 * only while somebody does not read, does not accept or does not send (syn-sent, syn-recv, fin-wait-1, closing,
 * last-ack).
 */
export class Oddments {
  readonly story: string[] = [];
  readonly #random: Random;
  readonly #cgroups: TestCgroups | undefined;
  readonly #open: number[] = [];
  readonly #address = Address.loopbackIpv4;

  constructor(random: Random, cgroups?: TestCgroups) {
    this.#random = random;
    this.#cgroups = cgroups;
    const steps = random.between(6, 20);
    for (let step = 0; step < steps; step++) this.#step();
    cgroups?.enter(undefined);
  }

  close(): void {
    for (const fd of this.#open) closeSocket(fd);
    this.#open.length = 0;
  }

  #step(): void {
    const random = this.#random;
    const cgroup = random.pick([undefined, ...(this.#cgroups?.names ?? [])]);
    this.#cgroups?.enter(cgroup);
    const kind = random.pick(['marked', 'marked', 'marked', 'marked UDP', 'syn-sent', 'syn-recv', 'fin-wait-1', 'closing', 'last-ack', 'half-closed', 'time-wait'] as const);
    this.story.push(`${kind} in cgroup ${cgroup ?? 'home'}`);
    switch (kind) {
      case 'marked':
        this.#pair();
        return;
      case 'marked UDP':
        this.#udp();
        return;
      case 'syn-sent':
        this.#synSent();
        return;
      case 'syn-recv':
        this.#synRecv();
        return;
      case 'fin-wait-1': {
        const { client, server } = this.#pair();
        this.#stuff(random.chance(0.5) ? client : server, true);
        return;
      }
      case 'closing': {
        // The one that cannot send its FIN for lack of window meets the other's FIN.
        const { client, server } = this.#pair();
        this.#stuff(client, true);
        loadLibc().shutdown(server, SHUT_WR);
        return;
      }
      case 'last-ack': {
        const { client, server } = this.#pair();
        loadLibc().shutdown(server, SHUT_WR);
        this.#stuff(client, true);
        return;
      }
      case 'half-closed': {
        const { client, server } = this.#pair();
        loadLibc().shutdown(random.pick([client, server]), SHUT_WR);
        return;
      }
      case 'time-wait': {
        const { client, server } = this.#pair();
        this.#close(client);
        this.#close(server);
        return;
      }
    }
  }

  /** A connection whose ends bear a mark, or a device, by chance. */
  #pair(): { client: number; server: number } {
    const random = this.#random;
    const listener = this.#listener();
    const client = this.#keep(makeSocket(random.chance(0.3) ? { device: 'lo' } : {}));
    this.#mark(client);
    this.#connect(client, localPort(listener));
    const server = this.#keep(acceptSocket(listener));
    if (random.chance(0.3)) this.#mark(server);
    if (random.chance(0.7)) this.#close(listener);
    return { client, server };
  }

  #udp(): void {
    const fd = this.#keep(makeSocket({ udp: true, ...(this.#random.chance(0.3) ? { device: 'lo' } : {}) }));
    this.#mark(fd);
    if (this.#random.chance(0.5)) this.#connect(fd, 53);
    else this.#bindSomewhere(fd);
  }

  /** The accept queue is full: further SYNs are dropped, and sent again and again. */
  #synSent(): void {
    const listener = this.#listener(0);
    for (let count = 0; count < 3; count++) {
      const fd = this.#keep(loadLibc().socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      this.#mark(fd);
      connectSocket(fd, this.#address, localPort(listener), false);
    }
  }

  /** The listener waits for data before it counts a connection for made. */
  #synRecv(): void {
    const listener = this.#listener();
    setOption(listener, SOL_TCP, TCP_DEFER_ACCEPT, 60);
    const fd = this.#keep(makeSocket());
    this.#mark(fd);
    this.#connect(fd, localPort(listener));
  }

  /** Sends until the other end, which does not read, has no room left. */
  #stuff(fd: number, isLast: boolean): void {
    const libc = loadLibc();
    const bytes = new Uint8Array(65_536);
    while (libc.send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL) > 0);
    if (isLast) libc.shutdown(fd, SHUT_WR);
  }

  #listener(backlog = 16): number {
    const fd = this.#keep(makeSocket());
    // Small buffers, inherited by accepted sockets: they fill up at once.
    setOption(fd, SOL_SOCKET, SO_RCVBUF, 4096);
    setOption(fd, SOL_SOCKET, SO_SNDBUF, 4096);
    if (this.#random.chance(0.3)) this.#mark(fd);
    this.#bindSomewhere(fd);
    if (listenSocket(fd, backlog) !== 0) throw new Error('listen');
    return fd;
  }

  /** By a port of the range where one is left, else by one outside. */
  #connect(fd: number, port: number): void {
    if (connectSocket(fd, this.#address, port, false) === 0) return;
    this.#bindSomewhere(fd);
    const errno = connectSocket(fd, this.#address, port, false);
    if (errno !== 0) throw new Error(`connect: errno ${errno}`);
  }

  #bindSomewhere(fd: number): void {
    while (bindSocket(fd, this.#address, this.#random.between(2000, 2999), false) !== 0);
  }

  #mark(fd: number): void {
    const errno = setOption(fd, SOL_SOCKET, SO_MARK, this.#random.pick(marks));
    if (errno !== 0) throw new Error(`SO_MARK: errno ${errno}`);
  }

  #keep(fd: number): number {
    if (fd < 0) throw new Error('no socket');
    this.#open.push(fd);
    return fd;
  }

  #close(fd: number): void {
    this.#open.splice(this.#open.indexOf(fd), 1);
    closeSocket(fd);
  }
}
