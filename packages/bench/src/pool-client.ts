import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { MeasureError, type Sample } from './measure.ts';
import { ownFile } from './paths.ts';
import { operationOf, repeat } from './pool-work.ts';
import { poolWorks, type PoolWorkName } from './pool-works.ts';
import { sampled } from './resident.ts';

/** The word on the command line that makes the inner stage a client of the pool job. */
export const poolClient = 'pool-client';

/** Samples of one client, of which the next one takes over: what its compiler guessed well or badly is not all there is. */
const lifetime = 8;
/** Samples of a new client that are not measured. */
const warmUps = 4;

/** Each line on standard input is one sample, whose cost is a line on standard output. */
export async function runAsClient(name: PoolWorkName): Promise<void> {
  const operation = await operationOf(name);
  const { operations } = poolWorks[name];
  for await (const _ of createInterface({ input: process.stdin })) {
    const sample = await sampled(async () => repeat(operation, operations));
    process.stdout.write(`${JSON.stringify(sample)}\n`);
  }
  // Whatever it left open ends with it.
  process.exit();
}

/** Clients in processes of their own: what one made of the compiler's guesses is not another's. They wait while another one has its turn. */
export class Clients {
  readonly #clients = new Map<PoolWorkName, Client>();

  async sample(name: PoolWorkName): Promise<Sample> {
    let client = this.#clients.get(name);
    if (client === undefined) {
      this.#clients.set(name, (client = new Client(name)));
      for (let run = 0; run < warmUps; run++) await client.sample();
    }
    const sample = await client.sample();
    if (client.samples === lifetime + warmUps) this.#end(name, client);
    return sample;
  }

  stop(): void {
    for (const [name, client] of this.#clients) this.#end(name, client);
  }

  #end(name: PoolWorkName, client: Client): void {
    this.#clients.delete(name);
    client.end();
  }
}

class Client {
  samples = 0;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(name: PoolWorkName) {
    this.#process = spawn(process.execPath, [ownFile, poolClient, name], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async sample(): Promise<Sample> {
    this.samples++;
    this.#process.stdin.write('\n');
    const { value, done } = await this.#lines.next();
    if (done === true) throw new MeasureError('the client ended');
    return JSON.parse(value) as Sample;
  }

  end(): void {
    this.#process.stdin.end();
  }
}
