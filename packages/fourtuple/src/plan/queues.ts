import { erlangB } from './erlang-b.ts';
import { leastFrom, zeroOf } from './search.ts';

/**
 * Erlang C: the probability that a request waits, when it may (M/M/c; A. K. Erlang, 1917). 1 from a = c on: the queue grows
 * for ever. For pools: c connections, a = request rate times time on a connection.
 */
export function erlangC(servers: number, offered: number): number {
  const loss = erlangB(servers, offered);
  // c·B/(c - a + a·B), the usual form without its cancellation near a = c.
  return offered >= servers ? 1 : (servers * loss) / (servers - offered + offered * loss);
}

/** Mean wait in units of the service time, M/M/c. */
export function meanWait(servers: number, offered: number): number {
  return offered >= servers ? Number.POSITIVE_INFINITY : erlangC(servers, offered) / (servers - offered);
}

/** P(wait > w) with w in units of the service time, M/M/c. */
export function waitsLonger(servers: number, offered: number, wait: number): number {
  return offered >= servers ? 1 : erlangC(servers, offered) * Math.exp(-(servers - offered) * wait);
}

/**
 * Least number of connections of a pool, such that a request waits longer than `wait` service times with probability p at most.
 * @throws RangeError unless 0 < p <= 1 and the wait is from 0 on.
 */
export function poolSize(offered: number, wait: number, probability: number): number {
  if (!(probability > 0 && probability <= 1)) throw new RangeError(`a probability is above 0 and at most 1, not ${probability}`);
  if (!(wait >= 0)) throw new RangeError(`a wait is a number from 0 on, not ${wait}`);
  return leastFrom(Math.floor(offered) + 1, (size) => waitsLonger(size, offered, wait) <= probability);
}

/**
 * Engset: N workers, each with at most one connection and idle for 1/alpha of its length between two, on c ports and
 * without TIME_WAIT (T. Engset, 1918). @returns the share of the time in which all are taken, and of the calls that fail.
 * @throws RangeError for what is no count, and an alpha that is not finite.
 */
export function engset(workers: number, alpha: number, ports: number): { readonly time: number; readonly call: number } {
  for (const [what, value] of [['workers', workers], ['ports', ports]] as const) if (!(Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`${what} are a whole number from 0 on, not ${value}`);
  if (!(alpha >= 0 && alpha <= Number.MAX_VALUE)) throw new RangeError(`alpha is a finite number from 0 on, not ${alpha}`);
  return { time: congestion(workers, alpha, ports), call: congestion(workers - 1, alpha, ports) };
}

function congestion(workers: number, alpha: number, ports: number): number {
  if (ports >= workers) return ports === workers ? (alpha / (1 + alpha)) ** workers : 0;
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

/**
 * Attempts and loss when a share r of the failures is tried again at once: the a' with a'·(1 - r·B(c, a')) = a. Found
 * between bounds, since the iteration a' = a/(1 - r·B) stands nearly still close to a retry storm.
 * With r = 1 and a >= c there is no such load: that storm. @returns Infinity then.
 * @throws RangeError unless 0 <= r <= 1.
 */
export function withRetries(ports: number, offered: number, retried: number): { readonly attempts: number; readonly loss: number } {
  if (!(retried >= 0 && retried <= 1)) throw new RangeError(`the share that is tried again is from 0 to 1, not ${retried}`);
  const first = erlangB(ports, offered);
  if (retried === 0 || first === 0) return { attempts: offered, loss: first };
  if (retried === 1 && offered >= ports) return { attempts: Number.POSITIVE_INFINITY, loss: 1 };
  const given = (attempts: number): number => (1 - retried) * attempts + retried * carried(ports, attempts);
  let high = 2 * offered;
  while (given(high) < offered) {
    high *= 2;
    if (high === Number.POSITIVE_INFINITY) return { attempts: high, loss: 1 };
  }
  const attempts = zeroOf((load) => given(load) - offered, offered, high);
  return { attempts, loss: erlangB(ports, attempts) };
}

/** a·(1 - B(c, a)): ports busy on average. */
function carried(ports: number, offered: number): number {
  // By the recursion in c: 1 - B would cancel where B is near 1.
  return ports < 1 ? offered * (1 - erlangB(ports, offered)) : offered / (1 + (offered / ports) * erlangB(ports - 1, offered));
}

const ROUNDS = 10_000;

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
 * @throws RangeError when a flow goes through what is not there.
 */
export function reducedLoad(resources: readonly SharedResource[], flows: readonly Flow[]): { readonly resourceLoss: readonly number[]; readonly flowLoss: readonly number[] } {
  for (const index of flows.flatMap((flow) => flow.through)) if (resources[index] === undefined) throw new RangeError(`there is no resource ${index}`);
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
      // Relative to the loss: one of 1e-15 is found as exactly as one of a half.
      if (next !== loss[index]) change = Math.max(change, Math.abs(next - loss[index]!) / next);
      loss[index] = next;
    });
    if (change < 1e-13) break;
  }
  // 1 - Π(1 - B), without losing what is small beside 1.
  return { resourceLoss: loss, flowLoss: flows.map((flow) => -Math.expm1(flow.through.reduce((sum, index) => sum + Math.log1p(-loss[index]!), 0))) };
}
