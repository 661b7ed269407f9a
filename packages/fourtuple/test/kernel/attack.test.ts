import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endSockets, findTargets } from '../../src/free/index.ts';
import { resolveNamespace } from '../../src/kernel/index.ts';
import { CLONE_NEWNET, loadLibc } from '../../src/kernel/libc.ts';
import { Address } from '../../src/model/index.ts';
import { inspectBind, inspectConnect } from '../../src/observe/index.ts';
import { badArguments } from '../support/bad-arguments.ts';
import { because } from '../support/because.ts';
import { damages } from '../support/damaged-recordings.ts';
import { benchSources, InstalledCli, type CliAnswer, type CliResult } from '../support/installed-cli.ts';
import { LoadedScene, named } from '../support/loaded-scene.ts';
import { liveTestObstacle, loopbackUp } from '../support/namespace.ts';
import { NamespaceHolder, type HeldNamespace } from '../support/namespace-holder.ts';
import { inTerminal, terminalObstacle, tooWide, withoutEscapes } from '../support/terminal.ts';
import { until } from '../support/wait.ts';

const CLONE_NEWNS = 0x00020000;
const CRITICAL = 2;
const UNKNOWN = 3;
const STACK = /^\s+at .*:\d+:\d+/m;
const obstacle = liveTestObstacle() ?? namespaceObstacle();

/** Sockets and mounts of this file's own: whatever is left over dies with the process. */
function namespaceObstacle(): string | undefined {
  if (loadLibc().unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) return 'making namespaces is not permitted';
  loopbackUp();
  return spawnSync('mount', ['--make-rprivate', '/']).status === 0 ? undefined : 'mounts cannot be made private';
}

let cli: InstalledCli;
let scene: LoadedScene;
let folder = '';

beforeAll(() => {
  if (obstacle !== undefined) return;
  cli = new InstalledCli();
  scene = new LoadedScene();
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-attack-'));
  chmodSync(folder, 0o755);
});

afterAll(() => {
  if (obstacle !== undefined) return;
  scene.close();
  cli.close();
  spawnSync('umount', [join(folder, 'small')]);
  rmSync(folder, { recursive: true, force: true });
});

/** Every command that prints. */
const commands = [['check'], ['check', '--json'], ['ports'], ['ports', '--csv'], ['sockets'], ['sockets', '--jsonl'], ['sockets', '--json'], ['who', '80'], ['why', 'bind', '80'], ['why', 'connect', '127.0.0.1:80', '--json'], ['free', 'connection', '--port', '80'], ['doctor'], ['--help'], ['--version']].map((args) => ({ args, line: args.join(' ') }));

/** Runs a shell script with the command line as "$@". */
const inShell = (script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): CliResult => cli.run(args, { through: ['bash', '--norc', '-c', script, 'bash'], cwd: folder, env });

/** Whole snapshots of a recording. */
function snapshotsIn(file: string): { takenAt: string }[] {
  const bytes = readFileSync(file);
  const text = file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  const lines = text.toString('utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as { takenAt: string });
}

describe(`bad arguments${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined).each(badArguments.map((one) => ({ ...one, line: one.args.join(' ').slice(0, 60) })))('"$line" is refused, by name, in a few lines', ({ args, names, code = 64 }) => {
    const result = cli.run(args, { cwd: folder });
    expect(result).toMatchObject({ code, signal: null, out: '' });
    expect(result.err).toMatch(names);
    expect(result.err).not.toMatch(STACK);
    expect(result.err).not.toMatch(/defect|undefined|\[object/);
    expect(result.err.trimEnd().split('\n').length).toBeLessThanOrEqual(4);
  });
});

describe(`an output that takes nothing more${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('the scene is critical, so that an exit code of 0 or 1 is telling', () => {
    expect([['check'], ['check', '--json'], ['ports']].map((args) => cli.run(args).code)).toEqual([CRITICAL, CRITICAL, 0]);
  });

  it.skipIf(obstacle !== undefined).each(commands)('"$line | head -c 10": ends quietly', ({ args }) => {
    const { code, out, err } = inShell('"$@" | head -c 10; exit "${PIPESTATUS[1]}"', args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.length).toBeGreaterThan(0);
    expect(out.length).toBeLessThanOrEqual(10);
  });

  // The fifo's only reader is gone before the program starts: its first write fails with EPIPE.
  it.skipIf(obstacle !== undefined).each(commands)('"$line" into a pipe that is closed from the start: ends quietly, and its exit code is still the answer', ({ args }) => {
    const { code } = cli.run(args);
    const result = inShell('mkfifo "pipe.$$" && exec 3<>"pipe.$$" 4>"pipe.$$" 3<&- && exec "$@" >&4 4>&-', args);
    expect(result).toMatchObject({ code, signal: null, out: '', err: '' });
  });

  it.skipIf(obstacle !== undefined)('"ports --watch" into a pipe that closes after the first line: ends quietly', () => {
    const { code, err } = inShell('"$@" | head -n 1 > first; exit "${PIPESTATUS[0]}"', ['ports', '--watch', '0.1', '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(readFileSync(join(folder, 'first'), 'utf8'))).toMatchObject({ schema: 'fourtuple.ports/1' });
  });

  it.skipIf(obstacle !== undefined).each(commands)('"$line > /dev/full": says so, and does not look like a success', ({ args }) => {
    const { code, err } = inShell('"$@" > /dev/full', args);
    expect(err).toMatch(/could not be written: ENOSPC/);
    expect(err).not.toMatch(STACK);
    // 1 would be a WARNING of check, or a call that fails by why: neither has been told to anybody.
    expect(code).toBe(args[0] === 'check' || args[0] === 'why' ? UNKNOWN : 1);
  });

  it.skipIf(obstacle !== undefined)('an error message that cannot be written changes no exit code', () => {
    expect(inShell('"$@" 2> /dev/full', ['check', '--bogus'])).toMatchObject({ code: 64, out: '' });
  });

  it.skipIf(obstacle !== undefined)('no output at all (>&-) is no reason to crash', () => {
    expect(inShell('"$@" >&-', ['check'])).toMatchObject({ code: CRITICAL, err: '' });
    expect(inShell('"$@" <&- >&- 2>&-', ['check'])).toMatchObject({ code: CRITICAL });
  });
});

describe(`recording onto a disk that fills up${because(obstacle)}`, () => {
  const small = (): string => join(folder, 'small');

  beforeAll(() => {
    if (obstacle !== undefined) return;
    mkdirSync(small());
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'small', small()], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  });

  it.skipIf(obstacle !== undefined).each(['x.rec', 'x.rec.gz'])('%s: what was recorded before stays whole', (name) => {
    const file = join(small(), name);
    let kept = Buffer.alloc(0);
    let taken = 0;
    for (;;) {
      const { code, err } = cli.run(['record', '--owners', 'none', file]);
      if (code === 0) {
        taken++;
        kept = readFileSync(file);
        continue;
      }
      expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/ENOSPC.*disk is full/) as string });
      break;
    }
    expect(taken).toBeGreaterThan(1);
    expect(readFileSync(file).equals(kept)).toBe(true);
    expect(snapshotsIn(file)).toHaveLength(taken);
    expect(cli.run(['check', '-q', '--input', file]).code).toBe(CRITICAL);
    expect(cli.run(['check', '-q', '--input', file, '--at', String(taken)]).code).toBe(CRITICAL);
    rmSync(file);
  });

  it.skipIf(obstacle !== undefined)('a new recording that does not fit leaves no half of itself', () => {
    const file = join(small(), 'new.rec');
    spawnSync('dd', ['if=/dev/zero', `of=${join(small(), 'filler')}`, 'bs=1k']);
    expect(cli.run(['record', file])).toMatchObject({ code: 1, err: expect.stringMatching(/disk is full/) as string });
    expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe('');
    rmSync(join(small(), 'filler'));
  });

  it.skipIf(obstacle !== undefined)('a series says so and ends', () => {
    const file = join(small(), 'series.rec');
    const { code, err } = cli.run(['record', '--every', '0.1', '--owners', 'none', file]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/disk is full/) as string });
    expect(snapshotsIn(file).length).toBeGreaterThan(1);
    rmSync(file);
  });
});

describe(`interrupts${because(obstacle)}`, () => {
  interface Ended {
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly out: string;
    readonly err: string;
  }

  /** Starts, waits until `isReady`, sends the signal, and waits for the end. */
  async function interrupt(args: readonly string[], signal: NodeJS.Signals, isReady: (out: string) => boolean): Promise<Ended> {
    const child = cli.start(args);
    let out = '';
    let err = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text));
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code, by) => resolve({ code, signal: by, out, err }));
    });
    try {
      await until(`${args.join(' ')} is under way`, () => isReady(out) || child.exitCode !== null);
      child.kill(signal);
      return await ended;
    } finally {
      child.kill('SIGKILL');
    }
  }

  it.skipIf(obstacle !== undefined).each(['SIGINT', 'SIGTERM'] as const)('%s ends "check --watch" with its last verdict', async (signal) => {
    const ended = await interrupt(['check', '--watch', '5'], signal, (out) => out.includes('TCP sockets:'));
    expect(ended).toMatchObject({ code: CRITICAL, signal: null, err: '' });
  });

  it.skipIf(obstacle !== undefined)('SIGINT ends "ports --watch --json" between two whole documents', async () => {
    const { code, signal, out, err } = await interrupt(['ports', '--watch', '0.1', '--json'], 'SIGINT', (text) => text.split('\n').length > 3);
    expect({ code, signal, err }).toEqual({ code: 0, signal: null, err: '' });
    const lines = out.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => (JSON.parse(line) as { schema: string }).schema)).toEqual(lines.map(() => 'fourtuple.ports/1'));
  });

  it.skipIf(obstacle !== undefined).each(['series.rec', 'series.rec.gz'])('SIGINT ends "record --every" into %s, which is whole', async (name) => {
    const file = join(folder, name);
    const hasSome = (): boolean => existsSync(file) && readFileSync(file).length > 4000;
    const { code, signal, out, err } = await interrupt(['record', '--every', '0.1', file], 'SIGINT', hasSome);
    expect({ code, signal, err }).toEqual({ code: 0, signal: null, err: '' });
    const snapshots = snapshotsIn(file);
    expect(out).toContain(`${snapshots.length} snapshot`);
    expect(new Set(snapshots.map(({ takenAt }) => takenAt)).size).toBe(snapshots.length);
    expect(cli.run(['check', '-q', '--input', file]).code).toBe(CRITICAL);
  });

  it.skipIf(obstacle !== undefined).each(['SIGINT', 'SIGTERM'] as const)('%s ends the wait of "why connect --watch" with an answer', async (signal) => {
    const began = Date.now();
    const child = interrupt(['why', 'connect', '127.0.0.1:80', '--watch', '30'], signal, () => Date.now() - began > 1500);
    const { code, err, out } = await child;
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain('fails with EADDRNOTAVAIL');
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  it.skipIf(obstacle !== undefined)('SIGINT ends "why -" that waits for a log which does not come', () => {
    const { code, out } = inShell('mkfifo "log.$$"; "$@" < "log.$$" & pid=$!; exec 3> "log.$$"; sleep 1; kill -INT $pid || kill -TERM $pid; wait $pid; echo "ended $?"; rm "log.$$"', ['why', '-']);
    expect({ code, ended: /ended (\d+)/.exec(out)?.[1] }).toEqual({ code: 0, ended: expect.stringMatching(/^(0|3|130)$/) as string });
  });

  it.skipIf(obstacle !== undefined)('"record --every --count" ends by itself', () => {
    const file = join(folder, 'count.rec');
    expect(cli.run(['record', '--every', '0.1', '--count', '3', file])).toMatchObject({ code: 0, err: '' });
    expect(snapshotsIn(file)).toHaveLength(3);
  });
});

describe(`a namespace that vanishes under why and free${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('is told as gone, by everything that looks into it', async () => {
    const holder = new NamespaceHolder();
    try {
      const held = await holder.make('descriptor', { connections: 1, timeWait: 1, bound: 0, udp: 0 });
      const namespace = resolveNamespace(String(held.inode))!;
      const { targets } = findTargets('time-wait', { port: undefined, destinationPort: 80 }, namespace, 'sock_diag');
      expect(targets).toHaveLength(1);
      await holder.release(held);
      const clock = { now: () => new Date(), pause: () => Promise.resolve() };
      const options = { probes: 'auto', source: 'auto' } as const;
      const bind = { protocol: 'tcp', address: Address.anyIpv4, port: 80, reuseAddress: true, reusePort: false, v6Only: false } as const;
      const gone = async (work: () => unknown): Promise<unknown> => {
        try {
          return await work();
        } catch (error) {
          return (error as Error).name;
        }
      };
      expect(await gone(() => inspectBind(bind, namespace, options))).toBe('NamespaceGoneError');
      expect(await gone(() => inspectConnect({ destination: Address.loopbackIpv4, destinationPort: 80, isBound: false }, namespace, options, clock))).toBe('NamespaceGoneError');
      expect(await gone(() => findTargets('connection', { port: 80 }, namespace, 'sock_diag'))).toBe('NamespaceGoneError');
      expect(await gone(() => endSockets(targets, namespace))).toBe('NamespaceGoneError');
    } finally {
      await holder.close();
    }
  });
});

describe(`damaged recordings${because(obstacle)}`, () => {
  let sound = '';

  beforeAll(() => {
    if (obstacle !== undefined) return;
    const file = join(folder, 'sound.rec');
    cli.run(['record', file]);
    sound = readFileSync(file, 'utf8').trimEnd();
  });

  it.skipIf(obstacle !== undefined).each([...damages])('$name: refused, in words', ({ file, make }) => {
    const path = join(folder, `damaged-${file}`);
    writeFileSync(path, make(sound));
    for (const [args, refusal] of [[['check'], UNKNOWN], [['sockets'], 1]] as const) {
      const { code, out, err } = cli.run([...args, '--input', path]);
      expect({ args, code, out, isInWords: err.length > 20 && !STACK.test(err) && !err.includes('defect') }).toEqual({ args, code: refusal, out: '', isInWords: true });
    }
  });

  it.skipIf(obstacle !== undefined)('a sound one is read by every command', () => {
    const path = join(folder, 'sound.rec');
    expect([['check'], ['ports'], ['sockets'], ['who', '80']].map((args) => cli.run([...args, '--input', path]).code)).toEqual([CRITICAL, 0, 0, 0]);
    expect(cli.run(['check', '-q', '--input', '-'], { input: `${sound}\n` }).code).toBe(CRITICAL);
  });

  /** Two snapshots, the second cut short as a crash or a lost power leaves it. */
  function cutShort(name: string): string {
    const path = join(folder, name);
    rmSync(path, { force: true });
    cli.run(['record', path]);
    const first = readFileSync(path).length;
    cli.run(['record', path]);
    writeFileSync(path, readFileSync(path).subarray(0, first + 300));
    return path;
  }

  it.skipIf(obstacle !== undefined).each(['cut.rec', 'cut.rec.gz'])('%s, cut short in its last snapshot: the one before is read', (name) => {
    const { code, err } = cli.run(['check', '-q', '--input', cutShort(name)]);
    expect({ code, err }).toEqual({ code: CRITICAL, err: '' });
  });

  it.skipIf(obstacle !== undefined).each(['again.rec', 'again.rec.gz'])('%s, cut short and recorded to again: the new snapshot is read', (name) => {
    const path = cutShort(name);
    const before = Date.now();
    expect(cli.run(['record', path])).toMatchObject({ code: 0, err: '' });
    const { document, code } = cli.json(['check', '--input', path]) as CliAnswer<{ takenAt: string }>;
    expect(code).toBe(CRITICAL);
    expect(Date.parse(document.takenAt)).toBeGreaterThanOrEqual(before);
  });

  it.skipIf(obstacle !== undefined)('a sound snapshot among unsound lines is found by its number', () => {
    const path = join(folder, 'among.rec');
    writeFileSync(path, `garbage\n${sound}\n`);
    appendFileSync(path, 'garbage\n');
    expect(cli.run(['check', '-q', '--input', path, '--at', '2']).code).toBe(CRITICAL);
    expect(cli.run(['check', '-q', '--input', path, '--at', '1']).code).toBe(UNKNOWN);
    expect(cli.run(['check', '-q', '--input', path, '--at', '4']).code).toBe(64);
  });
});

describe(`100,000 sockets${because(obstacle ?? compilerObstacle())}`, () => {
  const why = obstacle ?? compilerObstacle();
  const SOCKETS = 100_000;
  const SOURCES = 20;
  const DESTINATIONS = 10;
  const PORTS = SOCKETS / SOURCES / DESTINATIONS;
  let fixture: ChildProcess;
  const args = (): string[] => ['-n', String(fixture.pid)];

  beforeAll(async () => {
    if (why !== undefined) return;
    const program = join(folder, 'fixture');
    const { status, stderr } = spawnSync('cc', ['-O1', '-o', program, join(benchSources, 'fixture.c')], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    fixture = spawn(program, ['-n', String(SOCKETS), '-s', String(SOURCES), '-d', String(DESTINATIONS), '--', 'sh', '-c', 'echo ready && exec sleep infinity'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    fixture.stdout!.on('data', (bytes: Buffer) => (out += String(bytes)));
    await until('the fixture is ready', () => out.includes('ready'), 60_000);
  }, 90_000);

  afterAll(async () => {
    if (fixture?.exitCode !== null) return;
    const gone = new Promise((resolve) => {
      fixture.on('exit', resolve);
    });
    fixture.kill('SIGTERM');
    await gone;
  });

  interface Counted {
    readonly namespaces: readonly { readonly sockets: { readonly total: number; readonly established: number } }[];
    readonly tuples: readonly { readonly connections: number; readonly explicit: number }[];
    readonly bindPools: readonly { readonly protocol: string; readonly used: number; readonly capacity: number; readonly free: number }[];
  }

  it.skipIf(why !== undefined)('ports: every tuple, every pool, and the sums', () => {
    const { document, code } = cli.json(['ports', ...args()]) as CliAnswer<Counted>;
    expect(code).toBe(0);
    expect(document.namespaces.map(({ sockets }) => sockets)).toEqual([expect.objectContaining({ total: SOCKETS, established: SOCKETS })]);
    expect(document.tuples).toHaveLength(SOURCES * DESTINATIONS);
    expect(document.tuples.filter(({ connections, explicit }) => connections !== PORTS || explicit !== PORTS)).toEqual([]);
    const pools = document.bindPools.filter(({ protocol }) => protocol === 'tcp');
    expect(pools.length).toBeGreaterThanOrEqual(SOURCES);
    expect(pools.filter(({ used, capacity, free }) => used !== PORTS || capacity !== 64_512 || free !== capacity - used)).toEqual([]);
  });

  it.skipIf(why !== undefined)('check: a verdict, and in time', () => {
    const began = Date.now();
    const { document, code } = cli.json(['check', ...args()]) as CliAnswer<Counted & { status: string }>;
    expect({ code, status: document.status, total: document.namespaces[0]!.sockets.total }).toEqual({ code: 0, status: 'ok', total: SOCKETS });
    // About a second; a limit that only a fault would reach.
    expect(Date.now() - began).toBeLessThan(30_000);
  });

  it.skipIf(why !== undefined)('sockets: every one on a line of its own, and by a filter', () => {
    const { out, code, err } = cli.run(['sockets', '--jsonl', '--owners', 'none', ...args()]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toHaveLength(SOCKETS + 1);
    const one = cli.run(['sockets', '--jsonl', '--owners', 'none', ...args(), 'sport = :1024']);
    expect(one.out.split('\n')).toHaveLength(SOURCES * DESTINATIONS + 1);
  });

  it.skipIf(why !== undefined)('record and read back: the same sums', () => {
    const file = join(folder, 'large.rec.gz');
    expect(cli.run(['record', '--owners', 'none', file, ...args()])).toMatchObject({ code: 0, err: '' });
    const { document } = cli.json(['ports', '--input', file]) as CliAnswer<Counted>;
    expect(document.tuples.reduce((sum, { connections }) => sum + connections, 0)).toBe(SOCKETS);
    rmSync(file);
  });
});

function compilerObstacle(): string | undefined {
  if (spawnSync('cc', ['--version']).error !== undefined) return 'there is no C compiler "cc"';
  return existsSync(join(benchSources, 'fixture.c')) ? undefined : 'packages/bench/c/fixture.c is not there';
}

describe(`odd names${because(obstacle)}`, () => {
  const names = ['a b', '-x', '--json', '*', 'quo"te', "apo'strophe", 'back\\slash', '$(true)', 'comma,semicolon;', 'tab\tx', 'new\nline', 'escape\u001B[31mred', 'bell\u0007', 'über', '名前', '😀'];
  const impostors = ['host', 'current'];
  /** Nobody else's: another run of this file has mounts, too. */
  const own = (name: string): string => `${name} ${process.pid}`;
  const mounted = new Map<string, HeldNamespace>();
  let holder: NamespaceHolder;
  let shown: readonly { readonly inode: number; readonly name: string; readonly sockets: { readonly established: number } }[] = [];

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    holder = new NamespaceHolder();
    mkdirSync(join(folder, 'names'));
    for (const name of names) mounted.set(name, await holder.make('mount', { connections: 3, timeWait: 0, bound: 0, udp: 0 }, join(folder, 'names', own(name))));
    // Four ports, all taken: there will be something to advise.
    for (const name of impostors) mounted.set(name, await holder.make('mount', { connections: 4, timeWait: 0, bound: 0, udp: 0, range: [50_000, 50_003] }, join(folder, 'names', name)));
    shown = (cli.json(['ports', '-A', '--owners', 'none', '--probe', 'none']) as CliAnswer<{ namespaces: typeof shown }>).document.namespaces;
  });

  afterAll(async () => {
    if (obstacle === undefined) await holder.close();
  });

  /** Control characters that an output should not have: any but a newline, and that, too, where it comes from a name. */
  function controlsIn(out: string): string[] {
    const characters = out.match(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g) ?? [];
    return [...new Set([...characters, ...(out.includes('new\nline') ? ['\n'] : [])])];
  }

  it.skipIf(obstacle !== undefined).each(names)('a namespace that is mounted as %j is found, named and read', (name) => {
    const { inode, path } = mounted.get(name)!;
    expect(shown.filter((one) => one.inode === inode).map((one) => ({ name: one.name, established: one.sockets.established }))).toEqual([{ name: own(name), established: 6 }]);
    expect(inodesBy('-n', path)).toEqual([inode]);
  });

  // The newline is left out: the argument parser takes it for the end of "--namespace=…".
  it.skipIf(obstacle !== undefined).each(names.filter((name) => !name.includes('\n')))('--namespace=%j leads to it', (name) => {
    expect(inodesBy(`--namespace=${own(name)}`)).toEqual([mounted.get(name)!.inode]);
  });

  const inodesBy = (...words: string[]): number[] => (cli.json(['ports', ...words, '--quick']) as CliAnswer<{ namespaces: { inode: number }[] }>).document.namespaces.map(({ inode }) => inode);

  it.skipIf(obstacle !== undefined).each([['check', '-A'], ['check', '-A', '--verbose'], ['ports', '-A'], ['sockets', '-A'], ['who', '80']].map((args) => ({ args, line: args.join(' ') })))('"$line": no name can write to the terminal', ({ args }) => {
    const { out, err } = cli.run(args);
    expect({ err, controls: controlsIn(out) }).toEqual({ err: '', controls: [] });
  });

  it.skipIf(obstacle !== undefined).each(impostors)('a namespace that is mounted as %j is not advised as if it were the one where the command will be typed', (name) => {
    const { inode } = mounted.get(name)!;
    const { document } = cli.json(['check', '-A', '--owners', 'none']) as CliAnswer<{ findings: { namespace: number; remedies: { command: string | null }[] }[] }>;
    const commands = document.findings.filter((finding) => finding.namespace === inode).flatMap(({ remedies }) => remedies.map(({ command }) => command));
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((command) => command?.startsWith('sysctl') === true)).toEqual([]);
  });

  it.skipIf(obstacle !== undefined).each(['a b', 'quo"te', 'escape\u001B[31m', 'new\nline', 'über', '名前'])('a process that calls itself %j is named, and cannot write to the terminal', (name) => {
    named(name, () => {
      const { document } = cli.json(['who', '80']) as CliAnswer<{ holders: { pid: number; command: string }[] }>;
      expect(document.holders.find(({ pid }) => pid === process.pid)?.command).toBe(name);
      for (const args of [['check'], ['sockets', 'sport = :80'], ['who', '80']]) {
        const { out, err } = cli.run(args);
        expect({ args, err, controls: controlsIn(out) }).toEqual({ args, err: '', controls: [] });
      }
    });
  });
});

describe(`terminals${because(obstacle ?? terminalObstacle())}`, () => {
  const why = obstacle ?? terminalObstacle();
  const lines = [['check'], ['check', '--verbose'], ['check', '-A'], ['ports'], ['ports', '--verbose'], ['sockets'], ['who', '80'], ['who', '45000'], ['why', 'bind', '80'], ['why', 'bind', '45000', '--verbose'], ['why', 'connect', '127.0.0.1:80', '--verbose'], ['why', 'connect', '198.51.100.1:80'], ['why', 'Error: listen EADDRINUSE: address already in use 0.0.0.0:80'], ['free', 'connection', '--port', '80'], ['free', 'time-wait', '--dst', '127.0.0.1:80'], ['free', 'bind-beside', '45000'], ['doctor'], ['--help'], ['check', '--help']];
  // To be copied whole: shell commands, and words such as a path. A break inside would make something else of them,
  // and the terminal folds them by itself.
  const isToBeCopied = (text: string): boolean => /^\s+(sysctl|nsenter|fourtuple|ss) /.test(text) || !text.trim().includes(' ');
  const screens = [40, 80].flatMap((columns) => lines.map((args) => ({ columns, args, line: args.join(' ') })));

  it.skipIf(why !== undefined).each(screens)('$columns columns: no line of "$line" is longer', ({ columns, args }) => {
    const text = inTerminal(cli.words(args), columns);
    expect(withoutEscapes(text).trim().length).toBeGreaterThan(20);
    expect(tooWide(text, columns).filter((one) => !isToBeCopied(one))).toEqual([]);
  });

  it.skipIf(why !== undefined)('a terminal gets colour, and every colour is taken back', () => {
    const text = inTerminal(cli.words(['check']), 80);
    expect(text).toMatch(/\u001B\[1;31m/);
    const open = text.split('\n').filter((line) => (line.match(/\u001B\[(?!0m)[0-9;]+m/g)?.length ?? 0) !== (line.match(/\u001B\[0m/g)?.length ?? 0));
    expect(open).toEqual([]);
  });

  it.skipIf(why !== undefined).each([
    ['NO_COLOR', { NO_COLOR: '1' }],
    ['TERM=dumb', { TERM: 'dumb' }],
  ])('%s: no escape code in any line', (_, env) => {
    for (const args of lines) expect({ args, hasEscape: inTerminal(cli.words(args), 80, env).includes('\u001B') }).toEqual({ args, hasEscape: false });
  });

  it.skipIf(why !== undefined)('TERM=dumb: "check --watch" does not clear a screen that cannot be cleared', () => {
    const text = inTerminal(['timeout', '-s', 'INT', '1', ...cli.words(['check', '--watch', '0.3'])], 80, { TERM: 'dumb' });
    expect(text).toContain('CRITICAL');
    expect(text).not.toContain('\u001B');
  });

  it.skipIf(why !== undefined)('--no-color beats the terminal, --color beats NO_COLOR and the pipe', () => {
    expect(inTerminal(cli.words(['check', '--no-color']), 80)).not.toContain('\u001B');
    expect(cli.run(['check', '--color'], { env: { NO_COLOR: '1' } }).out).toContain('\u001B[');
    expect(cli.run(['check']).out).not.toContain('\u001B');
  });

  it.skipIf(why !== undefined)('a locale without UTF-8 gets ASCII alone', () => {
    for (const args of lines) {
      const text = inTerminal(cli.words(args), 80, { LC_ALL: 'C', LANG: 'C' });
      expect({ args, beyondAscii: /[^\u0000-\u007F]/.exec(text)?.[0] }).toEqual({ args, beyondAscii: undefined });
    }
  });
});
