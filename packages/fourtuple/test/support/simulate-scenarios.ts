import { natLossOf, simulateNatLoss } from '../../src/plan/nat-search.ts';
import { effectiveKeys, hashImbalance, zipf } from '../../src/plan/sources.ts';
import { expectedOf, Random, simulateHost, type Distribution, type HostSpec } from '../../src/plan/simulate/index.ts';

/** A case that is both played and calculated. */
export interface Scenario {
  readonly group: string;
  readonly name: string;
  readonly formula: string;
  /** Relative deviation that the formula may have, on top of three standard errors. */
  readonly within: number;
  /** Why it deviates, where that is known. */
  readonly why?: string;
  /** Short enough for every test run. */
  readonly isQuick: boolean;
  /** @param scale of the length: 1 for the table, less for a test. */
  play(scale: number): Played;
}

export interface Played {
  readonly simulated: number;
  readonly standardError: number;
  readonly calculated: number;
}

const exponential: Distribution = { kind: 'exponential', mean: 1 };
const base: HostSpec = {
  ports: 100,
  addresses: 1,
  destinations: 1,
  ratePerSecond: 100,
  batch: { kind: 'fixed', size: 1 },
  curve: {},
  lifetime: exponential,
  closing: { seconds: 0, share: 0 },
  policy: 'random',
  keys: { count: 1, exponent: 0 },
  retries: { chance: 0, most: 0, delaySeconds: 0 },
  warmUpSeconds: 20,
  connections: 4_000_000,
  seed: 1,
};

interface Extra {
  readonly within?: number;
  readonly why?: string;
  readonly isQuick?: boolean;
}

function host(group: string, name: string, changes: Partial<HostSpec>, { within = 0.02, why, isQuick = false }: Extra = {}): Scenario {
  const spec = { ...base, ...changes };
  const expected = expectedOf(spec);
  if (expected === undefined) throw new Error(`${name} has no formula`);
  return {
    group,
    name,
    formula: expected.formula,
    within,
    ...(why === undefined ? {} : { why }),
    isQuick,
    play(scale) {
      const { loss } = simulateHost({ ...spec, connections: Math.ceil(spec.connections * scale) });
      return { simulated: loss.value, standardError: loss.standardError, calculated: expected.loss };
    },
  };
}

/** `a` is the load in ports when the mean hold is 1 s. */
const load = (ports: number, a: number): Partial<HostSpec> => ({ ports, ratePerSecond: a });
const timeWait = { lifetime: { kind: 'exponential', mean: 0.05 }, closing: { seconds: 61.1, share: 1 }, warmUpSeconds: 620 } as const;
const constant: Distribution = { kind: 'constant', mean: 1 };
const bursts = (ports: number, a: number, size: number, changes: Partial<HostSpec> = {}): Partial<HostSpec> => ({ ...load(ports, a), batch: { kind: 'fixed', size }, lifetime: constant, ...changes });
const eight = (a: number, policy: HostSpec['policy'], ports = 64): Partial<HostSpec> => ({ ...load(ports, a), addresses: 8, policy, connections: 10_000_000 });
const again = (a: number, chance: number, delaySeconds: number): Partial<HostSpec> => ({ ...load(100, a), retries: { chance, most: 1e9, delaySeconds }, warmUpSeconds: 20 + 5 * delaySeconds });

const erlang: readonly Scenario[] = [
  host('Erlang B', '100 ports, load 100, exponential lifetimes', load(100, 100), { isQuick: true }),
  host('Erlang B', 'the same, constant', { ...load(100, 100), lifetime: constant }, { isQuick: true }),
  host('Erlang B', 'the same, lognormal (sigma 1.5)', { ...load(100, 100), lifetime: { kind: 'lognormal', mean: 1, sigma: 1.5 } }, { isQuick: true }),
  host('Erlang B', 'the same, hyperexponential (10 %: 8.2 times)', { ...load(100, 100), lifetime: { kind: 'hyperexponential', mean: 1, share: 0.1, factor: 8.2 } }, { isQuick: true }),
  host('Erlang B', '10 ports, load 10', load(10, 10), { isQuick: true }),
  host('Erlang B', '100 ports, load 80', { ...load(100, 80), connections: 8_000_000 }),
  host('Erlang B', '200 ports, load 180', load(200, 180)),
  host('Erlang B', '1,000 ports, load 1,000', { ...load(1000, 1000), connections: 8_000_000 }),
  host('Erlang B', '4 destinations of 100 ports, load 100 each', { ...load(100, 400), destinations: 4 }, { isQuick: true }),
  host('Erlang B', '200 ports, TIME_WAIT, 3.3058 a second', { ports: 200, ratePerSecond: 3.3058, ...timeWait, lifetime: { kind: 'exponential', mean: 0.5 } }),
  host('Erlang B', '28,232 ports, TIME_WAIT, 470 a second', { ports: 28_232, ratePerSecond: 470, ...timeWait, connections: 12_000_000 }),
  host('Erlang B', '28,232 ports, half of the closes in TIME_WAIT, 1,000 a second', { ports: 28_232, ratePerSecond: 1000, ...timeWait, closing: { seconds: 61.1, share: 0.5 }, connections: 12_000_000 }),
  host('Erlang B', '28,232 ports, overloaded: load 40,000', { ...load(28_232, 40_000) }),
];

const hayward: readonly Scenario[] = [
  host('Bursts', '1,000 ports, load 900, batches of 10, constant', bursts(1000, 900, 10), { within: 0.05, isQuick: true }),
  host('Bursts', 'the same, exponential', bursts(1000, 900, 10, { lifetime: exponential }), { within: 0.06, why: 'Hayward keeps the variance alone, not the shape of what bursts leave behind.' }),
  host('Bursts', '1,000 ports, load 850, batches of 20', bursts(1000, 850, 20), { within: 0.05 }),
  host('Bursts', '1,000 ports, load 950, batches of 5', bursts(1000, 950, 5), { within: 0.05 }),
  host('Bursts', '200 ports, load 150, batches of 10', bursts(200, 150, 10), { within: 0.05 }),
  host('Bursts', '1,000 ports, load 850, geometric batches of 10', bursts(1000, 850, 1, { batch: { kind: 'geometric', mean: 10 } }), { within: 0.08, why: 'Long batches are rarer and worse than the variance tells.' }),
  host('Bursts', '5,000 ports, load 4,700, batches of 50', bursts(5000, 4700, 50, { connections: 12_000_000 }), { within: 0.05 }),
  host('Bursts', '28,232 ports, TIME_WAIT, 430 a second, batches of 100', { ports: 28_232, ratePerSecond: 430, ...timeWait, batch: { kind: 'fixed', size: 100 }, connections: 80_000_000 }, { within: 0.05 }),
];

const addresses: readonly Scenario[] = [
  host('Source addresses', '8 of 64 ports, load 420, random', eight(420, 'random'), { isQuick: true }),
  host('Source addresses', 'the same, round-robin', eight(420, 'round-robin'), { within: 0.15, why: 'The formula takes what every eighth arrival leaves as a renewal stream of half the variance.' }),
  host('Source addresses', '8 of 64 ports, load 460, two choices', eight(460, 'two-choices'), { within: 0.35, why: 'How far the fullest of two choices is ahead of the mean is fitted, and to choices that may fall on the same address twice; here they are two.' }),
  host('Source addresses', '8 of 64 ports, load 460, least used', eight(460, 'least-used'), { within: 0.05 }),
  host('Source addresses', '8 of 64 ports, load 460, another one upon failure', eight(460, 'retry'), { within: 0.05, isQuick: true }),
  host('Source addresses', '8 of 1,024 ports, load 8,000, random', eight(8000, 'random', 1024), { within: 0.05 }),
  imbalance('8 addresses, 1,000 keys of Zipf weight 1, hashed: fullest over mean', 8, 1000, 1),
  imbalance('8 addresses, 1,000 keys of equal weight, hashed: fullest over mean', 8, 1000, 0),
];

const retries: readonly Scenario[] = [
  host('Retries', '100 ports, load 80, all failures again after 100 holds', { ...again(80, 1, 100), connections: 12_000_000 }, { within: 0.05 }),
  host('Retries', '100 ports, load 90, 9 of 10 again after 100 holds', again(90, 0.9, 100), { within: 0.05, isQuick: true }),
  host('Retries', '100 ports, load 100, 9 of 10 again after 100 holds', again(100, 0.9, 100), { within: 0.05 }),
  host('Retries', '100 ports, load 90, 9 of 10 again after a tenth of a hold', again(90, 0.9, 0.1), { within: 3, why: 'The formula takes retries for fresh arrivals. So soon after, the ports are still full: the same failures again and again.' }),
];

const nats: readonly Scenario[] = [nat(64_512, 0.95), nat(40_000, 0.9), nat(32_768, 0.98)];

/** Keys that are hashed to addresses, over many seeds: their shares alone, with room for all. */
function imbalance(name: string, count: number, keys: number, exponent: number): Scenario {
  return {
    group: 'Source addresses',
    name,
    formula: 'Hash imbalance',
    within: 0.1,
    why: 'An approximation by extreme values; a maximum of so few addresses is not normal.',
    isQuick: true,
    play(scale) {
      const runs = Math.ceil(300 * scale);
      const ratios = Array.from({ length: runs }, (_, seed) => {
        const spec: HostSpec = { ...base, ports: 65_536, addresses: count, ratePerSecond: 4000, policy: 'hash', keys: { count: keys, exponent }, warmUpSeconds: 0, connections: 20_000, seed: seed + 1 };
        const shares = simulateHost(spec).addresses.map(({ connections }) => connections);
        return (Math.max(...shares) * count) / shares.reduce((sum, share) => sum + share, 0);
      });
      const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / runs;
      const variance = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / (runs - 1);
      return { simulated: mean, standardError: Math.sqrt(variance / runs), calculated: hashImbalance(count, effectiveKeys(zipf(keys, exponent))) };
    },
  };
}

/** nf_nat's bounded search, played on its own: the table of the planner against it. */
function nat(size: number, share: number): Scenario {
  return {
    group: 'Linux NAT',
    name: `nf_nat with ${size.toLocaleString('en')} ports, load ${share * 100} %`,
    formula: 'Table of the search',
    within: 0.35,
    why: 'The table has two digits, and comes from shorter runs.',
    isQuick: false,
    play(scale) {
      const runs = Array.from({ length: 5 }, (_, seed) => {
        const random = new Random(seed + 1);
        return simulateNatLoss(size, share * size, Math.ceil(400_000 * scale), () => random.uniform());
      });
      const mean = runs.reduce((sum, loss) => sum + loss, 0) / runs.length;
      const variance = runs.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / (runs.length - 1);
      return { simulated: mean, standardError: Math.sqrt(variance / runs.length), calculated: natLossOf(size, share * size)! };
    },
  };
}

export const scenarios: readonly Scenario[] = [...erlang, ...hayward, ...addresses, ...retries, ...nats];

/** Whether formula and simulation agree, as far as the scenario claims they do. */
export function agrees({ within }: Pick<Scenario, 'within'>, { simulated, standardError, calculated }: Played): boolean {
  return Math.abs(simulated - calculated) <= within * calculated + 3 * standardError;
}
