import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { until } from './wait.ts';

/** Why no Python program can be run, or undefined when one can. */
export function pythonObstacle(): string | undefined {
  return spawnSync('python3', ['-c', 'import socket, resource']).status === 0 ? undefined : 'python3 is not installed';
}

/** A Python program in a process of its own, in this thread's namespace: it says "ready", and ends with its standard input. */
export class OtherProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #out = '';

  constructor(program: string) {
    this.#child = spawn('python3', ['-c', `import os, resource, socket, sys\n${program}\nprint("ready", flush=True)\nsys.stdin.read()\n`], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout.on('data', (bytes: Buffer) => (this.#out += String(bytes)));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it printed before "ready", line by line. */
  async ready(): Promise<string[]> {
    await until('the other process', () => this.#out.includes('ready\n') || this.#child.exitCode !== null, 30_000);
    if (!this.#out.includes('ready\n')) throw new Error(`the other process ended: ${this.#out}`);
    return this.#out.split('\n').slice(0, -2);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = new Promise((resolve) => {
      this.#child.on('exit', resolve);
    });
    this.#child.stdin.end();
    await gone;
  }
}
