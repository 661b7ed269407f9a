import { Address } from '../../src/model/index.ts';
import { acceptSocket, bindSocket, closeSocket, connectSocket, listenSocket, makeSocket } from './sockets.ts';

/** What {@link FixedPopulation} makes, as measurements count it. */
export const fixedCounts = { established: 20, timeWait: 3, listen: 2, boundIdle: 2, udp: 3 } as const;

/** A namespace's worth of sockets of every kind, the same each time, in this thread's namespace; loopback must be up. */
export class FixedPopulation {
  readonly #open: number[] = [];

  constructor() {
    const dual = this.#listen(Address.anyIpv6, 80, true);
    const inRange = this.#listen(Address.loopbackIpv4, 40_000, false);
    for (let count = 0; count < 5; count++) this.#pair(Address.loopbackIpv4, 80, false, dual);
    for (let count = 0; count < 3; count++) this.#pair(Address.loopbackIpv6, 80, true, dual);
    this.#pair(Address.loopbackIpv4, 80, true, dual);
    this.#pair(Address.loopbackIpv4, 40_000, false, inRange);
    for (let count = 0; count < 3; count++) {
      const { client, server } = this.#pair(Address.loopbackIpv4, 80, false, dual);
      // The first to close gets the TIME_WAIT.
      this.#close(client);
      this.#close(server);
    }
    this.#bind(Address.loopbackIpv4, 40_001, { udp: false });
    this.#bind(Address.loopbackIpv6, 40_002, { udp: false, ipv6: true });
    this.#bind(Address.loopbackIpv4, 40_003, { udp: true });
    this.#bind(Address.loopbackIpv6, 40_004, { udp: true, ipv6: true });
    const connected = this.#keep(makeSocket({ udp: true }));
    this.#check('connect (UDP)', connectSocket(connected, Address.loopbackIpv4, 53, false));
  }

  close(): void {
    for (const fd of this.#open.splice(0)) closeSocket(fd);
  }

  #listen(address: Address, port: number, ipv6: boolean): number {
    const fd = this.#keep(makeSocket({ ipv6, reuseAddress: true, ...(ipv6 ? { v6Only: false } : {}) }));
    this.#check('bind', bindSocket(fd, address, port, ipv6));
    this.#check('listen', listenSocket(fd, 100));
    return fd;
  }

  #pair(address: Address, port: number, ipv6: boolean, listener: number): { client: number; server: number } {
    const client = this.#keep(makeSocket({ ipv6 }));
    this.#check('connect', connectSocket(client, address, port, ipv6));
    return { client, server: this.#keep(acceptSocket(listener)) };
  }

  #bind(address: Address, port: number, { udp, ipv6 = false }: { udp: boolean; ipv6?: boolean }): void {
    this.#check('bind', bindSocket(this.#keep(makeSocket({ udp, ipv6 })), address, port, ipv6));
  }

  #check(what: string, errno: number): void {
    if (errno !== 0) throw new Error(`${what}: errno ${errno}`);
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
