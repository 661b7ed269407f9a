import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cgroupRoot } from '../../src/kernel/cgroups.ts';
import { because } from '../support/because.ts';
import { InstalledCli, type CliOptions, type CliResult } from '../support/installed-cli.ts';
import { programObstacle } from '../support/programs.ts';
import { spreadObstacle } from '../support/spread-obstacle.ts';
import { destinations, enterSpreadNamespace, fronts, HoldingServers, sources } from '../support/spread-world.ts';
import { until } from '../support/wait.ts';

const obstacle = spreadObstacle() ?? programObstacle('python3');
const [first] = destinations;
const FROM = `${sources[0]}-${sources[3]}`;

const ASK = { host: fronts[0], port: 7000 } as const;

/** Connects whenever it is called, and tells the caller from where. */
const asker = `
import os, socket
L = socket.create_server(('${ASK.host}', ${ASK.port}), backlog=50)
while True:
  c = L.accept()[0]
  s = socket.create_connection(('${first}', 8080)); c.sendall(s.getsockname()[0].encode()); s.close(); c.close()
`;
/** The same, with every descriptor above 2 closed first. */
const closer = `import os; os.closerange(3, 1000)\n${asker}`;

/** From where the program connects next; it may still be starting. */
async function source(): Promise<string> {
  for (;;) {
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      connect(ASK).on('data', (bytes) => (text += String(bytes))).on('error', () => resolve('')).on('close', () => resolve(text));
    });
    if (answer !== '') return answer;
    await setTimeout(10);
  }
}

/** Runs a command on a terminal of its own, types ^C so many milliseconds after it had that, and prints by which signal it ended. */
const interrupter = `
import os, pty, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
pid, fd = pty.fork()
if pid == 0:
  os.write(1, b'.')
  os.execv(sys.argv[2], sys.argv[2:])
os.read(fd, 1)
time.sleep(int(sys.argv[1]) / 1000)
os.write(fd, b'\\x03')
status = os.waitpid(pid, 0)[1]
print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 'exit code %d' % os.WEXITSTATUS(status))
`;

interface SpreadDocument {
  readonly spreads: readonly { readonly pid: number; readonly command: string | null; readonly cgroup: string | null; readonly addresses: readonly { readonly connects: number }[] }[];
  readonly left: { readonly addresses: readonly { readonly address: string }[]; readonly cgroups: readonly string[] };
}

describe.skipIf(obstacle !== undefined)(`fourtuple spread${because(obstacle)}`, () => {
  let cli: InstalledCli;
  let folder = '';
  let journal: readonly string[] = [];
  let servers: HoldingServers;
  const started: ChildProcess[] = [];

  beforeAll(() => {
    cli = new InstalledCli();
    folder = mkdtempSync(join(tmpdir(), 'fourtuple-spread-'));
    journal = ['--journal', join(folder, 'journal.jsonl')];
  }, 240_000);
  beforeEach(async () => {
    enterSpreadNamespace();
    servers = await HoldingServers.listen(destinations);
  });
  afterEach(async () => {
    for (const child of started.splice(0)) {
      const cgroup = join(cgroupRoot()!, `fourtuple-${child.pid}`);
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      // What it ran goes on without it.
      if (existsSync(cgroup)) writeFileSync(join(cgroup, 'cgroup.kill'), '1');
    }
    servers.close();
  });
  afterAll(() => {
    cli.close();
    rmSync(folder, { recursive: true });
  });

  const spread = (args: readonly string[], options?: CliOptions): CliResult => cli.run(['spread', ...args], options);
  const status = (): SpreadDocument => cli.json(['spread', 'status', ...journal]).document as SpreadDocument;
  /** Addresses of this namespace's loopback interface. */
  const addresses = (): string => spawnSync('ip', ['-brief', 'address'], { encoding: 'utf8' }).stdout;

  function start(file: string, words: readonly string[]): ChildProcess {
    const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    return child;
  }

  /** Runs the program inside of a spread. */
  function ask(args: readonly string[], program = asker): ChildProcess {
    const [file, ...words] = cli.words(['spread', ...args, '--', 'python3', '-c', program]);
    return start(file!, words);
  }

  /** The process that a spread runs. */
  function programOf({ pid }: ChildProcess): number {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  }

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown[]> {
    const ended = once(child, 'exit');
    child.kill(signal);
    return ended;
  }

  describe('passes on', () => {
    it.each([[0], [1], [7], [255]])('exit code %i', (code) => {
      expect(spread(['--from', FROM, '--', 'sh', '-c', `echo out; echo err >&2; exit ${code}`])).toEqual({ code, signal: null, out: 'out\n', err: 'err\n' });
    });

    it.each(['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGSEGV', 'SIGABRT'])('an end by %s', (signal) => {
      const { code, signal: seen } = spread(['--from', FROM, '--', 'sh', '-c', `ulimit -c 0; kill -${signal.slice(3)} $$`]);
      expect({ code, seen }).toEqual({ code: null, seen: signal });
    });

    it('standard input, and arguments as they are', () => {
      expect(spread(['--from', FROM, '--', 'sh', '-c', 'cat; printf "[%s]" "$@"', 'x', '--from', '', 'a  b', '--'], { input: 'in' }).out).toBe('in[--from][][a  b][--]');
    });

    it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT'] as const)('%s that it gets', async (signal) => {
      const child = cli.start(['spread', '--from', FROM, '--', 'sh', '-c', `trap 'echo got; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`]);
      started.push(child);
      let out = '';
      child.stdout!.on('data', (bytes: Buffer) => (out += String(bytes)));
      await until('the trap to be set', () => out.includes('ready'));
      const ended = once(child, 'exit');
      child.kill(signal);
      expect([...(await ended), out]).toEqual([9, null, 'ready\ngot\n']);
    });

    // The earliest that a command can tell: it sends it, as the first thing it does.
    it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT'] as const)('%s that it gets while the command starts', (signal) => {
      const name = signal.slice(3);
      expect(spread(['--from', FROM, '--', 'sh', '-c', `trap 'exit 9' ${name}; kill -${name} $PPID; for i in $(seq 500); do sleep 0.01; done; exit 1`])).toEqual({ code: 9, signal: null, out: '', err: '' });
    });
  });

  // Whichever moment it is: before it listens, while it sets up, while the command starts.
  it.each(Array.from({ length: 16 }, (_, index) => index * 20))('a signal %i ms after its start leaves nothing behind', async (delayMs) => {
    const before = addresses();
    const child = cli.start(['spread', '--from', '198.51.100.7', '--add-addresses', 'lo', '--journal', join(folder, 'signals.jsonl'), '--', 'sleep', '60']);
    started.push(child);
    let err = '';
    child.stderr!.on('data', (bytes: Buffer) => (err += String(bytes)));
    const ended = once(child, 'close');
    await setTimeout(delayMs);
    child.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(err).toMatch(/^(fourtuple: added to lo, to be removed at the end: 198\.51\.100\.7\/32\n)?$/);
    expect(addresses()).toBe(before);
    expect(existsSync(join(cgroupRoot()!, `fourtuple-${child.pid}`))).toBe(false);
  });

  it.each(Array.from({ length: 16 }, (_, index) => index * 20))('a ^C %i ms after its start ends it and the command', (delayMs) => {
    const { status, stdout } = spawnSync('python3', ['-c', interrupter, String(delayMs), ...cli.words(['spread', '--from', FROM, '--', 'sleep', '60'])], { encoding: 'utf8', timeout: 30_000 });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '2\n' });
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['no such program', ['--', 'no-such-program'], 127, /^The command "no-such-program" cannot be run \(ENOENT\)\. There is none of that name\.\n$/],
    ['no program', ['--', '/etc/passwd'], 126, /^The command "\/etc\/passwd" cannot be run \(EACCES\)/],
    ['an address of somebody else', ['--from', '198.51.100.1', '--', 'true'], 1, /^This host has not got 198\.51\.100\.1\. .*--add-addresses DEV\n$/],
    ['addresses of somebody else', ['--from', '198.51.100.1-198.51.100.3', '--', 'true'], 1, /^This host has not got 3 of the 7 addresses, 198\.51\.100\.1 among them\./],
    ['no command', [], 64, /nothing to spread/],
    ['both', ['--attach', '/', '--', 'true'], 64, /takes no command/],
    ['--json', ['--json', '--', 'true'], 64, /standard output is the command's/],
    ['--for', ['--for', '3s', '--', 'true'], 64, /a command ends by itself/],
    ['no process', ['--attach', '999999999'], 1, /^There is no process 999999999\./],
    ['no unit', ['--attach', 'no-such.service'], 1, /^No cgroup is named "no-such\.service"\./],
    ['no path', ['--attach', '/no/such'], 1, /^There is no cgroup \/no\/such\./],
    ['no interface', ['--from', '198.51.100.1', '--add-addresses', 'nosuch0', '--', 'true'], 1, /^There is no interface "nosuch0"/],
    ['no journal', ['--from', '198.51.100.1', '--add-addresses', 'lo', '--journal', '/dev/full', '--', 'true'], 1, /^Nothing was done, since the journal \/dev\/full cannot be written/],
  ])('%s: one clear sentence', (_, args, code, text) => {
    const { code: seen, err } = spread(['--from', FROM, ...args]);
    expect(err).toMatch(text);
    expect(seen).toBe(code);
    expect(addresses()).not.toContain('198.51.100.1');
    expect(status()).toMatchObject({ spreads: [], left: { addresses: [], cgroups: [] } });
  });

  it('without privileges: what it takes', () => {
    const { code, err } = spread(['--from', FROM, '--', 'true'], { through: ['setpriv', '--reuid', '65534', '--clear-groups', '--'] });
    expect(code).toBe(1);
    expect(err).toMatch(/cgroup is needed.*EACCES.*Run it as root/);
  });

  it('adds addresses, writes it down, and takes them away', () => {
    const added = '198.51.100.1-198.51.100.3,2001:db8:1::1';
    const { code, out, err } = spread(['--from', `${added},${sources[0]}`, '--add-addresses', 'lo', ...journal, '--stats', '--', 'python3', '-c', `
import socket
print(*[socket.create_connection(('${first}', 8080)).getsockname()[0] for _ in range(4)])
`]);
    expect({ code, out }).toEqual({ code: 0, out: `198.51.100.1 198.51.100.2 198.51.100.3 ${sources[0]}\n` });
    expect(err).toContain('added to lo, to be removed at the end: 198.51.100.1/32, 198.51.100.2/32, 198.51.100.3/32, 2001:db8:1::1/128');
    expect(err).toMatch(/198\.51\.100\.2 +1 +25\.0 % +0/);
    expect(addresses()).not.toMatch(/198\.51\.100|db8:1::/);
    expect(addresses()).toContain(sources[0]);
    const phases = readFileSync(journal[1]!, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { command: string[]; phase: string; deeds: { what: string; outcome?: string }[] });
    expect(phases.map(({ command, phase, deeds }) => `${command[1]} ${phase} ${deeds.map(({ what, outcome }) => `${what}${outcome === undefined ? '' : ` ${outcome}`}`).join(', ')}`)).toEqual([
      'add-addresses begin 198.51.100.1, 198.51.100.2, 198.51.100.3, 2001:db8:1::1',
      'add-addresses end 198.51.100.1 done, 198.51.100.2 done, 198.51.100.3 done, 2001:db8:1::1 done',
      'remove-addresses begin 198.51.100.1, 198.51.100.2, 198.51.100.3, 2001:db8:1::1',
      'remove-addresses end 198.51.100.1 done, 198.51.100.2 done, 198.51.100.3 done, 2001:db8:1::1 done',
    ]);
  });

  it('status while it runs, by whoever asks; nothing afterwards', async () => {
    const asked = ask(['--from', FROM]);
    for (const wanted of sources) expect(await source()).toBe(wanted);
    expect(status().spreads).toMatchObject([{ pid: asked.pid, addresses: sources.map(() => ({ connects: 1 })) }]);
    const text = spread(['status']).out;
    expect(text).toMatch(new RegExp(`^/.*fourtuple-${asked.pid}: for \\d+ s, by node/${asked.pid}\\n`));
    expect(text).toContain('4 connects spread over 4 addresses');
    await end(asked, 'SIGTERM');
    expect(status()).toMatchObject({ spreads: [], left: { cgroups: [] } });
  });

  describe('when something dies', () => {
    it('fourtuple: the program and its spread go on; nothing is left when it ends but what clean takes away', async () => {
      const asked = ask(['--from', '198.51.100.1-198.51.100.2', '--add-addresses', 'lo', ...journal]);
      expect(await source()).toBe('198.51.100.1');
      const program = programOf(asked);
      await end(asked, 'SIGKILL');
      expect(await source()).toBe('198.51.100.2');
      expect(status()).toMatchObject({ spreads: [{ pid: asked.pid, command: null, addresses: [{ connects: 1 }, { connects: 1 }] }], left: { addresses: [], cgroups: [] } });
      // Its addresses are in use: they are not taken away.
      expect(spread(['clean', '--yes', ...journal]).out).toBe('Nothing is left of any spread.\n');
      expect(addresses()).toContain('198.51.100.2');
      process.kill(program, 'SIGKILL');
      await until('the program to be gone', () => !existsSync(`/proc/${program}`));
      await until('the cgroup to be empty', () => status().left.cgroups.length === 1);
      const { left, spreads } = status();
      expect({ spreads, addresses: left.addresses.map(({ address }) => address) }).toEqual({ spreads: [], addresses: ['198.51.100.1', '198.51.100.2'] });
      expect(spread(['clean', ...journal])).toMatchObject({ code: 0, out: expect.stringContaining('198.51.100.1 on lo, added by process') as string });
      expect(addresses()).toContain('198.51.100.2');
      expect(spread(['clean', '--yes', ...journal]).code).toBe(0);
      expect(addresses()).not.toContain('198.51.100');
      expect(status().left).toEqual({ addresses: [], cgroups: [] });
    });

    it('fourtuple, and the program has closed all descriptors: it goes on, from the host\'s own address', async () => {
      const asked = ask(['--from', FROM], closer);
      // As long as fourtuple is there, the spread is.
      expect([await source(), await source()]).toEqual([sources[0], sources[1]]);
      await end(asked, 'SIGKILL');
      await until('the spread to end', () => status().spreads.length === 0);
      expect(await source()).toBe(first);
    });

    it('the program: fourtuple ends as it did, and leaves nothing', async () => {
      const asked = ask(['--from', '198.51.100.1', '--add-addresses', 'lo', ...journal]);
      expect(await source()).toBe('198.51.100.1');
      const ended = once(asked, 'exit');
      process.kill(programOf(asked), 'SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
      expect(addresses()).not.toContain('198.51.100.1');
      expect(status()).toMatchObject({ spreads: [], left: { addresses: [], cgroups: [] } });
    });

    it('an address: connections come from the others, each as often', async () => {
      const asked = ask(['--from', FROM]);
      expect(await source()).toBe(sources[0]);
      spawnSync('ip', ['address', 'delete', `${sources[1]}/32`, 'dev', 'lo']);
      const seen = new Map<string, number>();
      for (let index = 0; index < 12; index++) {
        const one = await source();
        seen.set(one, (seen.get(one) ?? 0) + 1);
      }
      expect([...seen.keys()].sort()).toEqual([sources[0], sources[2], sources[3]]);
      expect(Math.max(...seen.values()) - Math.min(...seen.values())).toBeLessThanOrEqual(1);
      expect(await end(asked, 'SIGTERM')).toEqual([null, 'SIGTERM']);
    });

    it('processes that the command leaves behind keep their spread and their addresses', async () => {
      const { code, err } = spread(['--from', '198.51.100.1', '--add-addresses', 'lo', ...journal, '--', 'sh', '-c', 'setsid sleep 60 >/dev/null 2>&1 & echo $! >&2']);
      expect(code).toBe(0);
      expect(err).toContain('goes on from these addresses, which stay on lo: 198.51.100.1/32');
      expect(status().spreads).toMatchObject([{ command: null }]);
      process.kill(Number(/^(\d+)$/m.exec(err)![1]), 'SIGKILL');
      await until('the cgroup to be empty', () => status().left.cgroups.length === 1);
      expect(spread(['clean', '--yes', ...journal]).code).toBe(0);
      expect(addresses()).not.toContain('198.51.100.1');
    });
  });

  describe('--attach', () => {
    const name = `ft-test-${process.pid}.service`;
    let directory = '';
    let program: ChildProcess;

    beforeEach(() => {
      directory = join(cgroupRoot()!, name);
      mkdirSync(directory);
      program = start('python3', ['-c', asker]);
    });
    afterEach(async () => {
      program.kill('SIGKILL');
      await until('the cgroup to be removed', () => {
        try {
          if (existsSync(directory)) rmdirSync(directory);
          return true;
        } catch {
          return false;
        }
      });
    });

    it.each<[string, () => string]>([
      ['a unit', () => name],
      ['a unit without its ending', () => name.replace('.service', '')],
      ['a process', () => String(program.pid)],
      ['a path', () => `/${name}`],
      ['the directory', () => directory],
    ])('%s: what runs already is spread, until Ctrl-C', async (_, word) => {
      writeFileSync(join(directory, 'cgroup.procs'), String(program.pid));
      expect(await source()).toBe(first);
      const attached = cli.start(['spread', '--from', FROM, '--attach', word(), '--json']);
      started.push(attached);
      let document = '';
      attached.stdout!.on('data', (bytes: Buffer) => (document += String(bytes)));
      await until('it to be attached', () => status().spreads.length === 1);
      expect([await source(), await source()]).toEqual([sources[0], sources[1]]);
      expect(await end(attached, 'SIGINT')).toEqual([0, null]);
      expect(await source()).toBe(first);
      expect(JSON.parse(document)).toMatchObject({ schema: 'fourtuple.spread/1', spreads: [{ pid: attached.pid, cgroup: `/${name}`, addresses: [{ connects: 1 }, { connects: 1 }, { connects: 0 }, { connects: 0 }] }] });
    });

    it('the cgroup goes: it says so and ends', async () => {
      const attached = cli.start(['spread', '--from', FROM, '--attach', name]);
      started.push(attached);
      let err = '';
      attached.stderr!.on('data', (bytes: Buffer) => (err += String(bytes)));
      await until('it to be attached', () => status().spreads.length === 1);
      const ended = once(attached, 'exit');
      rmdirSync(directory);
      expect(await ended).toEqual([0, null]);
      expect(err).toContain(`the cgroup /${name} is gone`);
    });

    it('fourtuple is killed: what runs goes on from its own address', async () => {
      writeFileSync(join(directory, 'cgroup.procs'), String(program.pid));
      const attached = cli.start(['spread', '--from', FROM, '--attach', name]);
      started.push(attached);
      await until('it to be attached', () => status().spreads.length === 1);
      expect(await source()).toBe(sources[0]);
      await end(attached, 'SIGKILL');
      await until('it to be detached', () => status().spreads.length === 0);
      expect(await source()).toBe(first);
    });
  });
});
