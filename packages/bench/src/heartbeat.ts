import type { Pause, Phase } from './pauses.ts';

/**
 * Notes how long each turn of the event loop takes, by an immediate of its own beside the snapshot's: every pause is
 * seen, at its full length. A timer (`monitorEventLoopDelay`) counts in whole milliseconds, which is the length of an
 * ordinary turn here, and adds its own interval to what it saw.
 */
export class Heartbeat {
  readonly pauses: Pause[] = [];
  #phase: Phase = 'no snapshot';
  #last = performance.now();
  #cpu = process.cpuUsage();
  #onStop: (() => void) | undefined;

  constructor() {
    setImmediate(() => this.#beat());
  }

  /** Says what the current turn does. What it does first names it, but the finish always does. */
  note(phase: Phase): void {
    if (phase === 'finish' || this.#phase === 'no snapshot') this.#phase = phase;
  }

  /** Resolves in the next turn, when the current one has been noted. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStop = resolve;
    });
  }

  #beat(): void {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    this.pauses.push({ phase: this.#phase, wallMs: now - this.#last, cpuMs: (user + system) / 1000 });
    if (this.#onStop !== undefined) {
      this.#onStop();
      return;
    }
    this.#phase = 'no snapshot';
    this.#last = now;
    this.#cpu = process.cpuUsage();
    setImmediate(() => this.#beat());
  }
}
