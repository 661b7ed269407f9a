/** A time in which nothing is tried. One that follows another is twice as long, up to a limit, and a part of it chance. */
export class Pause {
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #random: () => number;
  readonly #then: () => void;
  #timer: NodeJS.Timeout | undefined;
  #times = 0;

  /** @param then called when it is over by itself */
  constructor({ firstMs, mostMs, random }: { readonly firstMs: number; readonly mostMs: number; readonly random: () => number }, then: () => void) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#random = random;
    this.#then = then;
  }

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  /** Nothing if there is one already. */
  begin(): void {
    if (this.#timer !== undefined) return;
    const ms = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#times++);
    // Nobody waits for it, until hold() says so.
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#then();
    }, ms * (1 - 0.25 * this.#random())).unref();
  }

  /** Somebody waits: the process is not to end meanwhile. */
  hold(): void {
    this.#timer?.ref();
  }

  /** Ends it now. @returns whether there was one */
  end(): boolean {
    const wasOn = this.isOn;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return wasOn;
  }

  /** What was missing is there again: the next one is short. */
  forget(): void {
    this.#times = 0;
  }
}
