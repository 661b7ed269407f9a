import { Random } from '../../random.ts';

/** Kinds of traces that must not alert ... */
export const harmlessKinds = ['flat', 'daily70', 'daily90', 'step', 'spikes', 'sawtooth', 'growth'] as const;
/** ... and kinds that run out of ports. */
export const exhaustingKinds = ['leak', 'leak-daily', 'ramp', 'accelerating'] as const;
export type HarmlessKind = (typeof harmlessKinds)[number];
export type ExhaustingKind = (typeof exhaustingKinds)[number];
export type TraceKind = HarmlessKind | ExhaustingKind;

/** One synthetic series of a tuple. */
export interface Trace {
  readonly kind: TraceKind;
  readonly seed: number;
  /** Ports. */
  readonly capacity: number;
  /** Ports in use, one sample a minute; never above the capacity. It ends with the exhaustion, where there is one. */
  readonly used: Float64Array;
  /** Minute in which all ports are taken for the first time. */
  readonly exhaustedAt?: number;
}

/** The tuple that the series are of. */
export interface World {
  /** Ports. */
  readonly capacity: number;
  /** Variance over mean of the noise. */
  readonly peakedness: number;
}

/** The default local port range, and some bursts. */
export const usualWorld: World = { capacity: 28_232, peakedness: 20 };

const MOST_DRAWS = 200;
const MINUTES = 4 * 24 * 60;
const DAY = 24 * 60;
const HOUR = 60;
/** Correlation of the noise from one minute to the next. */
const CORRELATION = 0.9;

/**
 * The trace of a kind and a seed: four days of minutes with bursty noise. Harmless traces never take the last port, and exhausting
 * ones do within the four days; parameters that say otherwise are drawn again.
 * @throws RangeError when that is hopeless: noise that is as large as what it leaves free
 */
export function traceOf(kind: TraceKind, seed: number, { capacity, peakedness }: World = usualWorld): Trace {
  const kinds: readonly TraceKind[] = [...harmlessKinds, ...exhaustingKinds];
  const random = new Random(seed, kinds.indexOf(kind));
  const isHarmless = kind in harmless;
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const share = isHarmless ? harmless[kind as HarmlessKind](random) : exhausting[kind as ExhaustingKind](random);
    const used = new Float64Array(MINUTES);
    let noise = random.normal();
    let exhaustedAt: number | undefined;
    for (let minute = 0; minute < MINUTES && exhaustedAt === undefined; minute++) {
      const mean = capacity * share(minute);
      const demand = Math.max(0, Math.round(mean + Math.sqrt(peakedness * mean) * noise));
      used[minute] = Math.min(capacity, demand);
      if (demand >= capacity) exhaustedAt = minute;
      noise = CORRELATION * noise + Math.sqrt(1 - CORRELATION ** 2) * random.normal();
    }
    if (isHarmless !== (exhaustedAt === undefined)) continue;
    return exhaustedAt === undefined ? { kind, seed, capacity, used } : { kind, seed, capacity, used: used.subarray(0, exhaustedAt + 1), exhaustedAt };
  }
  throw new RangeError(`${MOST_DRAWS} draws gave no ${kind} with a peakedness of ${peakedness} on ${capacity} ports: its noise is too large`);
}

/** Mean use in a minute, as a share of the capacity. */
type Share = (minute: number) => number;

const harmless: Readonly<Record<HarmlessKind, (random: Random) => Share>> = {
  flat: (random) => {
    const level = between(random, 0.1, 0.85);
    return () => level;
  },
  daily70: (random) => daily(random, between(random, 0.1, 0.3), 0.7),
  daily90: (random) => daily(random, between(random, 0.1, 0.4), 0.9),
  step: (random) => {
    const level = between(random, 0.2, 0.45);
    const height = between(random, 0.15, 0.35);
    const at = between(random, 6 * HOUR, 84 * HOUR);
    return (minute) => (minute < at ? level : level + height);
  },
  spikes: (random) => {
    const level = between(random, 0.2, 0.5);
    const heights = new Float64Array(MINUTES).fill(level);
    for (let at = 6 * HOUR * random.exponential(); at < MINUTES; at += 30 + 6 * HOUR * random.exponential()) heights.fill(between(random, 0.6, 0.9), Math.floor(at), Math.floor(at + between(random, 5, 15)));
    return (minute) => heights[minute]!;
  },
  sawtooth: (random) => {
    const low = between(random, 0.1, 0.3);
    const peak = between(random, 0.6, 0.9);
    const period = between(random, 3 * HOUR, 16 * HOUR);
    const rise = (peak - low) / period;
    const shares = new Float64Array(MINUTES);
    let value = between(random, low, peak);
    let restartAt = peak;
    for (let minute = 0; minute < MINUTES; minute++) {
      shares[minute] = value;
      value += rise;
      if (value < restartAt) continue;
      value = low;
      restartAt = peak * between(random, 0.95, 1.05);
    }
    return (minute) => shares[minute]!;
  },
  growth: (random) => {
    const shape = daily(random, between(random, 0.15, 0.3), between(random, 0.5, 0.65));
    const aDay = between(random, 0.01, 0.04);
    return (minute) => shape(minute) * (1 + (aDay * minute) / DAY / 0.6);
  },
};

const exhausting: Readonly<Record<ExhaustingKind, (random: Random) => Share>> = {
  leak: (random) => {
    const level = between(random, 0.1, 0.4);
    const from = between(random, 12 * HOUR, 30 * HOUR);
    const length = between(random, 12 * HOUR, 60 * HOUR);
    return (minute) => level + (1 - level) * Math.max(0, (minute - from) / length);
  },
  'leak-daily': (random) => {
    const low = between(random, 0.1, 0.2);
    const shape = daily(random, low, between(random, 0.4, 0.6));
    const from = between(random, 12 * HOUR, 24 * HOUR);
    const length = between(random, 12 * HOUR, 60 * HOUR);
    return (minute) => shape(minute) + (1 - low) * Math.max(0, (minute - from) / length);
  },
  ramp: (random) => {
    const level = between(random, 0.2, 0.5);
    const from = between(random, 26 * HOUR, 90 * HOUR);
    const length = between(random, 20, 90);
    return (minute) => level + (1 - level) * Math.max(0, (minute - from) / length);
  },
  accelerating: (random) => {
    const level = between(random, 0.2, 0.4);
    const from = between(random, 12 * HOUR, 60 * HOUR);
    const length = between(random, 6 * HOUR, 24 * HOUR);
    const power = between(random, 2, 4);
    return (minute) => level + (1 - level) * Math.max(0, (minute - from) / length) ** power;
  },
};

/** A daily cycle from low to high: its phase, its steepness and a few percent from day to day vary. */
function daily(random: Random, low: number, high: number): Share {
  const phase = between(random, 0, DAY);
  const power = between(random, 1, 2);
  const days = Array.from({ length: 6 }, () => between(random, 0.95, 1));
  return (minute) => {
    const time = minute + phase;
    const wave = (0.5 - 0.5 * Math.cos((2 * Math.PI * time) / DAY)) ** power;
    return low + (high - low) * days[Math.floor(time / DAY)]! * wave;
  };
}

/** Uniform from low to high. */
function between(random: Random, low: number, high: number): number {
  return low + random.uniform() * (high - low);
}
