import { erlangB } from './erlang-b.ts';

/**
 * Ports that connect() tries before it finds a free one (`__inet_hash_connect`; model checked against simulation of 16,000
 * ports). In a range that every port is tried of in turn: solve (1 - e^-x)/x = u, about 1/(x·u), plus what the random skip costs.
 * @param used share of the range that is taken, below 1.
 */
export function probesInTurn(used: number): number {
  requireShare(used);
  if (used < 1e-6) return 1;
  let low = 1e-9;
  let high = 1e6;
  for (let round = 0; round < 200; round++) {
    const middle = (low + high) / 2;
    if ((1 - Math.exp(-middle)) / middle > used) low = middle;
    else high = middle;
  }
  return Math.max(1, 1 / (((low + high) / 2) * used));
}

/**
 * The same where every other port is tried first, as connect() does without IP_LOCAL_PORT_RANGE: the first half is a loss
 * system of its own (Erlang B), and who finds it full has walked all of it. Well above one half by m(1-r)·(-ln(1-r))/r, r the
 * half over what is used (upper estimate, simulation 6 to 30 % lower; 25 % above at one half exactly).
 * @param ports of the range, 2 at least.
 */
export function probesByHalves(ports: number, used: number): number {
  requireShare(used);
  if (!(ports >= 2)) throw new RangeError(`a range that is tried by halves has 2 ports at least, not ${ports}`);
  const half = ports / 2;
  const load = used * ports;
  const overflow = erlangB(half, load);
  const busy = Math.min((load / half) * (1 - overflow), 1 - 1 / half);
  const walk = (1 - overflow) * probesInTurn(Math.max(0, busy)) + overflow * (half + 1);
  const ratio = half / load;
  if (ratio >= 1) return walk;
  return Math.max(walk, (half * (1 - ratio) * -Math.log(1 - ratio)) / ratio + probesInTurn(Math.min(used, 1 - 1 / ports)));
}

export interface ProbeCost {
  /** Microseconds of a connect() that finds a port at once. */
  readonly baseMicroseconds: number;
  /** Microseconds a port tried: 0.05 busy, 0.2 in TIME_WAIT (measured, 2 shared cores). */
  readonly probeMicroseconds: number;
}

export const measuredCost: ProbeCost = { baseMicroseconds: 7, probeMicroseconds: 0.05 };

/** Microseconds that a connect() spends on finding its port. */
export function connectMicroseconds(ports: number, used: number, triesInTurn: boolean, cost: ProbeCost = measuredCost): number {
  return cost.baseMicroseconds + (triesInTurn ? probesInTurn(used) : probesByHalves(ports, used)) * cost.probeMicroseconds;
}

function requireShare(used: number): void {
  if (!(used >= 0 && used < 1)) throw new RangeError(`a share in use is from 0 to below 1, not ${used}`);
}
