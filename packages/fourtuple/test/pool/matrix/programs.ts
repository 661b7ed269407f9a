import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { PlainResults, PlainTask } from './plain-clients.ts';

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Of node; by default it loads the preload. */
  readonly flags?: readonly string[];
}

export interface Outcome {
  readonly code: number | null;
  /** What it printed as JSON, line by line. */
  readonly out: readonly unknown[];
  readonly err: string;
  /** Messages of the warnings that it printed. */
  readonly warnings: readonly string[];
}

const PRELOAD = ['--import', 'fourtuple/register'] as const;

/** Begins each program: connects and says what became of it, among others. */
const prelude = `
import net from 'node:net';
import { once } from 'node:events';
const print = (value) => console.log(JSON.stringify(value));
async function listen(port, host = '127.0.0.1', server = net.createServer((socket) => void socket.on('error', () => undefined))) {
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}
async function connected(socket) {
  try {
    await once(socket, 'connect');
    return socket.localAddress;
  } catch (error) {
    return error.code;
  }
}
async function many(count, options) {
  return (await Promise.all(Array.from({ length: count }, (_, index) => connected(net.connect({ host: '127.0.0.1', port: 20_001 + (index % 2), ...options }))))).filter((got) => got.includes('.')).length;
}
`;

const home = fileURLToPath(new URL('../../..', import.meta.url));
const modules = join(home, '../../node_modules');

/** The part of the package that prevents, in a folder where programs find it as npm installs it, and such programs: in this thread's network namespace. */
export class Programs {
  readonly folder = mkdtempSync(join(tmpdir(), 'fourtuple-programs-'));
  #count = 0;

  /** Bundles what the programs load. */
  async install(): Promise<void> {
    const target = join(this.folder, 'node_modules/fourtuple');
    mkdirSync(target, { recursive: true });
    cpSync(join(home, 'package.json'), join(target, 'package.json'));
    for (const name of ['koffi', '@koromix']) symlinkSync(join(modules, name), join(this.folder, 'node_modules', name));
    const pool = Object.fromEntries(Object.entries({ index: 'index', register: 'register' }).map(([name, file]) => [name, join(home, `src/pool/${file}.ts`)]));
    await bundle(pool, join(target, 'dist/pool'), 'js');
    await bundle({ plain: fileURLToPath(new URL('plain-clients.ts', import.meta.url)) }, this.folder, 'mjs');
  }

  /** Runs a module to the end: its text comes after the prelude. */
  run(text: string, { env = {}, flags = PRELOAD }: ProgramOptions = {}): Outcome {
    const file = join(this.folder, `program-${this.#count++}.mjs`);
    writeFileSync(file, `${prelude}${text}`);
    return this.runFile(file, [], { env, flags });
  }

  runFile(file: string, args: readonly string[], { env = {}, flags = PRELOAD }: ProgramOptions = {}): Outcome {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, file, ...args], { cwd: this.folder, encoding: 'utf8', timeout: 300_000, env: { PATH: process.env['PATH'] ?? '', NODE_PATH: modules, ...env } });
    const out = stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as unknown);
    return { code: status, out, err: stderr, warnings: [...stderr.matchAll(/Warning: (.*)/g)].map(([, message]) => message!) };
  }

  runPlain(task: PlainTask, options: ProgramOptions = {}): PlainResults {
    const { out, err } = this.runFile(join(this.folder, 'plain.mjs'), [JSON.stringify(task)], options);
    if (out.length !== 1) throw new Error(err);
    return out[0] as PlainResults;
  }

  /** Another name by which the preload is found. */
  get preloadFile(): string {
    return join(this.folder, 'node_modules/fourtuple/dist/pool/register.js');
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function bundle(input: Record<string, string>, dir: string, ending: string): Promise<void> {
  const made = await rolldown({ input, platform: 'node', external: ['koffi', /^node:/], logLevel: 'warn' });
  await made.write({ dir, format: 'esm', entryFileNames: `[name].${ending}`, chunkFileNames: `shared-[hash].${ending}` });
  await made.close();
}
