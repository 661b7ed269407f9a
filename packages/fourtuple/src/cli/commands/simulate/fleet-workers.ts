import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FleetSpec } from '../../../plan/simulate/index.ts';

/** What a worker answers. */
interface Answer {
  readonly block: number;
  readonly numbers: Float64Array;
}

/** Where the program of a worker lies in a bundle. */
const PROGRAM = 'fleet-worker.cjs';

/** Undefined where the program runs from its source: Node 20 loads no TypeScript in a worker. */
function programFolder(): string | undefined {
  const folder = dirname(fileURLToPath(import.meta.url));
  return existsSync(join(folder, PROGRAM)) ? folder : undefined;
}

export function hasWorkers(): boolean {
  return programFolder() !== undefined;
}

function startWorker(folder: string, spec: FleetSpec): Worker {
  // What is installed is wrapped for its loader; a plain bundle is not.
  const loader = join(folder, '../../bin/fourtuple.js');
  const code = existsSync(loader) ? `require(${JSON.stringify(loader)}).load(${JSON.stringify(folder)}, ${JSON.stringify(PROGRAM)})` : `require(${JSON.stringify(join(folder, PROGRAM))})`;
  return new Worker(code, { eval: true, workerData: spec });
}

/**
 * Computes blocks in threads; each is given the next one when it is done with its last.
 * @param onBlock gets the blocks in whatever order they are done.
 */
export class FleetWorkers {
  readonly #workers: readonly Worker[];
  /** Settles when all blocks are done, or a worker has failed. */
  readonly done: Promise<void>;

  constructor(spec: FleetSpec, blocks: readonly number[], count: number, onBlock: (block: number, numbers: Float64Array) => void) {
    const folder = programFolder();
    if (folder === undefined) throw new Error('there is no program for workers');
    const left = [...blocks].reverse();
    let missing = blocks.length;
    this.#workers = Array.from({ length: Math.min(count, blocks.length) }, () => startWorker(folder, spec));
    this.done = new Promise((resolve, reject) => {
      for (const worker of this.#workers) {
        const next = (): void => {
          const block = left.pop();
          if (block !== undefined) worker.postMessage(block, []);
        };
        worker.on('error', reject);
        worker.on('message', ({ block, numbers }: Answer) => {
          next();
          try {
            onBlock(block, numbers);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            return;
          }
          if (--missing === 0) resolve();
        });
        next();
      }
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.terminate()));
  }
}
