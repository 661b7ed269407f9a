import { readFileSync, writeFileSync } from 'node:fs';
import { Address } from '../../src/model/index.ts';
import { FixedPopulation } from './fixed-population.ts';
import { setSysctl } from './namespace.ts';
import { bindSocket, closeSocket, connectSocket, makeSocket } from './sockets.ts';

const POOL = 10;
const UDP_SOCKETS = 500;

/** Ten ports, all taken towards 127.0.0.1:80: check says CRITICAL. And enough sockets to fill a pipe. */
export class LoadedScene {
  readonly #population: FixedPopulation;
  readonly #open: number[] = [];

  constructor() {
    // None of the population's connections may have one of the ten.
    setSysctl('ipv4/ip_local_port_range', '50000 59999');
    this.#population = new FixedPopulation();
    setSysctl('ipv4/ip_local_port_range', `45000 ${45_000 + POOL - 1}`);
    for (let count = 0; count < POOL; count++) {
      const fd = makeSocket({ repair: true });
      this.#open.push(fd);
      const errno = connectSocket(fd, Address.loopbackIpv4, 80, false);
      if (errno !== 0) throw new Error(`connect: errno ${errno}`);
    }
    for (let count = 0; count < UDP_SOCKETS; count++) {
      const fd = makeSocket({ udp: true });
      this.#open.push(fd);
      const errno = bindSocket(fd, Address.loopbackIpv4, 10_000 + count, false);
      if (errno !== 0) throw new Error(`bind: errno ${errno}`);
    }
  }

  close(): void {
    for (const fd of this.#open.splice(0)) closeSocket(fd);
    this.#population.close();
  }
}

/** Gives this process another name while `work` runs, as a program may do at any time. */
export function named<T>(name: string, work: () => T): T {
  const before = readFileSync('/proc/self/comm', 'utf8').trimEnd();
  writeFileSync('/proc/self/comm', name);
  try {
    return work();
  } finally {
    writeFileSync('/proc/self/comm', before);
  }
}
