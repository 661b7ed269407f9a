import { erlangB } from './erlang-b.ts';
import { poolSize } from './queues.ts';

export interface PoolDemand {
  readonly requestsPerSecond: number;
  /** Time that a request keeps a connection, seconds. */
  readonly requestSeconds: number;
}

/** Busy connections on average. */
export function busyConnections({ requestsPerSecond, requestSeconds }: PoolDemand): number {
  return requestsPerSecond * requestSeconds;
}

/** Least pool in which a request waits longer than `waitSeconds` with probability p at most (Erlang C). */
export function poolFor(demand: PoolDemand, waitSeconds: number, probability: number): number {
  return poolSize(busyConnections(demand), waitSeconds / demand.requestSeconds, probability);
}

/** Connections that T threads which each need C at once cannot dead-lock on: T·(C - 1) + 1. */
export function deadlockFloor(threads: number, connectionsEach: number): number {
  return threads * (connectionsEach - 1) + 1;
}

/** Ports that a pool takes: its connections, and those of retired ones in TIME_WAIT. */
export function poolPorts(size: number, lifetimeSeconds: number, closingShare: number, closingSeconds: number): number {
  return size * (1 + (closingShare * closingSeconds) / lifetimeSeconds);
}

/**
 * New connections a second of a pool that closes what was idle, when the last used is used first (LIFO): Σ λ_k e^(-λ_k·T), with
 * λ_k = λ·B(k, a) the requests that find k connections busy. An upper estimate: 0.71 to 0.95 of it in simulation.
 */
export function idleChurn(demand: PoolDemand, size: number, idleSeconds: number): number {
  const offered = busyConnections(demand);
  let churn = 0;
  for (let busy = 0; busy < size; busy++) {
    const rate = demand.requestsPerSecond * erlangB(busy, offered);
    churn += rate * Math.exp(-rate * idleSeconds);
  }
  return churn;
}

export interface RecycleStorm {
  readonly size: number;
  readonly lifetimeSeconds: number;
  /** Share of the lifetime over which retirements are spread: 0 retires all at once. */
  readonly jitter: number;
  readonly closingSeconds: number;
}

/** TIME_WAIT that pile up when connections born together are retired: min(c, c·T/(j·L)) in the first cycle. */
export function recyclePile({ size, lifetimeSeconds, jitter, closingSeconds }: RecycleStorm): number {
  return jitter === 0 ? size : Math.min(size, (size * closingSeconds) / (jitter * lifetimeSeconds));
}
