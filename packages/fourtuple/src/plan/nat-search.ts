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
  if (share <= offeredShares[0]) return Math.min(row[1][0]!, share < 0.7 ? NEGLIGIBLE_LOSS : row[1][0]!);
  const last = row[1].length - 1;
  if (share >= offeredShares[last]!) return Math.max(row[1][last]!, 1 - 1 / share);
  const above = offeredShares.findIndex((known) => known >= share);
  const [low, high] = [offeredShares[above - 1]!, offeredShares[above]!];
  const position = (share - low) / (high - low);
  return Math.exp(Math.log(row[1][above - 1]!) * (1 - position) + Math.log(row[1][above]!) * position);
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
