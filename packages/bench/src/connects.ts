import { spawnSync } from 'node:child_process';
import type * as Kernel from 'fourtuple/kernel';
import type * as Model from 'fourtuple/model';
import type { ConnectCompetitor } from './competitors.ts';
import { connectsBinary } from './compile.ts';
import { MeasureError, type Sample } from './measure.ts';

/** connect() calls of one sample. */
const count = 3000;
const sources = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];

/** Runs the program that connects, with this or that attached to the kernel, which counts and spreads while this process waits. */
export class Connects {
  readonly #kernel: typeof Kernel;
  readonly #model: typeof Model;
  readonly #home: string;
  readonly #cgroup: string;

  constructor(kernel: typeof Kernel, model: typeof Model) {
    this.#kernel = kernel;
    this.#model = model;
    this.#home = kernel.ownCgroupDirectory();
    this.#cgroup = kernel.makeCgroup();
  }

  /** Its wall time is the median of connect(), or what one run of a program takes by the kernel's own count, in milliseconds. */
  async connect({ attached, program }: ConnectCompetitor): Promise<Sample> {
    const { FailedConnectCounter, ChurnCounter, joinCgroup, RunTimeCounting } = this.#kernel;
    const counting = program === undefined ? undefined : new RunTimeCounting();
    const open: { close(): void }[] = [];
    try {
      if (attached === 'failures' || attached === 'watch' || attached === 'all') open.push(new FailedConnectCounter());
      if (attached === 'watch' || attached === 'all') open.push(new ChurnCounter());
      if (attached === 'spread' || attached === 'all') open.push(this.#spread());
      joinCgroup(this.#cgroup);
      const median = medianNs();
      const own = counting?.read('fourtuple_').findLast(({ name, runs }) => name === program && runs > 0);
      if (program !== undefined && own === undefined) throw new MeasureError(`the kernel counted no run of ${program}`);
      return await Promise.resolve({ wallMs: (own === undefined ? median : own.nanoseconds / own.runs) / 1e6, cpuMs: 0, maxRssKb: 0 });
    } finally {
      joinCgroup(this.#home);
      for (const one of open) one.close();
      counting?.close();
    }
  }

  #spread(): { close(): void } {
    const addresses = sources.map((text) => this.#model.Address.parse(text)!);
    return new this.#kernel.Spreader({ addresses, rules: { destinations: [], ports: [], includesLoopback: true }, cgroup: this.#cgroup, now: Date.now() });
  }

  close(): void {
    this.#kernel.removeCgroup(this.#cgroup);
  }
}

function medianNs(): number {
  const { status, stdout, stderr } = spawnSync(connectsBinary, [String(count)], { encoding: 'utf8' });
  if (status !== 0) throw new MeasureError(`connects: ${stderr.trim()}`);
  return Number(stdout);
}
