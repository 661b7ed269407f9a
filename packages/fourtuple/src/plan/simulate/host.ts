import type { SourcePolicy } from '../source-policy.ts';
import { zipf } from '../sources.ts';
import { BatchMeans, type Estimate } from './batch-means.ts';
import { factorAt, mostFactor, type RateCurve } from './curve.ts';
import { aliasSampler, batchMoments, batchSampler, sampler, type BatchSize, type Distribution } from './distributions.ts';
import { EventQueue } from './event-queue.ts';
import { Random } from './random.ts';
import { chooser, otherAddress, type Chooser } from './sources.ts';

/** One host that opens connections: what is played, connection by connection. Times in seconds. */
export interface HostSpec {
  /** Ports of one source address for one destination. */
  readonly ports: number;
  readonly addresses: number;
  /** Each connection goes to one of them, all alike. */
  readonly destinations: number;
  /** New connections a second, to all destinations together, without retries. */
  readonly ratePerSecond: number;
  readonly batch: BatchSize;
  readonly curve: RateCurve;
  readonly lifetime: Distribution;
  /** How long the port stays taken after the connection, and for which share of them. */
  readonly closing: { readonly seconds: number; readonly share: number };
  readonly policy: SourcePolicy;
  /** For `hash`: keys, weighted by Zipf's law with this exponent. */
  readonly keys: { readonly count: number; readonly exponent: number };
  /** A failed attempt is repeated with this chance, `most` times at most, after an exponential pause. */
  readonly retries: { readonly chance: number; readonly most: number; readonly delaySeconds: number };
  /** Played before anything is counted. */
  readonly warmUpSeconds: number;
  /** Connections counted; retries come on top. Counting ends earlier when `mostSeconds` have been simulated after the warm-up. */
  readonly connections: number;
  readonly mostSeconds?: number;
  readonly seed: number;
}

export interface AddressResult {
  /** Ports in use to the fullest of the destinations. */
  readonly mostUsed: number;
  readonly connections: number;
  readonly lost: number;
}

/** A fortieth of a run, by connections. */
export interface PartResult {
  /** Simulated seconds since counting began, at its end. */
  readonly untilSeconds: number;
  readonly attempts: number;
  readonly failures: number;
  readonly meanUsed: number;
}

export interface HostResult {
  /** Connections asked for, after the warm-up. */
  readonly connections: number;
  /** With retries. An attempt that tries several addresses is one. */
  readonly attempts: number;
  /** Attempts that found no port. */
  readonly failures: number;
  /** Connections that failed and were not tried again. */
  readonly abandoned: number;
  readonly loss: Estimate;
  /** Ports in use, of all addresses and destinations: mean over time, most, and variance over mean. */
  readonly meanUsed: number;
  readonly mostUsed: number;
  readonly peakedness: number;
  readonly addresses: readonly AddressResult[];
  /** What the standard error is made of, in order of time; without what was counted after the last whole part. */
  readonly parts: readonly PartResult[];
  /** Simulated seconds after the warm-up. */
  readonly seconds: number;
  /** Arrivals, retries and releases, the warm-up included. */
  readonly events: number;
}

const PARTS = 40;
const MOST_SLOTS = 1 << 24;

/** @throws RangeError that names what no host can have. */
export function requireHostSpec(spec: HostSpec): void {
  const whole = (name: string, value: number, least: number, most: number): void => {
    if (!(Number.isInteger(value) && value >= least && value <= most)) throw new RangeError(`${name} is a whole number from ${least} to ${most}, not ${value}`);
  };
  const number = (name: string, value: number, least: number, most: number): void => {
    if (!(value >= least && value <= most)) throw new RangeError(`${name} is a number from ${least} to ${most}, not ${value}`);
  };
  whole('the number of ports', spec.ports, 1, 65_536);
  whole('the number of addresses', spec.addresses, 1, 65_536);
  whole('the number of destinations', spec.destinations, 1, MOST_SLOTS / spec.addresses);
  number('the rate', spec.ratePerSecond, 1e-9, 1e9);
  number('the seconds after a close', spec.closing.seconds, 0, 1e6);
  number('the share of closes', spec.closing.share, 0, 1);
  whole('the number of keys', spec.keys.count, 1, 1e7);
  number("the exponent of Zipf's law", spec.keys.exponent, 0, 10);
  number('the chance of a retry', spec.retries.chance, 0, 1);
  number('the most retries', spec.retries.most, 0, 1e9);
  number('the pause before a retry', spec.retries.delaySeconds, 0, 1e6);
  number('the warm-up', spec.warmUpSeconds, 0, 1e9);
  whole('the number of connections', spec.connections, 1, 1e12);
}

/**
 * Plays a {@link HostSpec} event by event: arrivals, releases, retries. It counts ports in use, and does not know which ones:
 * connect() finds a free port as long as there is one. Exists to check formulas; it shares no code with them.
 */
export class HostSimulation {
  readonly #spec: HostSpec;
  readonly #random: Random;
  readonly #queue = new EventQueue();
  readonly #lifetime: () => number;
  readonly #batchSize: () => number;
  readonly #nextKey: () => number;
  readonly #choose: Chooser;
  readonly #meanPause: number;
  readonly #mostFactor: number;
  readonly #hasCurve: boolean;
  readonly #end: number;
  /** Ports in use, by destination and then address. */
  readonly #used: Int32Array;
  readonly #mostUsedOf: Int32Array;
  readonly #connectionsOf: Float64Array;
  readonly #lostOf: Float64Array;
  /** What waits for its retry: destination, key, retries so far; free places are chained through the first. */
  #waiting = new Int32Array(3 * 64);
  #freeWaiting = -1;
  #waitingLength = 0;

  #now = 0;
  #nextArrival: number;
  #isCounting = false;
  #began = 0;
  #lastChange = 0;
  #inUse = 0;
  #area = 0;
  #areaOfSquares = 0;
  #mostUsed = 0;
  #connections = 0;
  #attempts = 0;
  #failures = 0;
  #abandoned = 0;
  #events = 0;
  readonly #means = new BatchMeans();
  #partAttempts = 0;
  #partFailures = 0;
  #partEnd: number;
  #partArea = 0;
  #partBegan = 0;
  readonly #parts: PartResult[] = [];

  /** @throws RangeError for a spec that cannot be played. */
  constructor(spec: HostSpec) {
    requireHostSpec(spec);
    this.#spec = spec;
    const random = new Random(spec.seed);
    this.#random = random;
    this.#lifetime = sampler(spec.lifetime, random);
    this.#batchSize = batchSampler(spec.batch, random);
    this.#mostFactor = mostFactor(spec.curve);
    this.#hasCurve = spec.curve.daily !== undefined || spec.curve.hourly !== undefined || (spec.curve.spikes ?? []).length > 0;
    this.#end = spec.warmUpSeconds + (spec.mostSeconds ?? Number.POSITIVE_INFINITY);
    this.#meanPause = batchMoments(spec.batch).mean / (spec.ratePerSecond * this.#mostFactor);
    const isHash = spec.policy === 'hash';
    const homes = new Int32Array(isHash ? spec.keys.count : 0).map(() => random.below(spec.addresses));
    this.#nextKey = isHash ? aliasSampler(zipf(spec.keys.count, spec.keys.exponent), random) : () => 0;
    this.#choose = chooser(spec.policy, spec.addresses, spec.destinations, homes, random);
    this.#used = new Int32Array(spec.addresses * spec.destinations);
    this.#mostUsedOf = new Int32Array(spec.addresses);
    this.#connectionsOf = new Float64Array(spec.addresses);
    this.#lostOf = new Float64Array(spec.addresses);
    this.#partEnd = Math.ceil(spec.connections / PARTS);
    this.#nextArrival = this.#pause();
  }

  get isDone(): boolean {
    return this.#connections >= this.#spec.connections || this.#now >= this.#end;
  }

  /** 0 to 1, of what is counted. */
  get progress(): number {
    const { connections, warmUpSeconds } = this.#spec;
    return Math.min(1, Math.max(this.#connections / connections, this.#end === Number.POSITIVE_INFINITY ? 0 : (this.#now - warmUpSeconds) / (this.#end - warmUpSeconds)));
  }

  /** Plays on. @param mostEvents after which it returns; the same numbers come out however the run is divided. */
  run(mostEvents = Number.POSITIVE_INFINITY): void {
    const queue = this.#queue;
    const used = this.#used;
    const last = this.#events + mostEvents;
    while (this.#events < last && !this.isDone) {
      this.#events++;
      const next = queue.nextTime;
      if (next > this.#nextArrival) {
        this.#arrive();
        continue;
      }
      this.#now = next;
      const item = queue.pop();
      if (item >= 0) {
        used[item] = used[item]! - 1;
        this.#change(-1);
      } else {
        this.#retry(~item);
      }
    }
  }

  result(): HostResult {
    const seconds = this.#now - this.#began;
    const mean = seconds > 0 ? this.#area / seconds : 0;
    const means = this.#means.estimate;
    return {
      connections: this.#connections,
      attempts: this.#attempts,
      failures: this.#failures,
      abandoned: this.#abandoned,
      loss: { value: this.#attempts === 0 ? 0 : this.#failures / this.#attempts, standardError: means.standardError },
      meanUsed: mean,
      mostUsed: this.#mostUsed,
      peakedness: mean > 0 ? Math.max(0, this.#areaOfSquares / seconds - mean * mean) / mean : 0,
      addresses: Array.from(this.#mostUsedOf, (mostUsed, address) => ({ mostUsed, connections: this.#connectionsOf[address]!, lost: this.#lostOf[address]! })),
      parts: this.#parts,
      seconds,
      events: this.#events,
    };
  }

  #pause(): number {
    return this.#meanPause * this.#random.exponential();
  }

  #arrive(): void {
    this.#now = this.#nextArrival;
    this.#nextArrival = this.#now + this.#pause();
    if (!this.#isCounting && this.#now >= this.#spec.warmUpSeconds) this.#beginCounting();
    // Thinning: what comes at the highest rate is kept with the chance that the curve gives (P. Lewis, G. Shedler, 1979).
    if (this.#hasCurve && this.#random.uniform() * this.#mostFactor > factorAt(this.#spec.curve, this.#now)) return;
    const size = this.#batchSize();
    const { destinations } = this.#spec;
    const destination = destinations === 1 ? 0 : this.#random.below(destinations);
    for (let one = 0; one < size; one++) {
      if (this.#isCounting) {
        this.#connections++;
        if (this.#connections >= this.#partEnd) this.#endPart();
      }
      this.#attempt(destination, this.#nextKey(), 0);
    }
    this.#events += size - 1;
  }

  #attempt(destination: number, key: number, retries: number): void {
    const { ports, addresses, policy } = this.#spec;
    const offset = destination * addresses;
    const used = this.#used;
    const chosen = this.#choose(used, offset, key);
    let address = chosen;
    if (used[offset + chosen]! >= ports) address = policy === 'retry' ? otherAddress(used, offset, addresses, ports, chosen) : -1;
    if (this.#isCounting) {
      this.#attempts++;
      this.#partAttempts++;
      const at = address < 0 ? chosen : address;
      this.#connectionsOf[at] = this.#connectionsOf[at]! + 1;
    }
    if (address < 0) {
      this.#fail(chosen, destination, key, retries);
      return;
    }
    const slot = offset + address;
    const now = used[slot]! + 1;
    used[slot] = now;
    if (this.#isCounting && now > this.#mostUsedOf[address]!) this.#mostUsedOf[address] = now;
    const { closing } = this.#spec;
    const isHeld = closing.share === 1 || (closing.share > 0 && this.#random.uniform() < closing.share);
    this.#queue.push(this.#now + this.#lifetime() + (isHeld ? closing.seconds : 0), slot);
    this.#change(1);
  }

  #fail(address: number, destination: number, key: number, retries: number): void {
    const { chance, most, delaySeconds } = this.#spec.retries;
    if (this.#isCounting) {
      this.#failures++;
      this.#partFailures++;
      this.#lostOf[address] = this.#lostOf[address]! + 1;
    }
    if (retries < most && chance > 0 && (chance === 1 || this.#random.uniform() < chance)) {
      this.#queue.push(this.#now + delaySeconds * this.#random.exponential(), ~this.#wait(destination, key, retries + 1));
    } else if (this.#isCounting) {
      this.#abandoned++;
    }
  }

  #wait(destination: number, key: number, retries: number): number {
    let place = this.#freeWaiting;
    if (place >= 0) {
      this.#freeWaiting = this.#waiting[place * 3]!;
    } else {
      place = this.#waitingLength++;
      if (place * 3 >= this.#waiting.length) {
        const larger = new Int32Array(this.#waiting.length * 2);
        larger.set(this.#waiting);
        this.#waiting = larger;
      }
    }
    this.#waiting[place * 3] = destination;
    this.#waiting[place * 3 + 1] = key;
    this.#waiting[place * 3 + 2] = retries;
    return place;
  }

  #retry(place: number): void {
    const destination = this.#waiting[place * 3]!;
    const key = this.#waiting[place * 3 + 1]!;
    const retries = this.#waiting[place * 3 + 2]!;
    this.#waiting[place * 3] = this.#freeWaiting;
    this.#freeWaiting = place;
    this.#attempt(destination, key, retries);
  }

  /** One port more or less in use, now. */
  #change(by: number): void {
    const before = this.#inUse;
    this.#inUse = before + by;
    if (!this.#isCounting) return;
    const lasted = this.#now - this.#lastChange;
    this.#area += before * lasted;
    this.#areaOfSquares += before * before * lasted;
    this.#lastChange = this.#now;
    if (this.#inUse > this.#mostUsed) this.#mostUsed = this.#inUse;
  }

  #beginCounting(): void {
    this.#isCounting = true;
    this.#began = this.#now;
    this.#partBegan = this.#now;
    this.#lastChange = this.#now;
    this.#mostUsed = this.#inUse;
  }

  #endPart(): void {
    // The last batch may go on beyond the end.
    if (this.#parts.length === PARTS) return;
    this.#means.add(this.#partFailures, this.#partAttempts);
    const area = this.#area + this.#inUse * (this.#now - this.#lastChange);
    const seconds = this.#now - this.#partBegan;
    this.#parts.push({ untilSeconds: this.#now - this.#began, attempts: this.#partAttempts, failures: this.#partFailures, meanUsed: seconds > 0 ? (area - this.#partArea) / seconds : this.#inUse });
    this.#partArea = area;
    this.#partBegan = this.#now;
    this.#partAttempts = 0;
    this.#partFailures = 0;
    this.#partEnd += Math.ceil(this.#spec.connections / PARTS);
  }
}

/** Plays a host to the end. */
export function simulateHost(spec: HostSpec): HostResult {
  const simulation = new HostSimulation(spec);
  simulation.run();
  return simulation.result();
}
