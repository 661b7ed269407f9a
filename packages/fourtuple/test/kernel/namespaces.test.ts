import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, promises, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLONE_NEWNET, loadLibc } from '../../src/kernel/libc.ts';
import { currentNamespaceInode, findNamespaces, type FoundNamespace, type NamespaceHolder as Holder } from '../../src/kernel/index.ts';
import { findHolders, loadBpfReaders, measureHostSteps, runSteps, runStepsSliced, takeSnapshot, type HostMeasurement, type MeasureOptions } from '../../src/observe/index.ts';
import { because } from '../support/because.ts';
import { InstalledCli, type CliAnswer } from '../support/installed-cli.ts';
import { liveTestObstacle, loopbackUp } from '../support/namespace.ts';
import { NamespaceHolder, type HeldNamespace } from '../support/namespace-holder.ts';
import { stillAlive, tieTo, vethObstacle } from '../support/veths.ts';
import { until } from '../support/wait.ts';

await loadBpfReaders();

const CLONE_NEWNS = 0x00020000;
const SERVER_PORT = 80;
const kinds: readonly Holder[] = ['process', 'thread', 'mount', 'descriptor'];
const EACH = 10;
/** The kernel destroys namespaces one batch after another, those of everybody: a large one goes first. */
const DESTROY_MS = 50_000;
const options: MeasureOptions = { owners: 'none', probes: 'all' };

const obstacle = liveTestObstacle() ?? namespaceObstacle();

/** Moves into a namespace of this file's own, for sockets and mounts: whatever is left over dies with the process. */
function namespaceObstacle(): string | undefined {
  const libc = loadLibc();
  if (libc.unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) return 'making namespaces is not permitted';
  loopbackUp();
  if (spawnSync('mount', ['--make-rprivate', '/']).status !== 0) return 'mounts cannot be made private';
  return vethObstacle();
}

const held: HeldNamespace[] = [];
const holders: NamespaceHolder[] = [];
let folder = '';
let cli: InstalledCli;

const inodesOf = (namespaces: readonly { readonly inode: number }[]): number[] => namespaces.map(({ inode }) => inode);
const ours = (namespaces: readonly FoundNamespace[]): FoundNamespace[] => namespaces.filter(({ inode }) => held.some((one) => one.inode === inode));

/** Every kind in both holders: the second has mounts of its own, so that its paths lead through /proc/PID/root. */
async function holdAll(): Promise<void> {
  for (let number = 0; number < kinds.length * EACH; number++) {
    const population = { connections: 1 + (number % 5), timeWait: number % 4, bound: number % 3, udp: number % 2 };
    held.push(await holders[number % 2]!.make(kinds[number % kinds.length]!, population, join(folder, `net-${number}`)));
  }
}

beforeAll(async () => {
  if (obstacle !== undefined) return;
  // The threads of libuv's pool are made at their first use, in the namespace of that moment.
  await promises.stat('/');
  cli = new InstalledCli();
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-namespaces-'));
  holders.push(new NamespaceHolder(), new NamespaceHolder(true));
  await holdAll();
  tieTo(held);
});

afterAll(async () => {
  for (const holder of holders) await holder.close();
  if (obstacle !== undefined) return;
  cli.close();
  rmSync(folder, { recursive: true, force: true });
});

describe(`${kinds.length * EACH} namespaces, ${EACH} held by each of ${kinds.join(', ')} alone${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('findNamespaces() sees them all, and what holds each', () => {
    const { namespaces } = findNamespaces();
    const found = new Map(namespaces.map((namespace) => [namespace.inode, namespace]));
    expect(held.map(({ inode, kind }) => `${kind} ${inode}`)).toEqual(held.map(({ inode }) => `${found.get(inode)?.heldBy ?? 'not found'} ${inode}`));
    expect(inodesOf(namespaces)).toContain(currentNamespaceInode());
    expect(namespaces[0]!.name).toBe('host');
    expect(new Set(inodesOf(namespaces)).size).toBe(namespaces.length);
  });

  it.skipIf(obstacle !== undefined)('measureHostSteps() counts the population of each, and the tuple in it', () => {
    expect(described(runSteps(measureHostSteps(ours(findNamespaces().namespaces), options, new Date())))).toEqual(held.map(expected).toSorted());
  });

  it.skipIf(obstacle !== undefined)('measureHostSteps(), with turns of the event loop between, confuses none with another', async () => {
    const namespaces = ours(findNamespaces().namespaces);
    const [first, second] = await Promise.all([runStepsSliced(measureHostSteps(namespaces, options, new Date()), 0), runStepsSliced(measureHostSteps(namespaces.toReversed(), options, new Date()), 0)]);
    expect(described(first)).toEqual(held.map(expected).toSorted());
    expect(described(second)).toEqual(held.map(expected).toSorted());
  });

  it.skipIf(obstacle !== undefined)('the command "ports -A --json" shows them', () => {
    const { document, code } = cli.json(['ports', '-A', '--owners', 'none', '--probe', 'none']) as CliAnswer<PortsDocument>;
    expect(code).toBe(0);
    const shown = document.namespaces
      .filter(({ inode }) => held.some((one) => one.inode === inode))
      .map(({ inode, sockets }) => describeCounts(inode, sockets, connectionsOf(document.tuples.filter((tuple) => tuple.namespace === inode))));
    expect(shown.toSorted()).toEqual(held.map(expected).toSorted());
  });

  it.skipIf(obstacle !== undefined)('the command "who" finds the listener of each', () => {
    const { document } = cli.json(['who', String(SERVER_PORT), '--probe', 'none']) as CliAnswer<{ holders: { namespace: number; state: string }[] }>;
    const listening = new Set(document.holders.filter(({ state }) => state === 'listening').map(({ namespace }) => namespace));
    expect(inodesOf(held).filter((inode) => !listening.has(inode))).toEqual([]);
  });
});

describe(`namespaces that vanish between being found and being read${because(obstacle)}`, () => {
  let gone: HeldNamespace[] = [];
  let found: FoundNamespace[] = [];

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    found = ours(findNamespaces().namespaces);
    gone = kinds.map((kind) => held.find((one) => one.kind === kind)!);
    for (const one of gone) {
      held.splice(held.indexOf(one), 1);
      await one.by.release(one);
    }
    await until('the released namespaces are destroyed', () => stillAlive(inodesOf(gone)).length === 0, DESTROY_MS);
  });

  const sentences = (): string[] => gone.map(({ inode }) => `Network namespace ${found.find((one) => one.inode === inode)!.name} (${inode}) vanished while it was read.`).toSorted();

  const vanished = (limits: readonly string[]): string[] => limits.filter((limit) => limit.startsWith('Network namespace ')).toSorted();

  it.skipIf(obstacle !== undefined)('are told as limits by measureHostSteps(), and the others are counted', () => {
    const measured = runSteps(measureHostSteps(found, options, new Date()));
    expect(vanished(measured.limits)).toEqual(sentences());
    expect(described(measured)).toEqual(held.map(expected).toSorted());
  });

  it.skipIf(obstacle !== undefined)('are told as limits by takeSnapshot(), and the others are recorded', () => {
    const snapshot = takeSnapshot(found, { owners: 'none', probes: 'none' }, new Date());
    expect(vanished(snapshot.limits)).toEqual(sentences());
    expect(new Set(snapshot.namespaces.map(({ id }) => id.inode))).toEqual(new Set(inodesOf(held)));
    expect(snapshot.namespaces).toHaveLength(held.length);
  });

  it.skipIf(obstacle !== undefined)('are told as limits by findHolders(), and the others are searched', () => {
    const { holders: sockets, limits } = findHolders(SERVER_PORT, found, { probes: 'none', source: 'auto' });
    expect(vanished(limits)).toEqual(sentences());
    expect(new Set(sockets.map(({ namespace }) => namespace.inode))).toEqual(new Set(inodesOf(held)));
  });

  it.skipIf(obstacle !== undefined)('end the reading of one alone with an error that names it', () => {
    const [one] = gone;
    expect(() => runSteps(measureHostSteps([found.find(({ inode }) => inode === one!.inode)!], options, new Date()))).toThrow(`(${one!.inode}) is gone`);
  });

  // In another process: were it to hang, it would hang for ever.
  it.skipIf(obstacle !== undefined)('do not stop us when their descriptor now names a fifo that nobody writes to', async () => {
    const one = held.find(({ kind }) => kind === 'descriptor')!;
    const fifo = join(folder, 'fifo');
    spawnSync('mkfifo', [fifo]);
    held.splice(held.indexOf(one), 1);
    await one.by.replace(one, fifo);
    const { stdout, stderr, signal } = spawnSync(process.execPath, [enterProgram, cli.library, one.path, String(one.inode)], { encoding: 'utf8', timeout: 5000, killSignal: 'SIGKILL' });
    expect({ signal, stderr, stdout: stdout.trim() }).toEqual({ signal: null, stderr: '', stdout: 'NamespaceGoneError' });
  });
});

const enterProgram = fileURLToPath(new URL('../programs/enter-namespace.mjs', import.meta.url));

describe(`namespaces that everybody has let go of${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('are not kept alive by our reading, neither here nor in the threads of the pool', async () => {
    mkdirSync(folder, { recursive: true });
    const before = openDescriptors();
    runSteps(measureHostSteps(ours(findNamespaces().namespaces), options, new Date()));
    takeSnapshot(ours(findNamespaces().namespaces), { owners: 'all', probes: 'all' }, new Date());
    await promises.stat('/');
    expect(openDescriptors()).toEqual(before);
    expect(namespacesOfOwnThreads().filter((link) => held.some(({ inode }) => link === `net:[${inode}]`))).toEqual([]);

    const inodes = inodesOf(held);
    const known = new Set(ours(findNamespaces().namespaces).map(({ inode, name }) => `${inode} ${name}`));
    expect(stillAlive(inodes)).toEqual(inodes);
    for (const one of held.splice(0)) await one.by.release(one);
    await until('all namespaces are destroyed', () => stillAlive(inodes).length === 0, DESTROY_MS);
    // An inode number may be given to a new namespace at once: its name tells them apart.
    const { document } = cli.json(['ports', '-A', '--quick']) as CliAnswer<PortsDocument>;
    expect(document.namespaces.map(({ inode, name }) => `${inode} ${name}`).filter((one) => known.has(one))).toEqual([]);
  });
});

interface PortsDocument {
  readonly namespaces: { readonly inode: number; readonly name: string; readonly sockets: Counts }[];
  readonly tuples: (TupleLine & { readonly namespace: number })[];
}

interface Counts {
  readonly established: number;
  readonly timeWait: number;
  readonly listen: number;
  readonly boundIdle: number;
  readonly udp: number;
}

interface TupleLine {
  readonly source: { toString(): string };
  readonly destination: { toString(): string };
  readonly destinationPort: number;
  readonly connections: number;
}

const connectionsOf = (tuples: readonly TupleLine[]): string => tuples.map(({ source, destination, destinationPort, connections }) => `${source.toString()} -> ${destination.toString()}:${destinationPort}: ${connections}`).join(', ');

function describeCounts(inode: number, { established, timeWait, listen, boundIdle, udp }: Counts, tuples: string): string {
  return `${inode}: ${JSON.stringify({ established, timeWait, listen, boundIdle, udp })} ${tuples}`;
}

function expected({ inode, population: { connections, timeWait, bound, udp } }: HeldNamespace): string {
  return describeCounts(inode, { established: 2 * connections, timeWait, listen: 1, boundIdle: bound, udp }, `127.0.0.1 -> 127.0.0.1:${SERVER_PORT}: ${connections + timeWait}`);
}

function described({ namespaces }: HostMeasurement): string[] {
  return namespaces.map(({ id, usage }) => describeCounts(id.inode, usage.sockets, connectionsOf(usage.tuples.top()))).toSorted();
}

/** What this process has open that could hold a namespace. */
function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .map((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`);
      } catch {
        return '';
      }
    })
    .filter((link) => link.startsWith('net:') || link.startsWith('socket:'))
    .toSorted();
}

function namespacesOfOwnThreads(): string[] {
  return readdirSync('/proc/self/task').map((task) => readlinkSync(`/proc/self/task/${task}/ns/net`));
}
