import { erlangB } from './erlang-b.ts';

/**
 * Erlang C: the probability that a request waits, when it may (M/M/c; A. K. Erlang, 1917). 1 from a = c on: the queue grows
 * for ever. For pools: c connections, a = request rate times time on a connection.
 */
export function erlangC(servers: number, offered: number): number {
  if (offered >= servers) return 1;
  const loss = erlangB(servers, offered);
  return loss / (1 - (offered / servers) * (1 - loss));
}

/** Mean wait in units of the service time, M/M/c. */
export function meanWait(servers: number, offered: number): number {
  return offered >= servers ? Number.POSITIVE_INFINITY : erlangC(servers, offered) / (servers - offered);
}

/** P(wait > w) with w in units of the service time, M/M/c. */
export function waitsLonger(servers: number, offered: number, wait: number): number {
  return offered >= servers ? 1 : erlangC(servers, offered) * Math.exp(-(servers - offered) * wait);
}

/** Least number of connections of a pool, such that a request waits longer than `wait` service times with probability p at most. */
export function poolSize(offered: number, wait: number, probability: number): number {
  let size = Math.floor(offered) + 1;
  while (waitsLonger(size, offered, wait) > probability) size++;
  return size;
}

/**
 * Engset: N workers, each with at most one connection and idle for 1/alpha of its length between two, on c ports and
 * without TIME_WAIT (T. Engset, 1918). @returns the share of the time in which all are taken, and of the calls that fail.
 */
export function engset(workers: number, alpha: number, ports: number): { readonly time: number; readonly call: number } {
  return { time: congestion(workers, alpha, ports), call: congestion(workers - 1, alpha, ports) };
}

function congestion(workers: number, alpha: number, ports: number): number {
  if (ports >= workers) return ports === workers && workers > 0 ? (alpha / (1 + alpha)) ** workers : 0;
  let blocked = 1;
  for (let port = 1; port <= ports; port++) {
    const flow = (workers - port + 1) * alpha * blocked;
    blocked = flow / (port + flow);
  }
  return blocked;
}

/**
 * Loss under arrivals that come in bursts: Hayward's approximation B(c/z, a/z), z the peakedness (variance over mean of the
 * ports that would be busy without a limit; Fredericks, 1980). Within 4 % of simulation where Poisson's was wrong by 8 to 10^6.
 */
export function hayward(ports: number, offered: number, peakedness: number): number {
  if (!(peakedness >= 1)) throw new RangeError(`the peakedness is at least 1, not ${peakedness}`);
  return erlangB(ports / peakedness, offered / peakedness);
}

/** Peakedness of batches of one size class: E[X²]/E[X] when holds are constant (TIME_WAIT rules), half-way to 1 when exponential. */
export function peakednessOfBatches(meanSize: number, meanSquare: number, hold: 'constant' | 'exponential'): number {
  const ratio = meanSquare / meanSize;
  return hold === 'constant' ? ratio : 1 + (ratio - 1) / 2;
}

const ROUNDS = 10_000;

/**
 * Attempts and loss when a share r of the failures is tried again at once: a' = a/(1 - r·B(c, a')).
 * With r = 1 and a >= c there is no such load: a retry storm. @returns Infinity then.
 */
export function withRetries(ports: number, offered: number, retried: number): { readonly attempts: number; readonly loss: number } {
  if (retried >= 1 && offered >= ports) return { attempts: Number.POSITIVE_INFINITY, loss: 1 };
  let attempts = offered;
  for (let round = 0; round < ROUNDS; round++) {
    const next = offered / (1 - retried * erlangB(ports, attempts));
    if (Math.abs(next - attempts) <= 1e-12 * next) {
      attempts = next;
      break;
    }
    attempts = next;
  }
  return { attempts, loss: erlangB(ports, attempts) };
}

/** One limit on the way of a flow, and one flow through several. */
export interface SharedResource {
  readonly capacity: number;
}
export interface Flow {
  readonly offered: number;
  /** Positions of the resources that it needs. */
  readonly through: readonly number[];
}

/**
 * Erlang's fixed point (reduced load; F. P. Kelly, 1986): each resource sees what the others let through.
 * @returns the loss of each resource, and of each flow.
 */
export function reducedLoad(resources: readonly SharedResource[], flows: readonly Flow[]): { readonly resourceLoss: readonly number[]; readonly flowLoss: readonly number[] } {
  const loss = resources.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    let change = 0;
    resources.forEach(({ capacity }, index) => {
      let offered = 0;
      for (const flow of flows) {
        if (!flow.through.includes(index)) continue;
        offered += flow.through.reduce((left, other) => (other === index ? left : left * (1 - loss[other]!)), flow.offered);
      }
      const next = loss[index]! + 0.5 * (erlangB(capacity, offered) - loss[index]!);
      change = Math.max(change, Math.abs(next - loss[index]!));
      loss[index] = next;
    });
    if (change < 1e-13) break;
  }
  return { resourceLoss: loss, flowLoss: flows.map((flow) => 1 - flow.through.reduce((left, index) => left * (1 - loss[index]!), 1)) };
}
