import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcfsSource, readAll, SockDiagSource, type SocketSource } from '../../src/kernel/index.ts';
import { ALL_HASHED_STATES, Protocol, SocketTable, stateBit, TcpState } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { Complaints, difference } from '../support/difference.ts';
import { FixedPopulation, fixedCounts } from '../support/fixed-population.ts';
import { InstalledCli, type CliAnswer, type CliOptions } from '../support/installed-cli.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';
import { NamespaceHolder, type HeldNamespace } from '../support/namespace-holder.ts';
import { Oddments } from '../support/oddments.ts';
import { Population } from '../support/population.ts';
import { asOrdinaryUser, inContainer, inEmptyNamespace, throughObstacle, withClosedProcesses, withHiddenProcesses, withoutCapabilities } from '../support/privileges.ts';
import { Random } from '../support/random.ts';
import { ssLine } from '../support/ss.ts';
import { until } from '../support/wait.ts';

const obstacle = liveTestObstacle();
const withoutKoffi = { FOURTUPLE_NO_KOFFI: '1' };

/** Privileges, what can be seen with them, and what must be told to be missing. */
interface Way {
  readonly name: string;
  readonly options: CliOptions;
  /** Bound, unconnected sockets can be seen. */
  readonly seesBound: boolean;
  /** Processes of root can be named. */
  readonly seesOwners: boolean;
  readonly limits: readonly RegExp[];
  /** Mechanisms that doctor must call missing. */
  readonly missing: readonly string[];
}

const unreadableProcesses = /process(es)? .*(could not be read|hidden|cannot be seen)|hidepid/i;
const unaskedPorts = /could not be asked of the kernel \(it takes CAP_NET_ADMIN/;
const noKoffi = /koffi is not available here/;
const noBound = /bound but neither listening nor connected are invisible/;

const ways: readonly Way[] = [
  { name: 'root', options: {}, seesBound: true, seesOwners: true, limits: [], missing: [] },
  { name: 'an ordinary user', options: { through: asOrdinaryUser }, seesBound: true, seesOwners: false, limits: [unreadableProcesses, unaskedPorts], missing: ['tcp-repair', 'enter-namespaces', 'read-processes'] },
  { name: 'root without koffi', options: { env: withoutKoffi }, seesBound: false, seesOwners: true, limits: [noKoffi, noBound], missing: ['koffi', 'sock_diag', 'bound-inactive', 'tcp-repair', 'enter-namespaces'] },
  { name: 'an ordinary user without koffi', options: { through: asOrdinaryUser, env: withoutKoffi }, seesBound: false, seesOwners: false, limits: [noKoffi, noBound, unreadableProcesses], missing: ['koffi', 'sock_diag', 'read-processes'] },
  { name: 'an ordinary user where /proc hides processes', options: { through: [...withHiddenProcesses, ...asOrdinaryUser] }, seesBound: true, seesOwners: false, limits: [unreadableProcesses, unaskedPorts], missing: ['tcp-repair', 'enter-namespaces', 'read-processes'] },
  { name: 'an ordinary user where /proc lists processes and no more', options: { through: [...withClosedProcesses, ...asOrdinaryUser] }, seesBound: true, seesOwners: false, limits: [/^The descriptors of [\d,]+ process(es)? could not be read/m, unreadableProcesses, unaskedPorts], missing: ['tcp-repair', 'enter-namespaces', 'read-processes'] },
  { name: 'root without capabilities', options: { through: withoutCapabilities }, seesBound: true, seesOwners: false, limits: [unreadableProcesses, unaskedPorts], missing: ['tcp-repair', 'enter-namespaces', 'read-processes'] },
  // Processes outside its tree do not exist for it, so none of them could not be read.
  { name: 'a container without capabilities', options: { through: inContainer }, seesBound: true, seesOwners: false, limits: [unaskedPorts], missing: ['tcp-repair', 'enter-namespaces'] },
];

/** Its child dies at once, and it never asks how. */
function parentOfZombie(): ChildProcess {
  return spawn('sh', ['-c', 'true & exec sleep infinity'], { stdio: 'ignore' });
}

function childrenOf({ pid }: ChildProcess): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter((child) => child !== '');
}

function stateOf(pid: string): string | undefined {
  return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
}

interface Counted {
  readonly status?: string;
  readonly namespaces: readonly { readonly inode: number; readonly sockets: Record<keyof typeof fixedCounts, number> }[];
  readonly tuples: readonly { readonly namespace: number; readonly source: string; readonly destination: string; readonly destinationPort: number; readonly connections: number; readonly holders: readonly { readonly pid: number | null }[] }[];
  readonly limits: readonly string[];
}

interface Listed {
  readonly sockets: readonly { readonly protocol: string; readonly family: string; readonly state: string; readonly local: string; readonly localPort: number; readonly remote: string; readonly remotePort: number; readonly uid: number; readonly inode: number; readonly mark: number | null; readonly pid: number | null }[];
  readonly limits: readonly string[];
}

const countsOf = ({ sockets: { established, timeWait, listen, boundIdle, udp } }: Counted['namespaces'][number]): object => ({ established, timeWait, listen, boundIdle, udp });
const linesOf = ({ sockets }: Listed): string[] => sockets.filter(({ state }) => state !== 'bound-inactive').map(({ protocol, family, state, local, localPort, remote, remotePort, uid, inode }) => [protocol, family, state, local, localPort, remote, remotePort, uid, inode].join(' '));
/** Empty when every pattern is met; else the patterns, and what is there instead. */
function missingFrom(limits: readonly string[], wanted: readonly RegExp[]): string[] {
  const missing = wanted.filter((pattern) => !limits.some((limit) => pattern.test(limit)));
  return missing.length === 0 ? [] : [...missing.map(String), 'but there is:', ...limits];
}

let cli: InstalledCli;

const counted = (args: readonly string[], options?: CliOptions): CliAnswer<Counted> => cli.json(args, options) as CliAnswer<Counted>;
const listed = (args: readonly string[], options?: CliOptions): CliAnswer<Listed> => cli.json(args, options) as CliAnswer<Listed>;

let recordings = 0;
let population: FixedPopulation;
let folder = '';
let holder: NamespaceHolder;
let foreign: HeldNamespace;
let mounted: HeldNamespace;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  cli = new InstalledCli();
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-privileges-'));
  chmodSync(folder, 0o777);
  holder = new NamespaceHolder();
  foreign = await holder.make('process', { connections: 2, timeWait: 0, bound: 0, udp: 0 });
  enterFreshNamespace();
  population = new FixedPopulation();
});

afterAll(async () => {
  if (obstacle !== undefined) return;
  population.close();
  await holder.close();
  cli.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(ways)('$name', ({ options, seesBound, seesOwners, limits, missing }) => {
  const why = obstacle ?? throughObstacle(options.through ?? ['true']);
  const visible = { ...fixedCounts, boundIdle: seesBound ? fixedCounts.boundIdle : 0 };

  it.skipIf(why !== undefined)(`check counts what root sees, and says what is missing${because(why)}`, () => {
    const { document, code } = counted(['check'], options);
    expect({ code, status: document.status, counts: document.namespaces.map(countsOf) }).toEqual({ code: 0, status: 'ok', counts: [visible] });
    expect(missingFrom(document.limits, limits)).toEqual([]);
  });

  it.skipIf(why !== undefined)(`ports lists the tuples that root sees, with their processes where those may be read${because(why)}`, () => {
    const { document, code } = counted(['ports'], options);
    const tuples = (one: Counted): string[] => one.tuples.map(({ source, destination, destinationPort, connections }) => `${source} ${destination}:${destinationPort} ${connections}`).toSorted();
    expect(code).toBe(0);
    expect(tuples(document)).toEqual(['127.0.0.1 127.0.0.1:40000 1', '127.0.0.1 127.0.0.1:80 9', '::1 ::1:80 3']);
    expect(document.tuples.every(({ holders }) => holders.some(({ pid }) => pid === process.pid))).toBe(seesOwners);
    expect(missingFrom(document.limits, limits)).toEqual([]);
  });

  it.skipIf(why !== undefined)(`sockets lists every socket that root sees${because(why)}`, () => {
    const asRoot = listed(['sockets']).document;
    const { document, code } = listed(['sockets'], options);
    expect(code).toBe(0);
    expect(difference(linesOf(document), linesOf(asRoot))).toBe('');
    expect(document.sockets.filter(({ state }) => state === 'bound-inactive')).toHaveLength(visible.boundIdle);
    expect(document.sockets.some(({ pid }) => pid === process.pid)).toBe(seesOwners);
    expect(missingFrom(document.limits, limits.filter((limit) => limit !== unaskedPorts))).toEqual([]);
  });

  it.skipIf(why !== undefined)(`who finds the listener${because(why)}`, () => {
    const { code, out, err } = cli.run(['who', '80'], options);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/listening +\[::\]:80/);
  });

  it.skipIf(why !== undefined)(`record writes a recording that counts the same${because(why)}`, () => {
    const file = join(folder, `${++recordings}.rec`);
    const { code, err } = cli.run(['record', file], options);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { document } = counted(['check', '--input', file]);
    expect(document.namespaces.map(countsOf)).toEqual([visible]);
    expect(missingFrom(document.limits, limits)).toEqual([]);
  });

  it.skipIf(why !== undefined)(`doctor names every mechanism that is missing${because(why)}`, () => {
    const { document, code } = cli.json(['doctor'], options) as CliAnswer<{ mechanisms: { name: string; available: boolean; detail: string }[] }>;
    const unavailable = document.mechanisms.filter(({ available }) => !available);
    expect(unavailable.map(({ name }) => name)).toEqual(expect.arrayContaining([...missing]));
    expect(unavailable.filter(({ detail }) => detail === '')).toEqual([]);
    expect(code).toBe(unavailable.length === 0 ? 0 : 1);
  });

  it.skipIf(why !== undefined)(`nothing is printed to stderr, and nothing looks like a defect${because(why)}`, () => {
    for (const args of [['check'], ['ports', '-A'], ['sockets', '-A'], ['who', '1']]) {
      const { out, err } = cli.run(args, options);
      expect(err).toBe('');
      expect(out).not.toMatch(/defect|undefined|NaN|\bat .*:\d+:\d+/);
    }
  });
});

describe('the namespaces of others', () => {
  const why = obstacle ?? throughObstacle(asOrdinaryUser);
  const pid = (): string => foreign.path.split('/')[2]!;

  it.skipIf(why !== undefined)(`root sees one with -A; an ordinary user does not, and is told so${because(why)}`, () => {
    const args = ['ports', '-A', '--owners', 'none', '--probe', 'none'];
    expect(counted(args).document.namespaces.map(({ inode }) => inode)).toContain(foreign.inode);
    const { document, code } = counted(args, { through: asOrdinaryUser });
    expect(code).toBe(0);
    expect(document.namespaces.map(({ inode }) => inode)).not.toContain(foreign.inode);
    expect(missingFrom(document.limits, [/network namespace of \d+ processes could not be told/])).toEqual([]);
  });

  it.skipIf(why !== undefined)(`an ordinary user is told so where /proc hides the processes, too${because(why)}`, () => {
    const { document } = counted(['ports', '-A', '--owners', 'none', '--probe', 'none'], { through: [...withHiddenProcesses, ...asOrdinaryUser] });
    expect(document.limits.filter((limit) => /namespace/.test(limit))).not.toEqual([]);
  });

  it.skipIf(why !== undefined)(`a dead process that nobody has buried is not one whose namespace could not be told${because(why)}`, async () => {
    // Somebody's process may be out of reach even for root.
    const untold = (): string[] => counted(['ports', '-A', '--quick']).document.limits.filter((limit) => limit.includes('could not be told'));
    const before = untold();
    const parent = parentOfZombie();
    try {
      await until('a zombie', () => childrenOf(parent).some((child) => stateOf(child) === 'Z'));
      expect(untold()).toEqual(before);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it.skipIf(why !== undefined)(`by process id: an ordinary user sees what the text files of /proc tell, and what they do not${because(why)}`, () => {
    const args = ['ports', '-n', pid()];
    const established = (one: Counted): number[] => one.namespaces.map(({ sockets }) => sockets.established);
    expect(established(counted(args).document)).toEqual([4]);
    const { document, code } = counted(args, { through: asOrdinaryUser });
    expect({ code, established: established(document) }).toEqual({ code: 0, established: [4] });
    expect(missingFrom(document.limits, [/could not be read by sock_diag: (EACCES|EPERM)/, noBound, /settings .* defaults are assumed/])).toEqual([]);
  });

  it.skipIf(why !== undefined)(`by a mount: root may; to an ordinary user it is not permitted (77)${because(why)}`, async () => {
    const point = join(folder, 'mounted');
    mounted = await holder.make('mount', { connections: 1, timeWait: 0, bound: 0, udp: 0 }, point);
    try {
      expect(counted(['ports', '-n', point]).document.namespaces.map(({ sockets }) => sockets.established)).toEqual([2]);
      const { code, err } = cli.run(['ports', '-n', point], { through: asOrdinaryUser });
      expect({ code, isTold: /permi/.test(err) }).toEqual({ code: 77, isTold: true });
    } finally {
      await holder.release(mounted);
    }
  });
});

describe.each([
  { name: 'root', options: { through: inEmptyNamespace } },
  { name: 'an ordinary user', options: { through: [...inEmptyNamespace, ...asOrdinaryUser] } },
  { name: 'root without koffi', options: { through: inEmptyNamespace, env: withoutKoffi } },
])('a namespace without a socket, for $name', ({ options }) => {
  const why = obstacle ?? throughObstacle(options.through);
  const nothing = { established: 0, timeWait: 0, listen: 0, boundIdle: 0, udp: 0 };

  it.skipIf(why !== undefined)(`is ok, counts nothing and has every port free${because(why)}`, () => {
    const { document, code } = cli.json(['check'], options) as CliAnswer<Counted & { bindPools: { free: number; capacity: number }[] }>;
    expect({ code, status: document.status, counts: document.namespaces.map(countsOf), tuples: document.tuples }).toEqual({ code: 0, status: 'ok', counts: [nothing], tuples: [] });
    expect(document.bindPools.length).toBeGreaterThan(0);
    expect(document.bindPools.filter(({ free, capacity }) => free !== capacity || capacity !== 28_232)).toEqual([]);
  });

  it.skipIf(why !== undefined)(`lists nothing${because(why)}`, () => {
    expect(listed(['sockets'], options)).toMatchObject({ code: 0, document: { sockets: [] } });
    expect(cli.run(['sockets', '--jsonl'], options)).toMatchObject({ code: 0, out: '', err: '' });
    expect(cli.run(['ports', '--csv'], options)).toMatchObject({ code: 0, err: '' });
  });
});

describe(`the text files of /proc and sock_diag${because(obstacle)}`, () => {
  const sourceOf = (isText: boolean): SocketSource => (isText ? new ProcfsSource() : new SockDiagSource(true));

  /** Every field that both carry. */
  function read(isText: boolean): string[] {
    const lines: string[] = [];
    const source = sourceOf(isText);
    try {
      for (const [protocol, states] of [[Protocol.tcp, ALL_HASHED_STATES], [Protocol.udp, stateBit(TcpState.established) | stateBit(TcpState.close)]] as const) {
        const table = new SocketTable();
        readAll(source.read({ protocol, states }, table));
        table.forEach((socket) => {
          // No text file tells the device, nor that a socket is v6only; a listener's backlog is in sock_diag alone.
          socket.interfaceIndex = 0;
          socket.v6Only = 0;
          const queues = socket.state === TcpState.listen ? `${socket.receiveQueue}` : `${socket.receiveQueue} ${socket.sendQueue}`;
          lines.push(`${protocol} ${ssLine(socket)} uid ${socket.uid} inode ${socket.inode} queues ${queues} timer ${socket.timer}`);
        });
      }
    } finally {
      source.close();
    }
    return lines;
  }

  it.skipIf(obstacle !== undefined)('tell the same of the sockets that both see, in 30 random populations', () => {
    const wrong = new Complaints();
    let rows = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed);
      const crowd = new Population(random);
      const oddments = new Oddments(random);
      try {
        let text: string[];
        let diag: string[];
        do {
          diag = read(false);
          text = read(true);
        } while (difference(diag, read(false)) !== '');
        rows += text.length;
        wrong.add('text and sock_diag', difference(text, diag), [...crowd.story, ...oddments.story].join('\n'));
      } finally {
        oddments.close();
        crowd.close();
      }
    }
    expect(String(wrong)).toBe('');
    expect(rows).toBeGreaterThan(500);
  });
});
