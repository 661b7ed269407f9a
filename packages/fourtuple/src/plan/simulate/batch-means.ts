/** A ratio of two counts, and the standard error of it. */
export interface Estimate {
  readonly value: number;
  /** From the scatter between parts of the run, which correlation within them does not spoil; 0 when nothing was counted. */
  readonly standardError: number;
}

/** Batch means: the run in parts of equal length, each with its counts of failures and attempts. */
export class BatchMeans {
  readonly #failures: number[] = [];
  readonly #attempts: number[] = [];

  add(failures: number, attempts: number): void {
    this.#failures.push(failures);
    this.#attempts.push(attempts);
  }

  get estimate(): Estimate {
    const parts = this.#attempts.length;
    const attempts = this.#attempts.reduce((sum, one) => sum + one, 0);
    if (attempts === 0) return { value: 0, standardError: 0 };
    const value = this.#failures.reduce((sum, one) => sum + one, 0) / attempts;
    if (parts < 2) return { value, standardError: Math.sqrt((value * (1 - value)) / attempts) };
    const squares = this.#failures.reduce((sum, failed, part) => sum + (failed - value * this.#attempts[part]!) ** 2, 0);
    return { value, standardError: Math.sqrt((squares * parts) / (parts - 1)) / attempts };
  }
}
