import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FailedConnectCounter, type FailedConnects } from '../../src/kernel/bpf/failed-connects.ts';
import { loadLibc } from '../../src/kernel/libc.ts';
import { TracedFailedConnects } from '../../src/kernel/tracefs.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';
import { liveTestObstacle } from '../support/namespace.ts';

const program = fileURLToPath(new URL('../programs/failing-connects.py', import.meta.url));
const CLONE_NEWNS = 0x00020000;
const isLong = process.env['FOURTUPLE_LONG'] === '1';
const EACH = isLong ? 40_000 : 4000;

/** Why nothing can be counted here. */
function obstacleOf(): string | undefined {
  const other = bpfObstacle();
  if (other !== undefined) return other;
  if (spawnSync('python3', ['--version']).status !== 0) return 'python3 is not installed';
  return undefined;
}

const obstacle = obstacleOf();

/** What a descriptor is; empty for that of the folder itself, which is gone by then. */
function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

interface Told {
  readonly pid: number;
  readonly namespace: number;
  /** By `ADDRESS PORT ERRNO`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Runs programs one behind the other in a network namespace of their own. */
async function inNamespace(...runs: readonly (readonly [kind: string, count: number])[]): Promise<Told[]> {
  const script = ['ip link set lo up', ...runs.map(([kind, count]) => `python3 ${program} ${kind} ${count} &`), 'wait'].join('\n');
  const child = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  for await (const chunk of child.stdout) out += String(chunk);
  return out.trim().split('\n').map((line) => JSON.parse(line) as Told);
}

/** What programs of this machine that are none of ours fail at is not looked at. */
function counted(counter: { read(): readonly FailedConnects[] }, told: readonly Told[]): Record<string, number> {
  const pids = new Set(told.map(({ pid }) => pid));
  return Object.fromEntries(counter.read().filter(({ pid }) => pids.has(pid)).map(({ namespace, pid, command, destination, destinationPort, count }) => [`${String(namespace)} ${pid} ${command} ${destination.toString()} ${destinationPort}`, count]));
}

function expected(told: readonly Told[]): Record<string, number> {
  return Object.fromEntries(
    told.flatMap(({ pid, namespace, counts }) =>
      Object.entries(counts).map(([key, count]) => {
        const [address = '', port = ''] = key.split(' ');
        return [`${namespace} ${pid} python3 ${address.replace('::ffff:', '')} ${port}`, count] as const;
      }),
    ),
  );
}

/** Mounts tracefs for this process alone. */
function tracefsObstacle(): string | undefined {
  const other = liveTestObstacle();
  if (other !== undefined) return other;
  if (loadLibc().unshare(CLONE_NEWNS) < 0 || spawnSync('mount', ['--make-rprivate', '/']).status !== 0) return 'mounts cannot be made private';
  if (!readFileSync('/proc/self/mounts', 'latin1').includes(' tracefs ') && spawnSync('mount', ['-t', 'tracefs', 'tracefs', '/sys/kernel/tracing']).status !== 0) return 'tracefs cannot be mounted';
  return spawnSync('python3', ['--version']).status === 0 ? undefined : 'python3 is not installed';
}

const withoutTracefs = tracefsObstacle();

describe.skipIf(withoutTracefs !== undefined)(`connects that find no port, by the tracepoint's text${because(withoutTracefs)}`, () => {
  it('equal, or the losses told', { timeout: 120_000 }, async () => {
    const counter = new TracedFailedConnects();
    const instances = (): string[] => readdirSync('/sys/kernel/tracing/instances');
    expect(instances()).toHaveLength(1);
    const reading = setInterval(() => counter.read(), 20);
    try {
      const told = (await Promise.all([inNamespace(['v4', EACH], ['v6', EACH]), inNamespace(['mapped', EACH], ['threads', EACH])])).flat();
      const found = counted(counter, told);
      const sum = Object.values(found).reduce((total, count) => total + count, 0);
      console.log(`${sum.toLocaleString('en')} of ${(4 * EACH).toLocaleString('en')} failed connects read, lost: ${counter.lost}`);
      expect(sum + counter.lost).toBe(4 * EACH);
      // Neither namespace nor name of what is gone before its lines are read.
      const byPid = (counts: Record<string, number>): Record<string, number> => Object.fromEntries(Object.entries(counts).map(([key, count]) => [key.split(' ').filter((_, index) => index !== 0 && index !== 2).join(' '), count]));
      expect(counter.lost > 0 ? {} : byPid(found)).toEqual(counter.lost > 0 ? {} : byPid(expected(told)));
      expect([...told.map(({ namespace }) => String(namespace)), 'undefined']).toEqual(expect.arrayContaining(Object.keys(found).map((key) => key.split(' ')[0])));
    } finally {
      clearInterval(reading);
      counter.close();
    }
    expect(instances()).toEqual([]);
  });

  it('what a killed process left is swept', () => {
    const dead = spawnSync('true').pid;
    mkdirSync(`/sys/kernel/tracing/instances/fourtuple-${dead}-0`);
    const counter = new TracedFailedConnects();
    expect(existsSync(`/sys/kernel/tracing/instances/fourtuple-${dead}-0`)).toBe(false);
    counter.close();
  });
});

describe.skipIf(obstacle !== undefined)(`connects that find no port${because(obstacle)}`, () => {
  it(`${(5 * EACH).toLocaleString('en')} of five programs in three namespaces, each counted as the program counts`, { timeout: 300_000 }, async () => {
    const counter = new FailedConnectCounter();
    try {
      const told = (await Promise.all([inNamespace(['v4', EACH], ['v6', EACH]), inNamespace(['mapped', EACH], ['bound', EACH]), inNamespace(['threads', EACH])])).flat();
      expect(told).toHaveLength(5);
      expect(new Set(told.map(({ namespace }) => namespace)).size).toBe(3);
      expect(told.flatMap(({ counts }) => Object.keys(counts)).filter((key) => !key.endsWith('EADDRNOTAVAIL'))).toEqual([]);
      const found = counted(counter, told);
      expect(found).toEqual(expected(told));
      expect(Object.values(found).reduce((sum, count) => sum + count, 0)).toBe(5 * EACH);
      expect(counter.lost).toBe(0);
      console.log(`${Object.values(found).reduce((sum, count) => sum + count, 0).toLocaleString('en')} failed connects counted, in ${Object.keys(found).length} tuples and processes; lost: ${counter.lost}`);
      const sources = new Set(counter.read().filter(({ pid }) => told.some((one) => one.pid === pid)).map(({ source }) => source.toString()));
      expect(sources).toContain('127.0.0.9');
    } finally {
      counter.close();
    }
  });

  it('of 10,000 that are refused or given up none is counted', { timeout: 120_000 }, async () => {
    const counter = new FailedConnectCounter();
    try {
      const told = await inNamespace(['refused', 5000], ['given-up', 5000]);
      expect(told.flatMap(({ counts }) => Object.values(counts)).reduce((sum, count) => sum + count, 0)).toBe(10_000);
      expect(counted(counter, told)).toEqual({});
    } finally {
      counter.close();
    }
  });

  it('nothing of it stays when it is closed', () => {
    const ofBpf = (): string[] => readdirSync('/proc/self/fd').map((fd) => targetOf(fd)).filter((target) => target.startsWith('anon_inode:bpf'));
    expect(ofBpf()).toEqual([]);
    const counter = new FailedConnectCounter();
    expect(ofBpf().sort()).toEqual(['anon_inode:bpf-map', 'anon_inode:bpf-map', 'anon_inode:bpf_link']);
    counter.close();
    expect(ofBpf()).toEqual([]);
  });
});
