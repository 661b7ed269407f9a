import { spawn, type ChildProcess } from 'node:child_process';
import { onTestFinished } from 'vitest';

const PATIENCE_MS = 10_000;

/** An interactive program on a terminal of its own, that script(1) makes: typed to, and its screen read as it comes. */
export class Terminal {
  readonly #child: ChildProcess;
  #screen = '';

  constructor(command: string, environment: NodeJS.ProcessEnv) {
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], { env: { ...environment, TERM: 'dumb' }, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      // Colours, cursor movements and bells are of no interest.
      this.#screen += text.replaceAll(/\u001B\[[\d;?]*[A-Za-z]|\u001B[=>]|[\u0007\r]/g, '');
    });
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  /** What came since the last call, once it has all of the texts in it, or when patience ends. */
  async screenWith(...texts: readonly string[]): Promise<string> {
    const end = Date.now() + PATIENCE_MS;
    while (!texts.every((text) => this.#screen.includes(text)) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    const screen = this.#screen;
    this.#screen = '';
    return screen;
  }
}
