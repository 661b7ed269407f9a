import type { ChildProcess } from 'node:child_process';
import { isatty } from 'node:tty';

const passedOn: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'];
/** Of a terminal these reach the command by themselves. */
const ofTerminal: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT']);

/**
 * Passes on to a command the signals that this process gets. It listens before the command runs, and until what was
 * made for it is taken back: a signal in between would end this process alone, and leave the command and the rest.
 */
export class SignalRelay {
  #child: ChildProcess | undefined;
  readonly #early: NodeJS.Signals[] = [];

  constructor() {
    for (const signal of passedOn) process.on(signal, this.#take);
  }

  /** Of what came before, the command is told now. */
  passTo(child: ChildProcess): void {
    this.#child = child;
    for (const signal of this.#early.splice(0)) child.kill(signal);
  }

  /** From now on signals do here what signals do. */
  close(): void {
    for (const signal of passedOn) process.off(signal, this.#take);
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    if (this.#child === undefined) this.#early.push(signal);
    else if (!ofTerminal.has(signal) || !isatty(0)) this.#child.kill(signal);
  };
}
