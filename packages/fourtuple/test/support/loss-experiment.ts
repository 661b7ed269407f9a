import { Address } from '../../src/model/index.ts';
import { AF_INET, loadLibc, SOCK_CLOEXEC, SOCK_STREAM, SOL_SOCKET } from '../../src/kernel/libc.ts';
import { encodeSockaddr } from '../../src/kernel/sockaddr.ts';
import { EventHeap } from './event-heap.ts';
import { enterFreshNamespace, setSysctl } from './namespace.ts';
import { EADDRNOTAVAIL } from './population.ts';
import type { Random } from './random.ts';
import { bindSocket, closeSocket, listenSocket, makeSocket } from './sockets.ts';

const SO_LINGER = 13;
const LOW_PORT = 20_000;
const SERVER_PORT = 80;
/** Who is so late will not come in time. */
const HOPELESS_SECONDS = 3;

/** Poisson connections to some destinations, each with all source ports of the range for itself. */
export interface LossExperiment {
  readonly ports: number;
  /** Destinations: so many independent systems. */
  readonly tuples: number;
  /** New connections a second and tuple. */
  readonly ratePerSecond: number;
  /** Draws how long a connection is kept, seconds. */
  readonly lifetimeSeconds: () => number;
  readonly closing: 'reset' | 'we';
  readonly warmUpSeconds: number;
  readonly measuredSeconds: number;
  /** `spin` burns a core and is exact to some µs; `sleep` rests between events, and is late by some ms. */
  readonly waiting: 'spin' | 'sleep';
  readonly random: Random;
}

export interface LossMeasurement {
  readonly attempts: number;
  readonly refused: number;
  readonly refusedByTuple: readonly number[];
  readonly attemptsByTuple: readonly number[];
  /** Attempts that the kernel refused although this program had fewer connections to the destination than there are ports. */
  readonly refusedBelowFull: number;
  readonly allowedWhenFull: number;
  /** The machine fell so far behind that the rest was left out. */
  readonly gaveUp: boolean;
  /** How late events were carried out, seconds: mean, the longest, and the share above `lateSeconds`. */
  readonly lateness: { readonly mean: number; readonly longest: number; readonly shareLate: number; readonly lateSeconds: number };
}

/**
 * Enters a network namespace of its own, and asks the kernel for connections. All events happen in the order of the
 * schedule, and holds count from the scheduled beginning: a loss system sees nothing but the order of beginnings and
 * ends, so lateness (which is counted) makes bursts in time but does not make the measured loss wrong.
 * @param lateSeconds from which on an event counts as late.
 * @throws Error on any refusal but EADDRNOTAVAIL.
 */
export async function measureLoss(experiment: LossExperiment, lateSeconds: number): Promise<LossMeasurement> {
  enterFreshNamespace();
  setSysctl('ipv4/ip_local_port_range', `${LOW_PORT} ${LOW_PORT + experiment.ports - 1}`);
  setSysctl('core/somaxconn', 65_535);
  setSysctl('ipv4/tcp_tw_reuse', 0);
  const listener = makeSocket({ reuseAddress: true });
  if (bindSocket(listener, Address.anyIpv4, SERVER_PORT, false) !== 0 || listenSocket(listener, 65_535) !== 0) throw new Error('the server cannot listen');
  const clients = new Clients(experiment, listener);
  try {
    return await new Schedule(experiment, clients, lateSeconds).run();
  } finally {
    clients.closeAll();
    closeSocket(listener);
  }
}

class Schedule {
  readonly #experiment: LossExperiment;
  readonly #clients: Clients;
  readonly #departures = new EventHeap();
  readonly #attempts: number[];
  readonly #refused: number[];
  readonly #open: number[];
  readonly #lateSeconds: number;
  #refusedBelowFull = 0;
  #allowedWhenFull = 0;
  #events = 0;
  #late = 0;
  #lateSum = 0;
  #latest = 0;
  #gaveUp = false;

  constructor(experiment: LossExperiment, clients: Clients, lateSeconds: number) {
    this.#experiment = experiment;
    this.#clients = clients;
    this.#lateSeconds = lateSeconds;
    this.#attempts = Array.from({ length: experiment.tuples }, () => 0);
    this.#refused = [...this.#attempts];
    this.#open = [...this.#attempts];
  }

  async run(): Promise<LossMeasurement> {
    const { warmUpSeconds, measuredSeconds, waiting } = this.#experiment;
    const begin = performance.now();
    const end = warmUpSeconds + measuredSeconds;
    let arrival = this.#pause();
    for (;;) {
      const departs = this.#departures.earliest <= arrival;
      const due = departs ? this.#departures.earliest : arrival;
      if (due >= end) return this.#result();
      let late = (performance.now() - begin) / 1000 - due;
      while (late < 0) {
        if (waiting === 'sleep') await new Promise((resolve) => setTimeout(resolve, Math.min(-late, 1) * 1000));
        late = (performance.now() - begin) / 1000 - due;
      }
      this.#note(late);
      if (late > HOPELESS_SECONDS) {
        this.#gaveUp = true;
        return this.#result();
      }
      if (departs) {
        this.#depart();
      } else {
        this.#arrive(due, due >= warmUpSeconds);
        arrival += this.#pause();
      }
    }
  }

  /** One Poisson stream, of which each event belongs to one tuple at random: as many independent streams. */
  #pause(): number {
    const { random, ratePerSecond, tuples } = this.#experiment;
    return -Math.log(1 - random.next()) / (ratePerSecond * tuples);
  }

  #arrive(due: number, isMeasured: boolean): void {
    const { random, tuples, ports, lifetimeSeconds } = this.#experiment;
    const tuple = random.between(0, tuples - 1);
    const until = due + lifetimeSeconds();
    const isFull = this.#open[tuple] === ports;
    const client = this.#clients.connect(tuple);
    if (client >= 0) {
      this.#open[tuple]!++;
      this.#departures.push(until, client);
    }
    if (!isMeasured) return;
    this.#attempts[tuple]!++;
    if (client < 0) this.#refused[tuple]!++;
    if (client < 0 && !isFull) this.#refusedBelowFull++;
    if (client >= 0 && isFull) this.#allowedWhenFull++;
  }

  #depart(): void {
    this.#open[this.#clients.close(this.#departures.pop())]!--;
  }

  #note(late: number): void {
    this.#events++;
    this.#lateSum += late;
    this.#latest = Math.max(this.#latest, late);
    if (late > this.#lateSeconds) this.#late++;
  }

  #result(): LossMeasurement {
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    return {
      attempts: sum(this.#attempts),
      refused: sum(this.#refused),
      attemptsByTuple: this.#attempts,
      refusedByTuple: this.#refused,
      refusedBelowFull: this.#refusedBelowFull,
      allowedWhenFull: this.#allowedWhenFull,
      gaveUp: this.#gaveUp,
      lateness: { mean: this.#lateSum / this.#events, longest: this.#latest, shareLate: this.#late / this.#events, lateSeconds: this.#lateSeconds },
    };
  }
}

/** Connections with both ends in this thread. Nothing is allocated for each: the collector would make events late. */
class Clients {
  readonly #libc = loadLibc();
  readonly #listener: number;
  readonly #resets: boolean;
  readonly #destinations: readonly Uint8Array[];
  readonly #linger = new Uint8Array(Int32Array.of(1, 0).buffer);
  /** By descriptor of the client: its tuple, and the server's end. */
  readonly #tupleOf: number[] = [];
  readonly #serverOf: number[] = [];
  readonly #open = new Set<number>();

  constructor({ tuples, closing }: LossExperiment, listener: number) {
    this.#listener = listener;
    this.#resets = closing === 'reset';
    this.#destinations = Array.from({ length: tuples }, (_, tuple) => encodeSockaddr(Address.parse(`127.0.1.${tuple + 1}`)!, SERVER_PORT, AF_INET));
  }

  /** @returns a descriptor, or -1 when there is no port. */
  connect(tuple: number): number {
    const libc = this.#libc;
    const client = libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0) throw new Error(`socket: errno ${libc.errno()}`);
    if (this.#resets) libc.setsockopt(client, SOL_SOCKET, SO_LINGER, this.#linger, 8);
    if (libc.connect(client, this.#destinations[tuple]!, 16) < 0) {
      const errno = libc.errno();
      libc.close(client);
      if (errno !== EADDRNOTAVAIL) throw new Error(`connect: errno ${errno}`);
      return -1;
    }
    const server = libc.accept(this.#listener, null, null);
    if (server < 0) throw new Error(`accept: errno ${libc.errno()}`);
    this.#tupleOf[client] = tuple;
    this.#serverOf[client] = server;
    this.#open.add(client);
    return client;
  }

  /** @returns its tuple. */
  close(client: number): number {
    // The client first: the TIME_WAIT is its own, or the reset ends both.
    this.#libc.close(client);
    this.#libc.close(this.#serverOf[client]!);
    this.#open.delete(client);
    return this.#tupleOf[client]!;
  }

  closeAll(): void {
    for (const client of this.#open) this.close(client);
  }
}
