/** nf_nat's windows: 128 ports from a random start, then 64, 32, 16, 8 from new ones; then it gives up (net/netfilter/nf_nat_core.c). */
const windows = [128, 64, 32, 16, 8] as const;
const RANDOM_VALUES = 65_536;

/** Shares of the range offered for which the loss was simulated, and the loss by size of the range: 1e-7 stands for less than 1e-6. */
const offeredShares = [0.75, 0.8, 0.85, 0.9, 0.95, 0.98] as const;
const table: readonly (readonly [size: number, losses: readonly number[]])[] = [
  [1024, [1e-7, 1e-7, 2e-5, 7e-4, 7.6e-3, 2.1e-2]],
  [4096, [1e-7, 1e-7, 1e-7, 1e-4, 2.7e-3, 1.4e-2]],
  [16_384, [1e-7, 1e-7, 1e-7, 4e-5, 1.8e-3, 9.4e-3]],
  [28_232, [2e-5, 1.2e-4, 5.6e-4, 1.6e-3, 6.3e-3, 1.6e-2]],
  [32_768, [1e-7, 1e-7, 1e-7, 5e-5, 1.4e-3, 9.9e-3]],
  [40_000, [3e-5, 8.5e-4, 5.8e-3, 1.5e-2, 2.8e-2]],
  [49_152, [1.1e-3, 2.4e-3, 4.3e-3, 7.8e-3, 1.6e-2, 2.7e-2]],
  [55_536, [2.9e-4, 5.5e-4, 1.1e-3, 2.6e-3, 9e-3, 1.9e-2]],
  [64_512, [2e-6, 2e-6, 5e-6, 8e-5, 2e-3, 1.2e-2]],
];

/** How far above the table its last slope is followed, in shares; farther on, whoever finds no port is what decides. */
const OVERLOAD = 0.1;

/** What loses nothing that can be told. */
export const NEGLIGIBLE_LOSS = 1e-7;

/**
 * Loss of Linux source NAT, of which the search is bounded: it fails before its ports are full. From simulations of the
 * search with exponential holds, log-linear between; only for the sizes of the table (others: {@link simulateNatLoss}).
 * @returns undefined for another size.
 */
export function natLossOf(size: number, offered: number): number | undefined {
  const row = table.find(([known]) => known === size);
  if (row === undefined) return undefined;
  const share = offered / size;
  const losses = row[1];
  // Below the table as between its first two shares, halving at least: too high rather than too low.
  if (share <= offeredShares[0]) return Math.max(NEGLIGIBLE_LOSS, losses[0]! * Math.min(0.5, losses[0]! / losses[1]!) ** ((offeredShares[0] - share) / (offeredShares[1] - offeredShares[0])));
  const last = losses.length - 1;
  if (share >= offeredShares[last]!) {
    const slope = (losses[last]! - losses[last - 1]!) / (offeredShares[last]! - offeredShares[last - 1]!);
    return Math.max(losses[last]! + slope * Math.min(OVERLOAD, share - offeredShares[last]!), 1 - 1 / share);
  }
  const above = offeredShares.findIndex((known) => known >= share);
  const [low, high] = [offeredShares[above - 1]!, offeredShares[above]!];
  const position = (share - low) / (high - low);
  return Math.exp(Math.log(row[1][above - 1]!) * (1 - position) + Math.log(row[1][above]!) * position);
}

/** Cilium's window of 32 ports from a random start: loss by the share of the range offered. */
const ciliumLosses = [
  [0.6, 5.5e-4],
  [0.7, 5.2e-3],
  [0.8, 2.2e-2],
] as const;

/** The highest loss that any size of the table has at a share of its ports offered. */
export function worstNatLoss(share: number): number {
  return Math.max(...table.map(([size]) => natLossOf(size, share * size)!));
}

/**
 * Loss of Cilium's eBPF source NAT, which tries 32 ports: an order of magnitude, from a simulation of one window with
 * uniform starts at three shares; log-linear between them and beyond.
 * @param share offered over ports. @returns at most 1, at least {@link NEGLIGIBLE_LOSS}.
 */
export function ciliumLossOf(share: number): number {
  const [low, high] = share < ciliumLosses[1][0] ? [ciliumLosses[0], ciliumLosses[1]] : [ciliumLosses[1], ciliumLosses[2]];
  const position = (share - low[0]) / (high[0] - low[0]);
  return Math.min(1, Math.max(NEGLIGIBLE_LOSS, 1 - 1 / share, Math.exp(Math.log(low[1]) * (1 - position) + Math.log(high[1]) * position)));
}

/**
 * Plays arrivals with exponential holds against the search itself.
 * @param random uniform in [0, 1).
 * @param arrivals after a warm-up of three mean holds.
 */
export function simulateNatLoss(size: number, offered: number, arrivals: number, random: () => number): number {
  const until = new Float64Array(size);
  let now = 0;
  let lost = 0;
  const warmUp = Math.ceil(3 * offered);
  const exponential = (): number => -Math.log(1 - random());
  for (let arrival = -warmUp; arrival < arrivals; arrival++) {
    now += exponential() / offered;
    const port = search(until, now, random);
    if (port >= 0) until[port] = now + exponential();
    else if (arrival >= 0) lost++;
  }
  return lost / arrivals;
}

function search(until: Float64Array, now: number, random: () => number): number {
  const size = until.length;
  for (const window of windows) {
    // 16 bits of randomness, taken modulo the size: no size that does not divide 65,536 is treated evenly.
    const start = Math.floor(random() * RANDOM_VALUES);
    for (let step = 0; step < window && step < size; step++) {
      const port = ((start + step) & 0xffff) % size;
      if (until[port]! <= now) return port;
    }
  }
  return -1;
}
