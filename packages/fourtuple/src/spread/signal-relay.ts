import type { ChildProcess } from 'node:child_process';
import { isatty } from 'node:tty';

const passedOn: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'];
/** Of a terminal these reach the command by themselves, once it runs. */
const ofTerminal: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT']);

/**
 * Passes on to a command the signals that this process gets. It listens before the command runs, and until what was
 * made for it is taken back: a signal in between would end this process alone, and leave the command and the rest.
 */
export class SignalRelay {
  #child: ChildProcess | undefined;
  #isSettled = false;
  readonly #early: NodeJS.Signals[] = [];

  constructor() {
    for (const signal of passedOn) process.on(signal, this.#take);
  }

  /** To be called as soon as the command was started. Of what came before it is told now, or as soon as it is heard. */
  passTo(child: ChildProcess): void {
    // One that could not be started: kill() would mean this process and all of its group.
    if (child.pid === undefined) return;
    this.#child = child;
    for (const signal of this.#early.splice(0)) child.kill(signal);
    // What was sent while this thread was busy with the start may be from before it: a ^C of these milliseconds is passed
    // on rather twice than never. The first turn may come before signals are looked for, the second does not.
    setImmediate(() => setImmediate(() => (this.#isSettled = true)));
  }

  /** From now on signals do here what signals do. */
  close(): void {
    for (const signal of passedOn) process.off(signal, this.#take);
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    if (this.#child === undefined) this.#early.push(signal);
    else if (!this.#isSettled || !ofTerminal.has(signal) || !isatty(0)) this.#child.kill(signal);
  };
}
