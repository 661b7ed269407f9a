import { percent } from '../../../model/index.ts';
import { bar, themeFor } from '../../../report/index.ts';
import type { CliContext } from '../../context.ts';
import type { OutputFlags } from '../../flags.ts';

const BAR = 30;
const LEAST_MS = 100;
const CLEAR = '\r\u001B[K';

/** A line that shows how far a run is: on a terminal alone, and gone when the run ends. */
export class Progress {
  readonly #context: CliContext;
  readonly #isShown: boolean;
  readonly #isUnicode: boolean;
  readonly #began: number;
  #last = 0;
  #isDrawn = false;

  constructor(context: CliContext, flags: OutputFlags) {
    const { stderr, env } = context.process;
    this.#context = context;
    this.#isShown = stderr.isTTY === true && flags.quiet !== true && env['TERM'] !== 'dumb';
    this.#isUnicode = themeFor(stderr, env, flags.color).isUnicode;
    this.#began = context.now().getTime();
  }

  /** @param share done, 0 to 1. */
  show(share: number): void {
    if (!this.#isShown) return;
    const now = this.#context.now().getTime();
    if (now - this.#last < LEAST_MS) return;
    this.#last = now;
    this.#isDrawn = true;
    const left = share > 0 ? ((now - this.#began) / 1000) * (1 / share - 1) : Number.NaN;
    const wait = Number.isNaN(left) || now - this.#began < 1000 ? '' : `, ${left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`} left`;
    this.#context.process.stderr.write(`${CLEAR}${bar(share, BAR, this.#isUnicode)} ${percent(share)}${wait}`);
  }

  end(): void {
    if (this.#isDrawn) this.#context.process.stderr.write(CLEAR);
    this.#isDrawn = false;
  }
}
