import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadLibc } from '../../src/kernel/libc.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';
import { InstalledCli } from '../support/installed-cli.ts';
import { until } from '../support/wait.ts';

const CLONE_NEWNS = 0x00020000;
const program = fileURLToPath(new URL('../programs/failing-connects.py', import.meta.url));

function obstacleOf(): string | undefined {
  const other = bpfObstacle();
  if (other !== undefined) return other;
  if (spawnSync('python3', ['--version']).status !== 0) return 'python3 is not installed';
  if (loadLibc().unshare(CLONE_NEWNS) < 0 || spawnSync('mount', ['--make-rprivate', '/']).status !== 0) return 'mounts cannot be made private';
  if (spawnSync('mount', ['-t', 'tracefs', 'tracefs', '/sys/kernel/tracing']).status !== 0) return 'tracefs cannot be mounted';
  return undefined;
}

const obstacle = obstacleOf();
const withoutBpftool = spawnSync('bpftool', ['version']).status === 0 ? undefined : 'bpftool is not installed';

interface WatchDocument {
  readonly mechanism: string;
  readonly failures: readonly { readonly namespace: number | null; readonly destination: string; readonly destinationPort: number; readonly process: { readonly pid: number; readonly command: string }; readonly total: number; readonly recent: number }[];
  readonly tuples: readonly { readonly namespace: number; readonly noPort: number }[] | null;
  readonly lost: number;
  readonly binds: readonly { readonly namespace: number; readonly address: string; readonly port: number; readonly errno: string; readonly total: number; readonly process: { readonly pid: number; readonly command: string } }[] | null;
}

/** BPF links that a process holds. */
function linksOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === 'anon_inode:bpf_link';
    } catch {
      return false;
    }
  }).length;
}

describe.skipIf(obstacle !== undefined)(`fourtuple watch${because(obstacle)}`, () => {
  let cli: InstalledCli;
  beforeAll(() => {
    cli = new InstalledCli();
  }, 240_000);
  afterAll(() => cli.close());

  /** Watches while a program in a namespace of its own fails so often. @returns what the program says of itself, and what watch printed */
  async function watched(args: readonly string[], failures: number): Promise<{ told: { pid: number; namespace: number }; out: string; code: number | null }> {
    const watch = spawn(process.execPath, [cli.script, 'watch', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    watch.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const ended = once(watch, 'exit');
    // It counts from its first picture on, at the latest; and when both of its programs are linked.
    if (args.includes('--jsonl')) await once(watch.stdout, 'data');
    else await until('the counting to begin', () => linksOf(watch.pid!) === 2);
    const { stdout } = spawnSync('unshare', ['--net', 'sh', '-c', `ip link set lo up; python3 ${program} v4 ${failures}`], { encoding: 'utf8' });
    const told = JSON.parse(stdout) as { pid: number; namespace: number };
    const seen = (): number => out.trim().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as WatchDocument).at(-1)?.failures.filter(({ process: one }) => one.pid === told.pid).reduce((sum, { total }) => sum + total, 0) ?? 0;
    while (args.includes('--jsonl') && seen() < failures) await once(watch.stdout, 'data');
    if (args.includes('--jsonl')) watch.kill('SIGINT');
    const [code] = (await ended) as [number | null];
    return { told, out, code };
  }

  it.each(['bpf', 'tracefs'])('counts what a program fails at, by %s, and ends by Ctrl-C', { timeout: 60_000 }, async (mechanism) => {
    const { told, out, code } = await watched(['--jsonl', '--interval', '100ms', '--mechanism', mechanism], 2000);
    const last = JSON.parse(out.trim().split('\n').at(-1)!) as WatchDocument;
    const own = last.failures.filter(({ process: one }) => one.pid === told.pid);
    expect({ code, mechanism: last.mechanism, lost: last.lost, sum: own.reduce((sum, { total }) => sum + total, 0), rows: own.length }).toEqual({ code: 0, mechanism, lost: 0, sum: 2000, rows: 20 });
    expect(mechanism === 'bpf' ? ['python3'] : ['python3', '?']).toContain(own[0]?.process.command);
    // Of a process that is gone by then the text does not say it.
    expect(mechanism === 'bpf' ? [told.namespace] : [told.namespace, null]).toContain(own[0]?.namespace);
    expect((last.tuples === null) === (mechanism === 'tracefs')).toBe(true);
  });

  it('one document of a time that ends; a table for people', { timeout: 60_000 }, async () => {
    const { told, out, code } = await watched(['--for', '3s', '--json'], 1000);
    const document = JSON.parse(out) as WatchDocument;
    expect({ code, sum: document.failures.filter(({ process: one }) => one.pid === told.pid).reduce((sum, { recent }) => sum + recent, 0) }).toEqual({ code: 0, sum: 1000 });
    expect(document.tuples?.filter(({ namespace }) => namespace === told.namespace).reduce((sum, { noPort }) => sum + noPort, 0)).toBe(1000);
    const table = await watched(['--for', '3s', '--top', '1000'], 1000);
    expect(table.out).toMatch(new RegExp(`:many (?:->|→) 127\\.0\\.0\\.1:7000\\s+python3/${table.told.pid}\\s.*\\s50\\n`));
  });

  it('--binds: bind() calls that fail, by address, errno and process; nothing of it stays', { timeout: 60_000 }, async () => {
    const script = `
import socket, os, sys
sys.stdin.readline()
keep = socket.socket(); keep.bind(('127.0.0.1', 5001)); keep.listen()
def fail(times, family, address):
  for _ in range(times):
    s = socket.socket(family)
    try: s.bind(address)
    except OSError: pass
    s.close()
fail(300, socket.AF_INET, ('127.0.0.1', 5001))
fail(200, socket.AF_INET6, ('::ffff:127.0.0.1', 5001))
fail(100, socket.AF_INET, ('198.51.100.1', 0))
fail(50, socket.AF_INET6, ('2001:db8::7', 80))
fail(500, socket.AF_INET, ('127.0.0.1', 0))
fail(20, socket.AF_UNIX, '/nonexistent/x')
sys.stdout.write(f"{os.getpid()} {os.stat('/proc/self/ns/net').st_ino}\\n"); sys.stdout.flush()
sys.stdin.readline()
`;
    const program = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up; exec python3 -c "$0"', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const watch = spawn(process.execPath, [cli.script, 'watch', '--binds', '--jsonl', '--interval', '100ms'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    watch.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await once(watch.stdout, 'data');
    program.stdin.write('\n');
    const [told] = (await once(program.stdout, 'data')) as [Buffer];
    const [pid, namespace] = String(told).trim().split(' ').map(Number);
    const seen = (): WatchDocument => JSON.parse(out.trim().split('\n').findLast((line) => line.endsWith('}'))!) as WatchDocument;
    const own = (): NonNullable<WatchDocument['binds']> => (seen().binds ?? []).filter(({ process: one }) => one.pid === pid);
    await until('all to be counted', () => own().reduce((sum, { total }) => sum + total, 0) >= 650);
    expect(own().map(({ address, port, errno, total, namespace: where, process: one }) => `${address} ${port} ${errno} ${total} ${where === namespace} ${one.command}`).sort()).toEqual([
      // A mapped address is the same.
      '127.0.0.1 5001 EADDRINUSE 500 true python3',
      '198.51.100.1 0 EADDRNOTAVAIL 100 true python3',
      '2001:db8::7 80 EADDRNOTAVAIL 50 true python3',
    ].sort());
    expect(seen().lost).toBe(0);
    program.stdin.end('\n');
    const ended = once(watch, 'exit');
    watch.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    const table = cli.run(['watch', '--binds', '--once', '--interval', '100ms']).out;
    expect(table).toMatch(/No bind\(\) failed\.[^]*limit: While failing bind\(\) calls are counted/);
  });

  it('check --watch makes a finding of it', { timeout: 60_000 }, () => {
    const shell = `ip link set lo up; "$0" "$1" check --watch 0.5 --json & watch=$!; sleep 1; python3 ${program} v4 1000 >/dev/null; sleep 1; kill -INT $watch; wait $watch; echo "exit $?"`;
    const { stdout } = spawnSync('unshare', ['--net', 'sh', '-c', shell, process.execPath, cli.script], { encoding: 'utf8' });
    const findings = stdout.trim().split('\n').filter((line) => line.startsWith('{')).flatMap((line) => (JSON.parse(line) as { findings: { id: string; severity: string; title: string; evidence: { name: string; value: number }[] }[] }).findings).filter(({ id }) => id === 'connects-without-port');
    expect(findings.reduce((sum, { evidence }) => sum + evidence.find(({ name }) => name === 'failures')!.value, 0)).toBeGreaterThanOrEqual(500);
    expect(findings[0]).toMatchObject({ severity: 'critical', title: expect.stringMatching(/^\d+ connects found no port in the last [01]\.\d s: \S+:many → 127\.0\.0\.\d+:700[012]$/) as string });
  });

  it('check --watch does not count what it asks the kernel itself', { timeout: 60_000 }, () => {
    const held = "import socket, time; L = socket.create_server(('127.0.0.1', 7000), backlog=50); k = [socket.create_connection(('127.0.0.1', 7000), source_address=('127.0.0.2', 0)) for _ in range(20)]; time.sleep(30)";
    const shell = `ip link set lo up; python3 -c "${held}" & holder=$!; sleep 0.5; timeout -s INT 2 "$0" "$1" check --watch 0.3 --probe all --json; kill $holder`;
    const { stdout } = spawnSync('unshare', ['--net', 'sh', '-c', shell, process.execPath, cli.script], { encoding: 'utf8' });
    const documents = stdout.trim().split('\n').map((line) => JSON.parse(line) as { findings: { id: string }[]; namespaces: { poisoned: { evidence: string; ports: number }[] }[] });
    expect(documents.length).toBeGreaterThan(1);
    expect(documents[0]!.namespaces[0]!.poisoned).toMatchObject([{ evidence: 'probed', ports: 20 }]);
    expect(documents.flatMap(({ findings }) => findings).map(({ id }) => id)).not.toContain('connects-without-port');
  });

  it('as an ordinary user: says what is missing, and what it takes', () => {
    const { code, err, out } = cli.run(['watch', '--once'], { through: ['setpriv', '--reuid', '65534', '--clear-groups', '--'] });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/CAP_BPF.*CAP_PERFMON|EPERM/);
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(4);
  });

  it('with CAP_BPF and CAP_PERFMON alone: counts by BPF', () => {
    const capabilities = '+bpf,+perfmon';
    const { code, out } = cli.run(['watch', '--once', '--interval', '100ms', '--json'], { through: ['setpriv', '--reuid', '65534', '--clear-groups', '--inh-caps', capabilities, '--ambient-caps', capabilities, '--'] });
    expect({ code, mechanism: (JSON.parse(out) as WatchDocument).mechanism }).toEqual({ code: 0, mechanism: 'bpf' });
  });

  it.skipIf(withoutBpftool !== undefined)(`a SIGKILL leaves nothing in the kernel${because(withoutBpftool)}`, { timeout: 60_000 }, async () => {
    const programs = (): string[] => JSON.parse(spawnSync('bpftool', ['prog', 'show', '--json'], { encoding: 'utf8' }).stdout || '[]').filter(({ name }: { name?: string }) => name?.startsWith('fourtuple_')) as string[];
    // The kernel lets go of a program after a grace period: those of the tests before may still be there.
    await until('no program to be left', () => programs().length === 0);
    const watch = spawn(process.execPath, [cli.script, 'watch', '--jsonl', '--interval', '100ms'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(watch.stdout, 'data');
    expect(programs()).toHaveLength(2);
    watch.kill('SIGKILL');
    await once(watch, 'exit');
    await until('no program to be left', () => programs().length === 0);
  });
});
