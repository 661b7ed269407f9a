import { fastView } from './fast-rule.ts';
import { Hysteresis } from './hysteresis.ts';
import { levelFires } from './level-rule.ts';
import { outlookOf, type Outlook } from './outlook.ts';
import { slowView } from './slow-rule.ts';
import { limitsOf, type Limits } from './target.ts';
import { tuning } from './tuning.ts';
import { UseSeries } from './use-series.ts';

/** What one evaluation says. */
export interface Evaluation {
  /** After hysteresis: this is what should alert somebody. */
  readonly isAlerting: boolean;
  /** The rules that fire in this evaluation. */
  readonly level: boolean;
  readonly fast: boolean;
  readonly slow: boolean;
  /** The fast rule kept still: yesterday at this time did the same and stayed below the target. */
  readonly isVetoed: boolean;
  /** The slow rule kept still: a restart usually comes at a higher use than this. */
  readonly isSawtooth: boolean;
  /** Median of the newest minutes, ports; NaN in a gap. Then no rule fires, and hysteresis does not count the evaluation. */
  readonly used: number;
}

/**
 * Watches the use of one four-tuple pool (source address, destination, port) and says when it is going to run out.
 *
 * Three rules, any of them: level (nearly full now), fast (a ramp), slow (a leak, or a day that is too large). Give it a sample
 * a minute, and evaluate it every five minutes. It keeps no clock: times come with the samples.
 *
 * @example
 * const forecaster = new Forecaster(28_232, { target: adjustedTarget(28_232, 1e-3, 20) });
 * forecaster.add(1_760_000_000, 14_000);
 * forecaster.evaluate(1_760_000_000).isAlerting; // false
 */
export class Forecaster {
  readonly #series = new UseSeries();
  readonly #hysteresis = new Hysteresis();
  #limits: Limits;

  /**
   * @param capacity ports of the tuple
   * @param options target: the use not to be reached, ports; the capacity unless given
   * @throws RangeError for a capacity that is not above 0, or a target outside 0 < target <= capacity
   */
  constructor(capacity: number, options: { readonly target?: number } = {}) {
    this.#limits = limitsOf(capacity, options.target);
  }

  /** Bytes of the samples kept. */
  get bytes(): number {
    return this.#series.bytes;
  }

  get limits(): Limits {
    return this.#limits;
  }

  /**
   * The tuple has another capacity from now on: the local port range was changed. The samples stay what they are, and an alert
   * clears or raises by the evaluations that follow.
   * @throws RangeError as the constructor
   */
  setCapacity(capacity: number, options: { readonly target?: number } = {}): void {
    this.#limits = limitsOf(capacity, options.target);
  }

  /**
   * @param atSeconds time of the sample, s
   * @param used ports in use
   * @returns false when the sample came too late and was dropped
   * @throws RangeError for a time or a use that is negative or not finite
   */
  add(atSeconds: number, used: number): boolean {
    return this.#series.add(atSeconds, used);
  }

  /**
   * Applies the rules to the samples so far. Below half of the target that is a comparison and little more.
   * @param nowSeconds time by the clock of the samples, s: it tells when they have stopped
   * @throws RangeError for a time that is negative or not finite
   */
  evaluate(nowSeconds: number): Evaluation {
    const series = this.#series;
    series.advanceTo(nowSeconds);
    const used = series.medianOfMinutes(0, tuning.levelMinutes);
    const quiet = { level: false, fast: false, slow: false, isVetoed: false, isSawtooth: false, used };
    if (Number.isNaN(used)) return { ...quiet, isAlerting: this.#hysteresis.isRaised };
    if (used <= tuning.usedShare * this.#limits.target) return { ...quiet, isAlerting: this.#hysteresis.update(false) };
    const level = levelFires(series, this.#limits);
    const fast = fastView(series, this.#limits);
    const slow = slowView(series, this.#limits);
    const isAlerting = this.#hysteresis.update(level || fast.fires || slow.fires);
    return { isAlerting, level, fast: fast.fires, slow: slow.fires, isVetoed: fast.isVetoed, isSawtooth: slow.isSawtooth, used };
  }

  /**
   * Where the use is going, for people: the trend, and the time to the target as a range.
   * @param nowSeconds as for {@link Forecaster.evaluate}
   */
  outlook(nowSeconds: number): Outlook {
    this.#series.advanceTo(nowSeconds);
    return outlookOf(this.#series, this.#limits);
  }
}
