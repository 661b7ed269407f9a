import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { NamespaceHolder as Holder } from '../../src/kernel/index.ts';

export interface HeldPopulation {
  /** Both ends of each stay open. */
  readonly connections: number;
  readonly timeWait: number;
  /** Bound, neither listening nor connected. */
  readonly bound: number;
  readonly udp: number;
  /** ip_local_port_range; the kernel's default when left out. */
  readonly range?: readonly [number, number];
}

export interface HeldNamespace {
  readonly kind: Holder;
  readonly inode: number;
  /** A path that opens it for this process. */
  readonly path: string;
  readonly population: HeldPopulation;
  readonly by: NamespaceHolder;
}

const program = fileURLToPath(new URL('../programs/namespace-holder.mjs', import.meta.url));

/** A process that makes namespaces and holds each in one way alone; they end with it, and it ends with this process. */
export class NamespaceHolder {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  /** @param isApart gives it mounts of its own. */
  constructor(isApart = false) {
    const command = [process.execPath, program];
    const [file, ...words] = isApart ? ['unshare', '--mount', '--propagation', 'private', ...command] : command;
    this.#child = spawn(file!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async make(kind: Holder, population: HeldPopulation, mountPoint?: string): Promise<HeldNamespace> {
    const { inode, path } = (await this.#ask({ make: kind, population, mountPoint })) as { inode: number; path: string };
    return { kind, inode, path, population, by: this };
  }

  async release(namespace: HeldNamespace): Promise<void> {
    await this.#ask({ release: namespace.inode });
  }

  /** Lets go of a namespace held by a descriptor, and gives its number to a fifo that nobody writes to. */
  async replace(namespace: HeldNamespace, fifo: string): Promise<void> {
    await this.#ask({ replace: namespace.inode, fifo });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = new Promise((resolve) => {
      this.#child.on('exit', resolve);
    });
    this.#child.stdin.end();
    await gone;
  }

  async #ask(command: object): Promise<object> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the namespace holder ended');
    const answer = JSON.parse(value) as object;
    if ('error' in answer) throw new Error(`the namespace holder: ${String(answer.error)}`);
    return answer;
  }
}
