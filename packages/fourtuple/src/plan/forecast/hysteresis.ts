import { tuning } from './tuning.ts';

/** Raises after some firing evaluations in a row, clears after some quiet ones in a row: one odd evaluation changes nothing. */
export class Hysteresis {
  readonly #raiseAfter: number;
  readonly #clearAfter: number;
  #isRaised = false;
  /** Evaluations in a row that speak against the present state. */
  #against = 0;

  /** @throws RangeError for counts that are not whole numbers from 1 on */
  constructor(raiseAfter: number = tuning.raiseAfter, clearAfter: number = tuning.clearAfter) {
    for (const count of [raiseAfter, clearAfter]) if (!(Number.isInteger(count) && count >= 1)) throw new RangeError(`evaluations in a row are a whole number from 1 on, not ${count}`);
    this.#raiseAfter = raiseAfter;
    this.#clearAfter = clearAfter;
  }

  get isRaised(): boolean {
    return this.#isRaised;
  }

  /** @param isFiring what one evaluation says. @returns whether the alert is raised after it */
  update(isFiring: boolean): boolean {
    this.#against = isFiring === this.#isRaised ? 0 : this.#against + 1;
    if (this.#against >= (this.#isRaised ? this.#clearAfter : this.#raiseAfter)) {
      this.#isRaised = !this.#isRaised;
      this.#against = 0;
    }
    return this.#isRaised;
  }
}
