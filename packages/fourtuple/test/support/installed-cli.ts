import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = fileURLToPath(new URL('../..', import.meta.url));
const workspace = join(home, '../..');
const lock = join(tmpdir(), 'fourtuple-test-build.lock');
const LOCK_TRIALS = 1200;
const LOCK_PAUSE_MS = 50;

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** What --json printed, by the document's type, and the exit code. */
export interface CliAnswer<Document> {
  readonly document: Document;
  readonly code: number | null;
}

export interface CliOptions {
  /** Words before `node`: setpriv, unshare, … */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/**
 * The built command line in a folder of its own, as npm installs it, readable by every user: nothing that happens to
 * the repository meanwhile can touch it.
 */
export class InstalledCli {
  readonly folder: string;
  readonly script: string;
  /** The built library, for programs in plain JavaScript. */
  readonly library: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'fourtuple-cli-'));
    chmodSync(this.folder, 0o755);
    const modules = join(this.folder, 'node_modules');
    const target = join(modules, 'fourtuple');
    mkdirSync(target, { recursive: true });
    withLock(() => {
      build();
      for (const name of ['package.json', 'bin', 'dist']) cpSync(join(home, name), join(target, name), { recursive: true });
    });
    for (const name of ['koffi', '@koromix']) cpSync(join(workspace, 'node_modules', name), join(modules, name), { recursive: true });
    this.script = join(target, 'bin/fourtuple.js');
    this.library = join(target, 'dist/lib');
  }

  /** The command line as a list of words, for a shell or another program to run. */
  words(args: readonly string[]): string[] {
    return [process.execPath, this.script, ...args];
  }

  /** Runs to the end, in this thread's namespace. */
  run(args: readonly string[], options: CliOptions = {}): CliResult {
    const [file, ...words] = [...(options.through ?? []), ...this.words(args)];
    const { status, signal, stdout, stderr, error } = spawnSync(file!, words, {
      ...spawnOptions(options),
      input: options.input ?? '',
      encoding: 'utf8',
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 28,
    });
    if (error !== undefined && status === null && signal === null) throw error;
    return { code: status, signal, out: stdout, err: stderr };
  }

  /** Runs with --json. @throws when the output is not one JSON document. */
  json(args: readonly string[], options: CliOptions = {}): CliAnswer<unknown> {
    const { code, out, err } = this.run([...args, '--json'], options);
    try {
      return { document: JSON.parse(out) as unknown, code };
    } catch {
      throw new Error(`${args.join(' ')} printed no JSON (exit code ${code}): ${out.slice(0, 200)} ${err}`);
    }
  }

  /** Starts it; the caller waits and ends it. */
  start(args: readonly string[], options: CliOptions = {}): ChildProcess {
    const [file, ...words] = [...(options.through ?? []), ...this.words(args)];
    return spawn(file!, words, { ...spawnOptions(options), stdio: ['ignore', 'pipe', 'pipe'] });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Nothing of this process's environment but the path: a test says what it depends on. */
function spawnOptions(options: CliOptions): { env: Record<string, string>; cwd: string } {
  return { env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...options.env }, cwd: options.cwd ?? '/' };
}

function build(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: workspace, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
}

/** One test file builds at a time: each runs in a process of its own. */
function withLock(work: () => void): void {
  for (let trial = 0; ; trial++) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (trial === LOCK_TRIALS) throw error;
      if (!isHeld()) rmSync(lock, { recursive: true, force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_PAUSE_MS);
    }
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** False when its owner died, or never wrote its name within a few seconds. */
function isHeld(): boolean {
  try {
    return statSync(`/proc/${readFileSync(join(lock, 'pid'), 'utf8')}`).isDirectory();
  } catch {
    try {
      return Date.now() - statSync(lock).mtimeMs < 5000;
    } catch {
      return false;
    }
  }
}

/** The folder of a file below the repository's packages/bench. */
export const benchSources: string = join(dirname(home.replace(/\/$/, '')), 'bench/c');
