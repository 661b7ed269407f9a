import { spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { InstalledCli, type CliResult } from '../support/installed-cli.ts';
import { enterFreshNamespace } from '../support/namespace.ts';
import { NamespaceHolder } from '../support/namespace-holder.ts';
import { asOrdinaryUser, throughObstacle } from '../support/privileges.ts';
import { liveValues, settingsFile, setValue, TuneJail, tuneJailObstacle, type SeenFile } from '../support/tune-jail.ts';
import { until } from '../support/wait.ts';

const obstacle = tuneJailObstacle();
const withoutStrace = obstacle ?? throughObstacle(['strace', '-qq', '-o', '/dev/null']);
const skip = obstacle !== undefined;

const RANGE = 'net.ipv4.ip_local_port_range';
const RESERVED = 'net.ipv4.ip_local_reserved_ports';
const FIN = 'net.ipv4.tcp_fin_timeout';
const REUSE = 'net.ipv4.tcp_tw_reuse';
const NAME = '90-fourtuple.conf';
const before: Readonly<Record<string, string>> = { [RANGE]: '20000\t40000', [RESERVED]: '', [FIN]: '45', [REUSE]: '2' };
const keys = Object.keys(before);

let cli: InstalledCli;
let jail: TuneJail;

beforeAll(() => {
  if (skip) return;
  cli = new InstalledCli();
  jail = new TuneJail(cli);
  enterFreshNamespace();
});

beforeEach(() => {
  if (skip) return;
  jail.empty();
  for (const key of keys) setValue(key, before[key]!);
});

afterAll(() => {
  if (skip) return;
  jail.close();
  cli.close();
});

const undo = (...args: readonly string[]): CliResult => jail.run(['tune', 'undo', '--yes', ...args]);
const states = (): string[] => jail.status().transactions.map(({ state }) => state);
const ids = (): string[] => jail.status().transactions.map(({ id }) => id);
const now = (): Record<string, string> => liveValues(keys);
/** Values and files are those from before everything. */
function expectNothingChanged(files: Record<string, SeenFile> = {}): void {
  expect({ values: now(), files: jail.files() }).toEqual({ values: before, files });
}
function expectOneSentenceOrTwo({ out, err }: CliResult): void {
  expect({ out, lines: err.trimEnd().split('\n').length }).toEqual({ out: '', lines: 1 });
  expect(err).not.toMatch(/defect|undefined|\[object|\n +at /);
}

describe(`tune apply and tune undo${because(obstacle)}`, () => {
  it.skipIf(skip)('a dry run shows everything and changes nothing, not even the journal', () => {
    const { code, out, err } = jail.run(['tune', 'apply', 'ip_local_port_range=1024 65535', 'ip_local_reserved_ports=3306', '--file', settingsFile]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/ip_local_reserved_ports +\(empty\) → 3306\n.*ip_local_port_range +20000 40000 → 1024 65535\nWould write \/etc\/sysctl\.d\/90-fourtuple\.conf \(new, mode 0644\):\n {4}# fourtuple: written by/);
    expect(out).toMatch(/It reaches .* alone: .* (keep|keeps) (their|its) own values/);
    expect(out).toContain('Nothing was done: --yes does it.');
    expectNothingChanged();
    expect(jail.stateNames()).toEqual([]);
  });

  it.skipIf(skip)('writes what it says, live and in the file, and takes exactly that back', () => {
    expect(jail.apply(['ip_local_port_range=1024 65535', 'ip_local_reserved_ports=3306,8000-8010', 'tcp_fin_timeout=30'])).toMatchObject({ code: 0, err: '' });
    expect(now()).toEqual({ [RANGE]: '1024\t65535', [RESERVED]: '3306,8000-8010', [FIN]: '30', [REUSE]: '2' });
    expect(jail.files()[NAME]).toMatchObject({ mode: 0o644, content: expect.stringMatching(/ip_local_reserved_ports = 3306,8000-8010\n.*ip_local_port_range = 1024 65535\n.*tcp_fin_timeout = 30\n$/s) as string });
    expect(states()).toEqual(['applied']);
    expect(jail.run(['tune', 'undo'])).toMatchObject({ code: 0, out: expect.stringContaining('Nothing was done') as string });
    expect(states()).toEqual(['applied']);
    expect(undo()).toMatchObject({ code: 0, err: '' });
    expectNothingChanged();
    expect(states()).toEqual(['undone']);
    expect(undo()).toMatchObject({ code: 1, out: expect.stringContaining('Nothing to undo') as string });
    expect(undo(ids()[0]!)).toMatchObject({ code: 0, out: expect.stringContaining('was undone') as string });
  });

  it.skipIf(skip)('the file has its mode whatever the umask, and that of the one before', () => {
    const apply = (): CliResult => jail.apply(['tcp_tw_reuse=1'], { script: 'umask 077' });
    expect(apply()).toMatchObject({ code: 0 });
    expect(jail.files()[NAME]!.mode).toBe(0o644);
    undo();
    jail.write(settingsFile, 'net.core.somaxconn = 5\n', 0o600);
    const files = jail.files();
    expect(apply()).toMatchObject({ code: 0 });
    expect(jail.files()[NAME]).toMatchObject({ mode: 0o600, content: expect.stringContaining('somaxconn = 5\nnet.ipv4.tcp_tw_reuse = 1') as string });
    undo();
    expectNothingChanged(files);
  });

  it.skipIf(skip).each([4094, 4095, 4096, 9001, 60_001])('a list of reserved ports of %i characters comes back', (length) => {
    // Six characters a port, and a first one that makes up for the rest.
    const list = [10 ** ((length % 6) - 1), ...Array.from({ length: Math.floor(length / 6) }, (_, index) => 10_000 + 2 * index)].join(',');
    expect(list.length).toBe(length);
    // The kernel takes a page of one write, and adds what follows in the same open file.
    const writer = "const fs = require('node:fs'); const fd = fs.openSync('/proc/sys/net/ipv4/ip_local_reserved_ports', 'w'); for (const piece of process.argv[1].match(/.{1,3000}(?:,|$)/g)) fs.writeSync(fd, `${piece}\\n`);";
    expect(spawnSync(process.execPath, ['-e', writer, list], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    const reserved = (): string => spawnSync('dd', ['if=/proc/sys/net/ipv4/ip_local_reserved_ports', 'bs=1M', 'status=none'], { encoding: 'latin1' }).stdout;
    expect(reserved()).toBe(`${list}\n`);
    expect(jail.apply(['ip_local_reserved_ports=', '--as-written'])).toMatchObject({ code: 0 });
    expect(reserved()).toBe('\n');
    expect(undo()).toMatchObject({ code: 0 });
    expect(reserved()).toBe(`${list}\n`);
  });

  it.skipIf(withoutStrace !== undefined)(`a long list is restored by several writes; killed between them, undo goes on${because(withoutStrace)}`, () => {
    const list = Array.from({ length: 1000 }, (_, index) => 10_000 + 2 * index).join(',');
    const [first, second] = [list.slice(0, 3000), list.slice(3000)];
    const fd = openSync('/proc/sys/net/ipv4/ip_local_reserved_ports', 'w');
    for (const piece of [first.slice(0, first.lastIndexOf(',')), first.slice(first.lastIndexOf(',') + 1) + second]) writeSync(fd, `${piece}\n`);
    closeSync(fd);
    expect(now()[RESERVED]).toBe(list);
    jail.apply(['ip_local_reserved_ports=3306', '--as-written']);
    expect(jail.run(['tune', 'undo', '--yes'], { inside: ['strace', '-qq', '-o', '/dev/null', '-P', '/proc/sys/net/ipv4/ip_local_reserved_ports', '-e', 'trace=write', '-e', 'inject=write:signal=KILL:when=2'] })).toMatchObject({ signal: 'SIGKILL' });
    expect(list.startsWith(now()[RESERVED]!)).toBe(true);
    expect([now()[RESERVED] === list, states()]).toEqual([false, ['undo-interrupted']]);
    expect(undo()).toMatchObject({ code: 0 });
    expect(now()[RESERVED]).toBe(list);
  });

  it.skipIf(skip)('--runtime writes no file; --file-only nothing but the file', () => {
    expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--runtime'] })).toMatchObject({ code: 0 });
    expect([now()[FIN], jail.files(), states()]).toEqual(['30', {}, ['applied']]);
    undo();
    expectNothingChanged();
    expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--file-only', '--file', settingsFile] })).toMatchObject({ code: 0 });
    expect([now()[FIN], Object.keys(jail.files()), states()]).toEqual(['45', [NAME], ['undone', 'applied']]);
    // Somebody loads the file: it is ours all the same.
    setValue(FIN, '30');
    undo();
    expectNothingChanged();
  });

  it.skipIf(skip)('outside the namespace of the host no file is written unasked', () => {
    const { code, out } = jail.apply(['tcp_fin_timeout=30'], { flags: [] });
    expect([code, now()[FIN], jail.files()]).toEqual([0, '30', {}]);
    expect(out).toContain('No file is written: /etc/sysctl.d/90-fourtuple.conf is for the network namespace of the host');
    expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--file-only'] })).toMatchObject({ code: 64 });
  });

  it.skipIf(skip)('what is so already is no transaction', () => {
    jail.apply(['tcp_fin_timeout=30']);
    expect(jail.apply(['tcp_fin_timeout=30'])).toMatchObject({ code: 0, out: expect.stringContaining('everything is so already') as string });
    expect(states()).toEqual(['applied']);
  });

  it.skipIf(skip)('a document from standard input, with reasons that stand in the file', () => {
    const input = JSON.stringify({ changes: [{ key: REUSE, to: '1', why: 'TIME_WAIT holds 9,000 ports' }] });
    expect(jail.apply(['--changes', '-'], { input })).toMatchObject({ code: 0, err: '' });
    expect(now()[REUSE]).toBe('1');
    expect(jail.files()[NAME]!.content).toContain('# why: TIME_WAIT holds 9,000 ports\nnet.ipv4.tcp_tw_reuse = 1\n');
    expect(jail.apply(['--changes', '-'], { input: '{}' })).toMatchObject({ code: 64 });
  });
});

describe(`what is refused${because(obstacle)}`, () => {
  it.skipIf(skip).each<[string, readonly string[], RegExp, number]>([
    ['a value that the kernel refuses', ['tcp_tw_reuse=3', 'tcp_fin_timeout=30'], /The kernel refuses net\.ipv4\.tcp_tw_reuse = 3: it is not from 0 to 2\./, 1],
    ['a range below the unprivileged ports', ['ip_local_port_range=80 65535'], /low end is below ip_unprivileged_port_start/, 1],
    ['one number for the range', ['ip_local_port_range=1024'], /changes only the low end.*--as-written/, 1],
    ['-1', ['tcp_fin_timeout=-1'], /tcp_fin_timeout = -1: .*--as-written/, 1],
    ['a key that this kernel does not have', ['tcp_tw_recycle=1'], /There is no net\.ipv4\.tcp_tw_recycle here: Linux has not had it since 4\.12/, 1],
    ['a key of the whole host', ['fs.file-max=100000'], /fs\.file-max holds for the whole host/, 1],
    ['an unknown key', ['tcp_tw_reuze=1'], /did you mean "tcp_tw_reuse"/, 64],
    ['a limit of processes', ['RLIMIT_NOFILE=5'], /LimitNOFILE=/, 64],
    ['a key twice', ['tcp_tw_reuse=1', 'net.ipv4.tcp_tw_reuse=0'], /given twice/, 64],
    ['blanks around the =', ['tcp_tw_reuse', '=', '1'], /in one word/, 64],
    ['no change', [], /no change is given/, 64],
  ])('%s: all of it, and nothing is changed', (_, changes, why, code) => {
    const result = jail.apply(changes);
    expect(result).toMatchObject({ code });
    expect(result.out + result.err).toMatch(why);
    expectNothingChanged();
    expect(jail.stateNames()).toEqual([]);
  });

  it.skipIf(skip)('a list that drops reserved ports, unless it is meant', () => {
    setValue(RESERVED, '3306,8000-8010');
    expect(jail.apply(['ip_local_reserved_ports=8080,8005'])).toMatchObject({ code: 1, out: expect.stringContaining('these ports would not be reserved any more: 3306,8000-8004,8006-8010') as string });
    expect(jail.apply(['ip_local_reserved_ports=3306,8000-8010,8080'])).toMatchObject({ code: 0 });
    expect(jail.apply(['ip_local_reserved_ports=8080', '--as-written'])).toMatchObject({ code: 0 });
    expect(now()[RESERVED]).toBe('8080');
  });

  it.skipIf(skip)('settings over which another file wins at boot, by its line; not with --runtime or --despite-conflicts', () => {
    jail.write('/etc/sysctl.conf', '# mine\nnet.ipv4.tcp_fin_timeout = 60\n');
    jail.write('/etc/sysctl.d/10-x.conf', 'net/ipv4/tcp_fin_timeout = 50\nnet.ipv4.tcp_tw_reuse = 0\n');
    const files = jail.files();
    const refused = jail.apply(['tcp_fin_timeout=30']);
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('/etc/sysctl.conf:2 sets net.ipv4.tcp_fin_timeout = 60 later than our file') as string });
    expectNothingChanged(files);
    expect(jail.apply(['tcp_tw_reuse=1'])).toMatchObject({ code: 0, out: expect.stringContaining('/etc/sysctl.d/10-x.conf:2 sets net.ipv4.tcp_tw_reuse = 0: ours comes after it.') as string });
    expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--runtime'] })).toMatchObject({ code: 0 });
    expect(jail.apply(['tcp_fin_timeout=31', '--despite-conflicts'])).toMatchObject({ code: 0, out: expect.stringContaining('the next boot has that') as string });
  });

  it.skipIf(skip)('a file that is none', () => {
    symlinkSync('/etc/sysctl.conf', join(jail.folder, settingsFile));
    const linked = jail.apply(['tcp_fin_timeout=30']);
    expect(linked).toMatchObject({ code: 1, err: expect.stringContaining('/etc/sysctl.d/90-fourtuple.conf is a symbolic link.') as string });
    expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--file', '/etc/sysctl.d'] })).toMatchObject({ code: 1, err: expect.stringContaining('is a folder') as string });
    expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--file', '/etc/nowhere/x.conf'] })).toMatchObject({ code: 1, err: expect.stringContaining('There is no folder /etc/nowhere.') as string });
    expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--file', 'x.conf'] })).toMatchObject({ code: 64 });
    expect(now()).toEqual(before);
  });
});

describe(`where it cannot be done: one line says why, and nothing is changed${because(obstacle)}`, () => {
  const fullDisk = (folder: string): string => `mkdir -p "${folder}"\nmount -t tmpfs -o size=16k,nr_inodes=20 none "${folder}"\ndd if=/dev/zero of="${folder}/filler" bs=4k count=10 2>/dev/null || true`;
  const readOnly = (path: string): string => `mount --bind ${path} ${path}\nmount -o remount,bind,ro ${path}`;

  it.skipIf(skip).each<[string, string, RegExp]>([
    ['a full disk for the journal', fullDisk('$JAIL/state'), /^The journal \S+tune\.jsonl cannot be written \(ENOSPC: no space left on device\)\. Nothing was changed\. Name another file with --journal\.$/],
    ['a full disk for the file', fullDisk('/etc/sysctl.d'), /90-fourtuple\.conf cannot be written \(ENOSPC: no space left on device\)/],
    ['a read-only sysctl.d', readOnly('/etc/sysctl.d'), /^\/etc\/sysctl\.d\/90-fourtuple\.conf cannot be written, since \/etc\/sysctl\.d is read-only \(EROFS\)\. Nothing was changed\. With --runtime/],
    ['a read-only /proc/sys', readOnly('/proc/sys'), /^net\.ipv4\.tcp_fin_timeout cannot be written, since \/proc\/sys is read-only here, as in most containers\. Nothing was changed\. Run it on the host, with --namespace\.$/],
    ['one read-only key of two', readOnly('/proc/sys/net/ipv4/tcp_tw_reuse'), /^net\.ipv4\.tcp_tw_reuse cannot be written/],
  ])('%s', (_, script, why) => {
    const result = jail.apply(['tcp_fin_timeout=30', 'tcp_tw_reuse=1'], { script });
    expect(result.code).toBe(1);
    expect((result.err === '' ? result.out : result.err).trimEnd()).toMatch(why);
    expect(result.err + result.out).not.toMatch(/defect|\n +at /);
    expectNothingChanged();
    expect(states().filter((state) => state !== 'rolled-back')).toEqual([]);
  });

  const why = obstacle ?? throughObstacle(asOrdinaryUser);

  it.skipIf(why !== undefined)(`an ordinary user: not permitted (77); to look is permitted${because(why)}`, () => {
    const result = jail.apply(['tcp_fin_timeout=30'], { inside: asOrdinaryUser });
    expect(result.code).toBe(77);
    expectOneSentenceOrTwo(result);
    expect(result.err).toBe('net.ipv4.tcp_fin_timeout cannot be written by this user (EACCES). Nothing was changed. Run it as root.\n');
    expect(jail.apply(['tcp_fin_timeout=30'], { inside: asOrdinaryUser, flags: ['--file-only', '--file', settingsFile] })).toMatchObject({ code: 77 });
    expectNothingChanged();
    expect(jail.run(['tune', 'apply', 'tcp_fin_timeout=30'], { inside: asOrdinaryUser })).toMatchObject({ code: 0, err: '' });
    expect(jail.run(['tune', 'status'], { inside: asOrdinaryUser })).toMatchObject({ code: 0, err: '' });
    expect(jail.run(['tune', 'verify'], { inside: asOrdinaryUser })).toMatchObject({ code: 3, err: '' });
    jail.apply(['tcp_fin_timeout=30']);
    // The journal is root's: to look at a change is permitted all the same.
    expect(jail.run(['tune', 'apply', 'tcp_fin_timeout=20'], { inside: asOrdinaryUser })).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/limit: The journal \S+ cannot be read \(EACCES/) as string });
    expect(jail.run(['tune', 'status'], { inside: asOrdinaryUser })).toMatchObject({ code: 77, out: '', err: expect.stringMatching(/^The journal \S+ cannot be read \(EACCES: permission denied\)\./) as string });
    expect(jail.run(['tune', 'undo', '--yes'], { inside: asOrdinaryUser })).toMatchObject({ code: 77, out: '' });
    expect(jail.run(['tune', 'verify'], { inside: asOrdinaryUser })).toMatchObject({ code: 3, out: expect.stringMatching(/^UNKNOWN {2}/) as string });
  });
});

describe(`a step that fails in the middle${because(withoutStrace)}`, () => {
  const path = (key: string): string => `/proc/sys/${key.replaceAll('.', '/')}`;
  const failing = (paths: readonly string[], inject: string): readonly string[] => ['strace', '-qq', '-o', '/dev/null', ...paths.flatMap((one) => ['-P', one]), '-e', `trace=${inject.split(':')[0]}`, '-e', `inject=${inject}`];
  const changes = ['ip_local_reserved_ports=3306', 'ip_local_port_range=1024 65535', 'tcp_fin_timeout=30'];

  it.skipIf(withoutStrace !== undefined).each<[string, (journal: string) => readonly string[], RegExp]>([
    ['the kernel refuses the third write', () => failing([path(FIN)], 'write:error=EINVAL:when=1'), /tcp_fin_timeout cannot be written \(EINVAL: invalid argument\)\. What was written before it was put back: nothing remains changed\./],
    ['the third write does nothing', () => failing([path(FIN)], 'write:retval=3:when=1'), /tcp_fin_timeout reads 45 after 30 was written, not 30\./],
    ['the file cannot be put in its place', () => failing([], 'rename:error=EIO'), /90-fourtuple\.conf cannot be written \(EIO: i\/o error\)/],
    ['the folder cannot be synced, with the file in its place', () => failing(['/etc/sysctl.d'], 'fsync:error=EIO:when=1'), /90-fourtuple\.conf cannot be written \(EIO: i\/o error\)/],
    ['the file cannot be synced', () => failing([`${settingsFile}.fourtuple-new`], 'fsync:error=EIO'), /90-fourtuple\.conf cannot be written \(EIO: i\/o error\)/],
    ['the last entry of the journal cannot be written', (journal) => failing([journal], 'write:error=ENOSPC:when=2'), /The journal \S+ cannot be written \(ENOSPC/],
  ])('%s: everything is put back', (_, inside, why) => {
    jail.write(settingsFile, 'net.core.somaxconn = 5\n', 0o640);
    const files = jail.files();
    // What strace cannot follow by its path must be there first.
    mkdirSync(join(jail.folder, 'state'));
    writeFileSync(jail.journal, '');
    const { code, out, err } = jail.apply(changes, { inside: inside(jail.journal) });
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatch(why);
    expectNothingChanged(files);
    expect(states()).toEqual(['rolled-back']);
    expect(undo()).toMatchObject({ code: 1, out: expect.stringContaining('Nothing to undo') as string });
  });

  it.skipIf(withoutStrace !== undefined)('and the journal cannot be written any more: that is said, and status sees that nothing is in force', () => {
    mkdirSync(join(jail.folder, 'state'));
    writeFileSync(jail.journal, '');
    const { code, out } = jail.apply(changes, { inside: failing([jail.journal], 'write:error=ENOSPC:when=2+') });
    expect(code).toBe(1);
    expect(out).toMatch(/nothing remains changed.*\n.*The journal does not know: The journal \S+ cannot be written/);
    expectNothingChanged();
    expect(jail.status().transactions).toMatchObject([{ state: 'interrupted', settings: [{ state: 'old' }, { state: 'old' }, { state: 'old' }], file: { state: 'old' } }]);
    expect(undo()).toMatchObject({ code: 0 });
    expectNothingChanged();
    expect(states()).toEqual(['undone']);
  });

  it.skipIf(withoutStrace !== undefined)('and it cannot be put back: it says exactly what is left, and undo brings it back later', () => {
    const { code, out } = jail.apply(changes, { inside: failing([path(RANGE), path(FIN)], 'write:error=EIO:when=2+') });
    expect(code).toBe(1);
    expect(out).toMatch(/Putting back what was written before it failed too\. What remains changed:\n +net\.ipv4\.ip_local_port_range may not be 20000 40000 again \(EIO: i\/o error\)\.\n/);
    expect(now()).toEqual({ ...before, [RANGE]: '1024\t65535' });
    expect(jail.status().transactions).toMatchObject([{ state: 'torn' }]);
    expect(jail.run(['tune', 'verify'])).toMatchObject({ code: 2 });
    expect(undo()).toMatchObject({ code: 0 });
    expectNothingChanged();
  });

  it.skipIf(withoutStrace !== undefined)('of an undo: it says what is not as it was, and the same command goes on', () => {
    jail.apply(changes);
    const stopped = jail.run(['tune', 'undo', '--yes'], { inside: failing([path(RANGE)], 'write:error=EIO') });
    expect(stopped).toMatchObject({ code: 1, err: '' });
    expect(stopped.out).toMatch(/It stopped: net\.ipv4\.ip_local_port_range cannot be written .*What is not yet as it was:\n +net\.ipv4\.ip_local_port_range is 1024 65535, and was 20000 40000\.\n +net\.ipv4\.ip_local_reserved_ports is 3306, and was \(empty\)\.\n/);
    // The ports stay reserved as long as the range is wide.
    expect(now()).toEqual({ ...before, [RANGE]: '1024\t65535', [RESERVED]: '3306' });
    expect(states()).toEqual(['undo-interrupted']);
    expect(undo()).toMatchObject({ code: 0 });
    expectNothingChanged();
  });
});

describe(`others${because(obstacle)}`, () => {
  it.skipIf(skip)('a value that somebody else has changed is left, and both are named; --force sets it', () => {
    jail.apply(['tcp_fin_timeout=30', 'tcp_tw_reuse=1']);
    setValue(FIN, '50');
    const refused = undo();
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('net.ipv4.tcp_fin_timeout is 50 now: somebody else changed it. It was set to 30, and was 45 before.') as string });
    expect([now()[FIN], now()[REUSE], states()]).toEqual(['50', '1', ['drifted']]);
    // What is as before already is no obstacle.
    setValue(REUSE, '2');
    expect(undo('--force')).toMatchObject({ code: 0 });
    expectNothingChanged();
  });

  it.skipIf(skip)('a file that somebody else has changed is left; --force puts it back', () => {
    jail.apply(['tcp_fin_timeout=30']);
    jail.write(settingsFile, '# mine\n');
    expect(undo()).toMatchObject({ code: 1, out: expect.stringContaining('/etc/sysctl.d/90-fourtuple.conf was changed by somebody else. --force takes it away.') as string });
    expect([now()[FIN], jail.files()[NAME]!.content]).toEqual(['30', '# mine\n']);
    expect(undo('--force')).toMatchObject({ code: 0 });
    expectNothingChanged();
  });

  it.skipIf(skip)('a second apply adds to the file; the older one is not undone before the later one that changed the same', () => {
    jail.apply(['tcp_fin_timeout=30', 'tcp_tw_reuse=1']);
    const first = jail.files();
    jail.apply(['tcp_fin_timeout=20', 'ip_local_reserved_ports=3306']);
    expect(jail.files()[NAME]!.content).toMatch(/reserved_ports = 3306\n.*tcp_fin_timeout = 20\n.*tcp_tw_reuse = 1\n$/s);
    const [older, later] = ids() as [string, string];
    expect(states()).toEqual(['applied', 'applied']);
    expect(undo(older)).toMatchObject({ code: 1, out: expect.stringContaining(`Transaction ${later} changed net.ipv4.tcp_fin_timeout, /etc/sysctl.d/90-fourtuple.conf later: undo that one first.`) as string });
    expect(undo()).toMatchObject({ code: 0 });
    expect([jail.files(), now()[FIN], now()[RESERVED]]).toEqual([first, '30', '']);
    expect(undo()).toMatchObject({ code: 0 });
    expectNothingChanged();
  });

  it.skipIf(skip)('transactions that have nothing in common are undone in any order', () => {
    jail.apply(['tcp_fin_timeout=30'], { flags: ['--runtime'] });
    jail.apply(['tcp_tw_reuse=1'], { flags: ['--runtime'] });
    expect(undo(ids()[0]!)).toMatchObject({ code: 0 });
    expect([now()[FIN], now()[REUSE], states()]).toEqual(['45', '1', ['undone', 'applied']]);
  });

  it.skipIf(skip)('a transaction that is not in the journal', () => {
    const result = undo('20200101-000000');
    expect(result).toMatchObject({ code: 1 });
    expectOneSentenceOrTwo(result);
    expect(result.err).toMatch(/has no transaction 20200101-000000\./);
  });

  it.skipIf(skip)('two at once: one after the other, and both can be undone', async () => {
    const applies = ['tcp_fin_timeout=30', 'tcp_tw_reuse=1', 'ip_local_reserved_ports=3306'].map((change) => cli.start(['tune', 'apply', change, '--yes', '--file', settingsFile, '--journal', jail.journal], { through: jail.through(), env: { JAIL: jail.folder, TZ: 'UTC' } }));
    expect(await Promise.all(applies.map(ended))).toEqual([0, 0, 0]);
    expect(now()).toEqual({ ...before, [FIN]: '30', [REUSE]: '1', [RESERVED]: '3306' });
    expect(states()).toEqual(['applied', 'applied', 'applied']);
    for (const name of ['tcp_fin_timeout = 30', 'tcp_tw_reuse = 1', 'reserved_ports = 3306']) expect(jail.files()[NAME]!.content).toContain(name);
    expect([undo().code, undo().code, undo().code]).toEqual([0, 0, 0]);
    expectNothingChanged();
    expect(jail.stateNames()).toEqual(['tune.jsonl']);
  });

  it.skipIf(skip)('one that keeps at it is named, and waited for not for ever; what dead ones left is taken away', () => {
    jail.apply(['tcp_tw_reuse=1'], { flags: ['--runtime'] });
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    const start = readFileSync('/proc/self/stat', 'latin1').replace(/^.*\) /s, '').split(' ')[19]!;
    const locks = (): string[] => jail.stateNames().filter((name) => name.includes('.lock.'));
    const lock = (...parts: readonly (string | number)[]): void => writeFileSync(`${jail.journal}.lock.${parts.join('.')}`, '');
    // This process, another of its number, one of another boot, and none.
    lock(boot, process.pid, start);
    lock(boot, process.pid, Number(start) + 1);
    lock('00000000', process.pid, start);
    lock(boot, 4_194_303, 1);
    const result = jail.apply(['tcp_fin_timeout=30'], { flags: ['--runtime'] });
    expect(result).toMatchObject({ code: 1 });
    expectOneSentenceOrTwo(result);
    expect(result.err).toContain(`Another "fourtuple tune" (process ${process.pid}) is at work`);
    expect(jail.status().busy).toBe(process.pid);
    expect(now()[FIN]).toBe('45');
    // No name of a lock: whose it is cannot be told.
    writeFileSync(`${jail.journal}.lock.x`, '');
    rmSync(`${jail.journal}.lock.${boot}.${process.pid}.${start}`);
    expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--runtime'] })).toMatchObject({ code: 0 });
    expect(locks()).toEqual(['tune.jsonl.lock.x']);
  });
});

describe(`namespaces${because(obstacle)}`, () => {
  const nothing = { connections: 0, timeWait: 0, bound: 0, udp: 0 };

  it.skipIf(skip)('another one by --namespace: there and not here; undo finds it again, and says when it is gone', async () => {
    const holder = new NamespaceHolder();
    try {
      const held = await holder.make('process', nothing);
      const there = (): string => cli.run(['tune', 'explain', 'tcp_fin_timeout', '--json'], { through: ['nsenter', `--net=${held.path}`] }).out.match(/"value": "(\d+)"/)![1]!;
      expect(jail.apply(['tcp_fin_timeout=30'], { flags: ['--namespace', held.path] })).toMatchObject({ code: 0 });
      expect([there(), now()[FIN]]).toEqual(['30', '45']);
      expect(jail.run(['tune', 'verify', '--namespace', held.path])).toMatchObject({ code: 0 });
      expect(jail.run(['tune', 'verify'])).toMatchObject({ code: 3 });
      expect(undo()).toMatchObject({ code: 0 });
      expect(there()).toBe('60');
      jail.apply(['tcp_fin_timeout=30'], { flags: ['--namespace', String(held.inode), '--file', settingsFile] });
      await holder.release(held);
      await until('the namespace is gone', () => states()[1] === 'gone');
      const gone = undo();
      expect(gone).toMatchObject({ code: 1, err: '' });
      expect(gone.out).toMatch(/^The network namespace \S+ is not there any more: there is nothing to set back/m);
      expect([states(), Object.keys(jail.files())]).toEqual([['undone', 'gone'], [NAME]]);
      expect(undo('--force')).toMatchObject({ code: 0 });
      expectNothingChanged();
    } finally {
      await holder.close();
    }
  });

  it.skipIf(skip)('one that has the number of another is not taken for it', () => {
    jail.apply(['tcp_fin_timeout=30'], { flags: ['--runtime'] });
    writeFileSync(jail.journal, readFileSync(jail.journal, 'utf8').replace(/"cookie":"\d+"/, '"cookie":"1"'));
    expect(states()).toEqual(['gone']);
    expect(undo()).toMatchObject({ code: 1 });
    expect(now()[FIN]).toBe('30');
  });

  it.skipIf(skip)('without koffi: the own one is changed and restored, another one cannot be entered', async () => {
    const env = { FOURTUPLE_NO_KOFFI: '1' };
    expect(jail.apply(['tcp_fin_timeout=30'], { env })).toMatchObject({ code: 0 });
    expect(jail.run(['tune', 'undo', '--yes'], { env })).toMatchObject({ code: 0 });
    expectNothingChanged();
    const holder = new NamespaceHolder();
    try {
      const { path } = await holder.make('process', nothing);
      expect(jail.apply(['tcp_fin_timeout=30'], { env, flags: ['--namespace', path] })).toMatchObject({ code: 1, err: expect.stringContaining('koffi') as string });
      jail.apply(['tcp_fin_timeout=30'], { flags: ['--namespace', path] });
      expect(jail.run(['tune', 'undo', '--yes'], { env })).toMatchObject({ code: 1, out: expect.stringMatching(/cannot be entered|is not there/) as string });
    } finally {
      await holder.close();
    }
  });
});

describe(`a reboot${because(obstacle)}`, () => {
  // A /proc/sys of plain files, with the mark of the host's own namespace: nothing of it is the kernel's.
  const fakeSys = (boot: number, value: string): string =>
    [
      'mount -t tmpfs none /proc/sys',
      'mkdir -p /proc/sys/net/ipv4 /proc/sys/kernel/random',
      "printf '0 0 0\\n' > /proc/sys/net/ipv4/tcp_mem",
      `printf '%s\\n' ${boot}0000000-0000-4000-8000-000000000000 > /proc/sys/kernel/random/boot_id`,
      ...(value === '' ? [] : [`printf '%s\\n' ${value} > "$JAIL/fin"`]),
      'touch /proc/sys/net/ipv4/tcp_fin_timeout',
      'mount --bind "$JAIL/fin" /proc/sys/net/ipv4/tcp_fin_timeout',
    ].join('\n');
  const fin = (): string => readFileSync(join(jail.folder, 'fin'), 'latin1');
  const at = (boot: number, args: readonly string[], value = ''): CliResult => jail.run(args, { script: fakeSys(boot, value) });

  beforeEach(() => {
    if (!skip) writeFileSync(join(jail.folder, 'fin'), '60\n');
  });

  it.skipIf(skip)('what had a file is in force again, and is undone', () => {
    expect(at(1, ['tune', 'apply', 'tcp_fin_timeout=30', '--yes'])).toMatchObject({ code: 0, err: '' });
    expect([fin(), Object.keys(jail.files())]).toEqual(['30\n', [NAME]]);
    expect(at(1, ['tune', 'verify'])).toMatchObject({ code: 0 });
    expect(at(2, ['tune', 'verify'], '30')).toMatchObject({ code: 0 });
    expect(at(2, ['tune', 'verify'], '60')).toMatchObject({ code: 2 });
    expect(at(2, ['tune', 'undo', '--yes'], '30')).toMatchObject({ code: 0 });
    expect([fin(), jail.files()]).toEqual(['60\n', {}]);
  });

  it.skipIf(skip)('what had a file that did not take effect: the file is put back, the value is left', () => {
    at(1, ['tune', 'apply', 'tcp_fin_timeout=30', '--yes']);
    expect(at(2, ['tune', 'undo', '--yes'], '20')).toMatchObject({ code: 0 });
    expect([fin(), jail.files()]).toEqual(['20\n', {}]);
  });

  it.skipIf(skip)('what had no file has ended: undo only says so in the journal', () => {
    at(1, ['tune', 'apply', 'tcp_fin_timeout=30', '--yes', '--runtime']);
    expect(at(2, ['tune', 'status'], '60')).toMatchObject({ code: 0, out: expect.stringContaining('ended by a reboot') as string });
    expect(at(2, ['tune', 'verify'])).toMatchObject({ code: 3 });
    // That somebody else wants the same value is not ours to undo.
    expect(at(2, ['tune', 'undo', '--yes'], '30')).toMatchObject({ code: 0 });
    expect(fin()).toBe('30\n');
  });

  it.skipIf(skip)('a namespace of before it is gone', () => {
    jail.apply(['tcp_fin_timeout=30'], { flags: ['--runtime'] });
    expect(at(2, ['tune', 'status'], '60')).toMatchObject({ code: 0, out: expect.stringContaining('its network namespace is gone') as string });
    expect(at(2, ['tune', 'undo', '--yes'])).toMatchObject({ code: 1 });
  });
});

describe(`tune verify${because(obstacle)}`, () => {
  const verify = (): [number | null, string] => {
    const { code, out } = jail.run(['tune', 'verify']);
    return [code, out.split('\n')[0]!];
  };

  it.skipIf(skip)('UNKNOWN, OK, WARNING, CRITICAL', () => {
    expect(verify()).toEqual([3, expect.stringMatching(/^UNKNOWN {2}nothing is applied/)]);
    jail.apply(['tcp_fin_timeout=30', 'tcp_tw_reuse=1']);
    expect(verify()).toEqual([0, 'OK  2 settings as applied, /etc/sysctl.d/90-fourtuple.conf as written']);
    jail.write('/etc/sysctl.conf', 'net.ipv4.tcp_fin_timeout = 60\n');
    expect(verify()).toEqual([1, 'WARNING  /etc/sysctl.conf:1 sets net.ipv4.tcp_fin_timeout = 60 later than /etc/sysctl.d/90-fourtuple.conf: the next boot will not have 30']);
    jail.write(settingsFile, 'x\n');
    expect(verify()[0]).toBe(1);
    setValue(REUSE, '0');
    expect(verify()).toEqual([2, expect.stringMatching(/^CRITICAL {2}net\.ipv4\.tcp_tw_reuse is 0, not 1, and \d more$/)]);
    expect(jail.run(['tune', 'verify', '--quiet']).out.trimEnd().split('\n')).toHaveLength(1);
    writeFileSync(jail.journal, '');
    expect(verify()[0]).toBe(3);
  });

  it.skipIf(skip)('a later transaction decides of a key that both changed', () => {
    jail.apply(['tcp_fin_timeout=30']);
    jail.apply(['tcp_fin_timeout=20'], { flags: ['--runtime'] });
    expect(verify()[0]).toBe(0);
    setValue(FIN, '30');
    expect(verify()[0]).toBe(2);
  });
});

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.on('exit', resolve);
  });
}
