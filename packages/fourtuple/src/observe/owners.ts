import { runSteps } from './steps.ts';
import { ProcFs, readOwnersSteps, type OwnerMode } from '../kernel/index.ts';
import { noOwners, type OwnerIndex } from '../model/index.ts';

/** Reads which process holds which socket at the first need, once for all namespaces: it is the dearest thing to read. */
export class LazyOwners {
  readonly #mode: OwnerMode;
  readonly #limits: string[];
  #index: OwnerIndex | undefined;

  /** @param limits gets a sentence for what could not be read. */
  constructor(mode: OwnerMode, limits: string[]) {
    this.#mode = mode;
    this.#limits = limits;
  }

  /** The index, read now unless it was before; pauses as it goes. */
  *steps(): Generator<void, OwnerIndex> {
    if (this.#mode === 'none') return noOwners;
    if (this.#index === undefined) {
      const read = yield* readOwnersSteps(new ProcFs(), this.#mode);
      this.#index = read.index;
      this.#limits.push(...read.limits);
    }
    return this.#index;
  }

  /** {@link steps} in one go. */
  get(): OwnerIndex {
    return runSteps(this.steps());
  }
}
