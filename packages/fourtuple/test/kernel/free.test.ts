import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { getOption, loadLibc, SO_REUSEADDR, SOL_SOCKET } from '../../src/kernel/libc.ts';
import { Address } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { difference } from '../support/difference.ts';
import { socketsNow } from '../support/everything.ts';
import { InstalledCli, type CliAnswer, type CliResult } from '../support/installed-cli.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { NamespaceHolder } from '../support/namespace-holder.ts';
import { asOrdinaryUser, throughObstacle, withoutCapabilities } from '../support/privileges.ts';
import { acceptSocket, addLoopbackAddress, addLoopbackAddress6, bindSocket, closeSocket, connectSocket, listenSocket, makeSocket, type SocketOptions } from '../support/sockets.ts';
import { until } from '../support/wait.ts';

const obstacle = liveTestObstacle();
const { EADDRINUSE, ECONNABORTED } = constants.errno;
const address = (text: string): Address => Address.parse(text)!;

interface Freed {
  readonly action: string;
  readonly dryRun: boolean;
  readonly journal: string | null;
  readonly targets: readonly { readonly local: string; readonly localPort: number; readonly remotePort: number; readonly state: string; readonly process?: string | null; readonly outcome: string | null; readonly reason: string | null }[];
  readonly unreachable?: readonly unknown[];
}

let cli: InstalledCli;
let folder = '';
let journal = '';
const open = new Set<number>();
let listener = 0;
let listener6 = 0;

beforeAll(() => {
  if (obstacle !== undefined) return;
  cli = new InstalledCli();
  folder = mkdtempSync(join(tmpdir(), 'fourtuple-free-'));
  chmodSync(folder, 0o777);
});

afterAll(() => {
  if (obstacle !== undefined) return;
  cli.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  if (obstacle !== undefined) return;
  enterFreshNamespace();
  addLoopbackAddress(address('10.7.0.1'), 1);
  addLoopbackAddress6(address('2001:db8::7'));
  setSysctl('core/somaxconn', 4096);
  journal = join(folder, 'journal.jsonl');
  rmSync(journal, { force: true });
  listener = listenOn(Address.anyIpv4, 80);
  listener6 = listenOn(Address.anyIpv6, 80, { v6Only: true });
});

afterEach(() => {
  for (const fd of open) closeSocket(fd);
  open.clear();
});

function keep(fd: number): number {
  if (fd < 0) throw new Error('no socket');
  open.add(fd);
  return fd;
}

function drop(fd: number): void {
  open.delete(fd);
  closeSocket(fd);
}

function must(errno: number): void {
  if (errno !== 0) throw new Error(`errno ${errno}`);
}

function listenOn(on: Address, port: number, options: SocketOptions = {}): number {
  const fd = keep(makeSocket({ reuseAddress: true, ipv6: !on.isIpv4, ...options }));
  must(bindSocket(fd, on, port, !on.isIpv4));
  must(listenSocket(fd));
  return fd;
}

interface Pair {
  readonly client: number;
  readonly server: number;
}

/** A connection of a chosen port to port 80: IPv4, IPv6, or IPv4 of an AF_INET6 socket. */
function connect(port: number, kind: 'ipv4' | 'ipv6' | 'mapped' = 'ipv4', options: SocketOptions = {}): Pair {
  const ipv6 = kind !== 'ipv4';
  const client = keep(makeSocket({ ipv6, ...options }));
  must(bindSocket(client, kind === 'ipv6' ? Address.loopbackIpv6 : Address.loopbackIpv4, port, ipv6));
  must(connectSocket(client, kind === 'ipv6' ? Address.loopbackIpv6 : Address.loopbackIpv4, 80, ipv6));
  return { client, server: keep(acceptSocket(kind === 'ipv6' ? listener6 : listener)) };
}

function timeWait(port: number, kind: 'ipv4' | 'ipv6' | 'mapped' = 'ipv4'): void {
  const { client, server } = connect(port, kind);
  drop(client);
  drop(server);
}

/** A closed connection whose other side is still open: FIN_WAIT2 without a process. */
async function orphan(port: number): Promise<void> {
  const { client } = connect(port);
  drop(client);
  await until('FIN_WAIT2', () => socketsNow().some((line) => line.includes(`fin-wait-2 127.0.0.1:${port} `)));
}

const free = (...args: string[]): CliResult => cli.run(['free', ...args, '--journal', journal]);
const freeJson = (...args: string[]): CliAnswer<Freed> => cli.json(['free', ...args, '--journal', journal]) as CliAnswer<Freed>;
const entries = (): { phase: string; command: string[]; namespace: number; deeds: { what: string; outcome?: string; inode?: number }[] }[] => readFileSync(journal, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as ReturnType<typeof entries>[number]);

/** What bind(0.0.0.0, port) gives. */
function bindTo(port: number, options: SocketOptions = {}): number {
  const fd = makeSocket(options);
  const errno = bindSocket(fd, Address.anyIpv4, port, false);
  closeSocket(fd);
  return errno;
}

/** What a read from the socket fails with; 0 for none. */
function errorOf(fd: number): number {
  return loadLibc().recv(fd, new Uint8Array(1), 1, 0x40) < 0 ? loadLibc().errno() : 0;
}

describe(`free without --yes${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('changes nothing, writes no journal, and says so', async () => {
    timeWait(40_000);
    await orphan(40_001);
    connect(40_002);
    const before = socketsNow();
    for (const args of [['time-wait', '--port', '40000'], ['time-wait', '--dst', '127.0.0.1:80'], ['connection', '--port', '40002'], ['connection', '--dst', '127.0.0.1'], ['bind-beside', '40002'], ['bind-beside', '40002', '--undo']]) {
      const { code, out, err } = free(...args);
      expect({ args, code, err }).toEqual({ args, code: args.includes('--undo') ? 1 : 0, err: '' });
      expect(out).toMatch(args.includes('--undo') ? /Nothing to take back/ : /Nothing was done: --yes does it\./);
      expect(freeJson(...args).document).toMatchObject({ dryRun: true, journal: null });
    }
    expect(difference(socketsNow(), before)).toBe('');
    expect(existsSync(journal)).toBe(false);
  });

  it.skipIf(obstacle !== undefined)('nobody is meant: exit code 1', () => {
    expect(free('time-wait', '--port', '1')).toMatchObject({ code: 1, out: expect.stringContaining('No TIME_WAIT is meant') as string, err: '' });
    expect(free('connection', '--dst', '192.0.2.1', '--yes')).toMatchObject({ code: 1, err: '' });
    expect(free('bind-beside', '1', '--yes')).toMatchObject({ code: 1, err: '' });
    expect(existsSync(journal)).toBe(false);
  });

  it.skipIf(obstacle !== undefined)('names the processes of connections', () => {
    connect(40_000);
    expect(freeJson('connection', '--port', '40000').document.targets).toMatchObject([{ process: expect.stringMatching(new RegExp(`/${process.pid}`)) as string, state: 'established' }]);
  });
});

describe(`free time-wait --yes${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('ends exactly those that were shown, of every kind, and their ports are free at once', async () => {
    timeWait(40_000);
    timeWait(40_001, 'ipv6');
    timeWait(40_002, 'mapped');
    await orphan(40_003);
    timeWait(40_004);
    connect(40_005);
    const before = socketsNow();
    for (const [port, state] of [[40_000, 'time-wait'], [40_001, 'time-wait'], [40_002, 'time-wait'], [40_003, 'fin-wait-2']] as const) {
      expect(bindTo(port) === 0 && port !== 40_001).toBe(false);
      const dry = freeJson('time-wait', '--port', String(port));
      const done = freeJson('time-wait', '--port', String(port), '--yes');
      expect(done).toMatchObject({ code: 0, document: { action: 'end-time-wait', dryRun: false, journal, targets: [{ localPort: port, state, outcome: 'done', reason: null }] } });
      expect(done.document.targets.map(({ local, localPort, remotePort }) => [local, localPort, remotePort])).toEqual(dry.document.targets.map(({ local, localPort, remotePort }) => [local, localPort, remotePort]));
      expect(bindTo(port)).toBe(0);
    }
    const gone = before.filter((line) => !socketsNow().includes(line));
    expect(gone.map((line) => line.split(' -> ')[0])).toEqual(['tcp fin-wait-2 127.0.0.1:40003', 'tcp time-wait 127.0.0.1:40000', 'tcp time-wait 127.0.0.1:40002', 'tcp time-wait [::1]:40001']);
    expect(socketsNow().filter((line) => !before.includes(line))).toEqual([]);
  });

  it.skipIf(obstacle !== undefined)('by destination, source, or both: nobody else', () => {
    for (const port of [40_000, 40_001, 40_002]) timeWait(port);
    timeWait(40_003, 'ipv6');
    expect(freeJson('time-wait', '--dst', '[::1]:80').document.targets.map(({ localPort }) => localPort)).toEqual([40_003]);
    expect(freeJson('time-wait', '--dst', '127.0.0.1:443').document.targets).toEqual([]);
    expect(freeJson('time-wait', '--dst', '127.0.0.1:80', '--src', '10.7.0.1').document.targets).toEqual([]);
    const { document, code } = freeJson('time-wait', '--dst', '127.0.0.1:80', '--src', '127.0.0.1', '--yes');
    expect([code, new Set(document.targets.map(({ localPort }) => localPort))]).toEqual([0, new Set([40_000, 40_001, 40_002])]);
    expect(socketsNow().filter((line) => line.includes('time-wait'))).toHaveLength(1);
  });

  it.skipIf(obstacle !== undefined)('more than --limit: refused, nothing done, nothing written', () => {
    for (const port of [40_000, 40_001, 40_002]) timeWait(port);
    const before = socketsNow();
    const { code, out, err } = free('time-wait', '--dst', '127.0.0.1:80', '--limit', '2', '--yes');
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err.trimEnd().split('\n')[0]).toMatch(/3 TIME_WAITs? are meant, more than --limit 2/);
    expect(difference(socketsNow(), before)).toBe('');
    expect(existsSync(journal)).toBe(false);
    expect(free('time-wait', '--dst', '127.0.0.1:80', '--limit', '3', '--yes').code).toBe(0);
  });

  it.skipIf(obstacle !== undefined)('a connection that took a port over meanwhile is not hit: the cookie is another', () => {
    timeWait(40_000);
    expect(free('connection', '--port', '40000', '--yes').code).toBe(1);
    connect(40_001);
    expect(free('time-wait', '--port', '40001', '--yes').code).toBe(1);
    expect(socketsNow().filter((line) => line.includes('established 127.0.0.1:40001'))).toHaveLength(1);
  });
});

describe(`free connection --yes${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined).each(['ipv4', 'ipv6', 'mapped'] as const)('%s: the program gets ECONNABORTED, the port is free at once, listener and neighbours live', (kind) => {
    const { client } = connect(40_000, kind);
    connect(40_001, kind);
    const before = socketsNow();
    const { code, document } = freeJson('connection', '--port', '40000', '--yes');
    expect({ code, outcomes: document.targets.map(({ outcome }) => outcome) }).toEqual({ code: 0, outcomes: ['done'] });
    expect(errorOf(client)).toBe(ECONNABORTED);
    drop(client);
    expect(bindTo(40_000)).toBe(0);
    // Its other end was reset.
    expect(before.filter((line) => !socketsNow().includes(line)).map((line) => /tcp (\S+) \S+:(\d+)/.exec(line)!.slice(1))).toEqual(expect.arrayContaining([['established', '40000']]));
    expect(socketsNow().filter((line) => line.includes(':40001 ')).length).toBe(before.filter((line) => line.includes(':40001 ')).length);
    expect(socketsNow().filter((line) => line.includes('listening'))).toHaveLength(2);
  });

  it.skipIf(obstacle !== undefined)('listeners are never ended: of the port of a server only what it accepted', () => {
    connect(40_000);
    connect(40_001);
    const { code, document } = freeJson('connection', '--port', '80', '--yes');
    expect([code, document.targets.map(({ localPort, state }) => [localPort, state])]).toEqual([0, [[80, 'established'], [80, 'established']]]);
    expect(socketsNow().filter((line) => line.includes('listening'))).toHaveLength(2);
    expect(connect(40_002).server).toBeGreaterThan(0);
  });

  it.skipIf(obstacle !== undefined)('the output says what was done, the risk, and where it is written down', () => {
    connect(40_000);
    const { out } = free('connection', '--port', '40000', '--yes');
    expect(out).toMatch(/^Ended 1 connection:\n {2}127\.0\.0\.1:40000 → 127\.0\.0\.1:80 {2}ESTAB of \S+\/\d+\n/);
    expect(out).toContain(`Written down in ${journal}.`);
    expect(out).toContain('Risk: ');
  });
});

describe(`the journal${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('has two entries an act: what was meant, then what came of it', () => {
    timeWait(40_000);
    free('time-wait', '--port', '40000', '--yes');
    const [begin, end, ...more] = entries();
    const namespace = Number(/\d+/.exec(String(cli.run(['ports', '--json', '--quick']).out.match(/"inode": \d+/)))![0]);
    expect(begin).toMatchObject({ phase: 'begin', command: ['free', 'time-wait'], namespace, deeds: [{ what: '127.0.0.1:40000 → 127.0.0.1:80' }] });
    expect(end).toMatchObject({ phase: 'end', deeds: [{ what: '127.0.0.1:40000 → 127.0.0.1:80', outcome: 'done' }] });
    expect(more).toEqual([]);
  });

  it.skipIf(obstacle !== undefined).each(['/dev/full', '/proc/nowhere/at/all', '/dev/null/x', '/'])('%s cannot be written: nothing is done, in a clear sentence, exit code 1', (path) => {
    timeWait(40_000);
    connect(40_001);
    const before = socketsNow();
    for (const args of [['time-wait', '--port', '40000'], ['connection', '--port', '40001'], ['bind-beside', '40001']]) {
      const { code, out, err } = cli.run(['free', ...args, '--yes', '--journal', path]);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(new RegExp(`^Nothing was done, since the journal ${path} cannot be written \\(E[A-Z]+: .*Name another file with --journal\\.\n$`));
    }
    expect(difference(socketsNow(), before)).toBe('');
  });

  it.skipIf(obstacle !== undefined)('is where root and others expect it', () => {
    timeWait(40_000);
    const state = join(folder, 'state');
    const { err } = cli.run(['free', 'time-wait', '--port', '40000', '--yes'], { through: [...asOrdinaryUser, '--inh-caps=+net_admin', '--ambient-caps=+net_admin'], env: { XDG_STATE_HOME: state } });
    expect(err).toBe('');
    expect(readFileSync(join(state, 'fourtuple/journal.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });
});

describe(`free bind-beside${because(obstacle)}`, () => {
  const reuses = (fd: number): boolean => getOption(fd, SOL_SOCKET, SO_REUSEADDR) === 1;

  it.skipIf(obstacle !== undefined)('lets a real server bind while the connection lives; its later TIME_WAIT does not block; --undo takes it back', () => {
    const { client, server } = connect(43_306);
    const dry = freeJson('bind-beside', '43306');
    expect(dry).toMatchObject({ code: 0, document: { action: 'set-reuse-address', targets: [{ reuseAddress: false, outcome: null }] } });
    expect([reuses(client), bindTo(43_306, { reuseAddress: true })]).toEqual([false, EADDRINUSE]);
    expect(freeJson('bind-beside', '43306', '--yes')).toMatchObject({ code: 0, document: { targets: [{ outcome: 'done' }], unreachable: [] } });
    expect(reuses(client)).toBe(true);
    const service = listenOn(Address.anyIpv4, 43_306);
    // Both work: the old connection and the new server.
    expect(loadLibc().send(client, Uint8Array.of(1), 1, 0)).toBe(1);
    expect(loadLibc().recv(server, new Uint8Array(4), 4, 0)).toBe(1);
    const visitor = keep(makeSocket());
    must(connectSocket(visitor, address('10.7.0.1'), 43_306, false));
    drop(keep(acceptSocket(service)));
    drop(visitor);
    drop(service);
    drop(client);
    drop(server);
    expect(socketsNow().some((line) => line.includes('time-wait 127.0.0.1:43306'))).toBe(true);
    drop(listenOn(Address.anyIpv4, 43_306));
    expect(entries().map(({ phase, command }) => [phase, ...command])).toEqual([['begin', 'free', 'bind-beside', '43306'], ['end', 'free', 'bind-beside', '43306']]);
  });

  it.skipIf(obstacle !== undefined)('--undo: of those that got it by this command, and of no other', () => {
    const { client } = connect(43_306);
    const own = connect(43_306, 'ipv6', { reuseAddress: true });
    expect(freeJson('bind-beside', '43306', '--yes').document.targets).toHaveLength(1);
    expect([reuses(client), reuses(own.client)]).toEqual([true, true]);
    expect(freeJson('bind-beside', '43306', '--undo', '--yes')).toMatchObject({ code: 0, document: { action: 'clear-reuse-address', targets: [{ local: '127.0.0.1', outcome: 'done' }] } });
    expect([reuses(client), reuses(own.client)]).toEqual([false, true]);
    expect(bindTo(43_306, { reuseAddress: true })).toBe(EADDRINUSE);
    // Once is enough.
    expect(free('bind-beside', '43306', '--undo', '--yes')).toMatchObject({ code: 1, out: expect.stringContaining('Nothing to take back') as string });
  });

  it.skipIf(obstacle !== undefined)('beside a listener it does not help, and says so', () => {
    const { code, out } = free('bind-beside', '80');
    expect(code).toBe(1);
    expect(out).toContain('beside a listener SO_REUSEADDR does not help');
  });

  it.skipIf(obstacle !== undefined)('a TIME_WAIT cannot be reached', () => {
    timeWait(40_000);
    const { code, document } = freeJson('bind-beside', '40000', '--yes');
    expect([code, document.targets, document.unreachable!.length]).toEqual([1, [], 1]);
  });
});

describe(`privileges and namespaces${because(obstacle)}`, () => {
  const why = obstacle ?? throughObstacle(withoutCapabilities);

  it.skipIf(why !== undefined)(`without CAP_NET_ADMIN: not permitted (77), in one line, nothing done, and the journal knows${because(why)}`, () => {
    timeWait(40_000);
    connect(40_001);
    const before = socketsNow();
    for (const args of [['time-wait', '--port', '40000'], ['connection', '--port', '40001']]) {
      rmSync(journal, { force: true });
      // So that root without capabilities may write it.
      writeFileSync(journal, '');
      const { code, out, err } = cli.run(['free', ...args, '--yes', '--journal', journal], { through: withoutCapabilities });
      expect({ code, out }).toEqual({ code: 77, out: '' });
      expect(err.trimEnd()).toMatch(/^SOCK_DESTROY: EPERM[^\n]*not permitted[^\n]*$/);
      expect(entries().map(({ phase, deeds }) => [phase, deeds[0]!.outcome])).toEqual([['begin', undefined], ['end', 'failed']]);
    }
    expect(difference(socketsNow(), before)).toBe('');
    // To look is permitted.
    expect(cli.run(['free', 'time-wait', '--port', '40000'], { through: withoutCapabilities })).toMatchObject({ code: 0, err: '' });
  });

  it.skipIf(why !== undefined)(`without the right to trace: bind-beside says that it cannot reach the holder${because(why)}`, () => {
    connect(40_000);
    const { code, out } = cli.run(['free', 'bind-beside', '40000', '--yes', '--journal', journal], { through: asOrdinaryUser });
    expect(code).toBe(1);
    expect(out).toMatch(/cannot be reached/);
    expect(existsSync(journal)).toBe(false);
  });

  it.skipIf(obstacle !== undefined)('without koffi: not available, and why', () => {
    const { code, err } = cli.run(['free', 'time-wait', '--port', '40000', '--journal', journal], { env: { FOURTUPLE_NO_KOFFI: '1' } });
    expect(code).toBe(1);
    expect(err).toMatch(/koffi/);
  });

  it.skipIf(obstacle !== undefined)('in another namespace by --namespace: there, and not here', async () => {
    const holder = new NamespaceHolder();
    try {
      const { path, inode } = await holder.make('process', { connections: 2, timeWait: 2, bound: 0, udp: 0, range: [50_000, 50_009] });
      timeWait(50_000);
      const before = socketsNow();
      const done = freeJson('time-wait', '--dst', '127.0.0.1:80', '--namespace', path, '--yes');
      expect([done.code, done.document.targets.map(({ outcome }) => outcome), (done.document as unknown as { namespace: number }).namespace]).toEqual([0, ['done', 'done'], inode]);
      expect(freeJson('time-wait', '--dst', '127.0.0.1:80', '--namespace', String(inode)).document.targets).toEqual([]);
      expect(freeJson('connection', '--dst', '127.0.0.1:80', '--namespace', path, '--yes').document.targets).toHaveLength(2);
      expect(difference(socketsNow(), before)).toBe('');
      expect(entries()[0]!.namespace).toBe(inode);
    } finally {
      await holder.close();
    }
  });
});
