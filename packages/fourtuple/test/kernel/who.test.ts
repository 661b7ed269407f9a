import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findSockets, kernelAtLeast, ProcFs } from '../../src/kernel/index.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';
import { InstalledCli, type CliAnswer } from '../support/installed-cli.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';
import { NamespaceHolder } from '../support/namespace-holder.ts';
import { OtherProcess, pythonObstacle } from '../support/other-process.ts';
import { asOrdinaryUser, throughObstacle } from '../support/privileges.ts';

const obstacle = liveTestObstacle() ?? pythonObstacle();

interface Who {
  readonly holders: readonly {
    readonly namespace: number;
    readonly protocol: string;
    readonly local: string;
    readonly state: string;
    readonly pid: number | null;
    readonly command: string | null;
    readonly commandLine: string | null;
    readonly parent: { pid: number } | null;
    readonly reuseAddress: boolean | null;
    readonly reusePort: boolean | null;
    readonly v6Only: boolean | null;
    readonly sharedWith: readonly number[];
    readonly withoutProcess: string | null;
    readonly inode: number;
  }[];
  readonly limits: readonly string[];
}

let cli: InstalledCli;
const others: OtherProcess[] = [];

beforeAll(() => {
  if (obstacle === undefined) cli = new InstalledCli();
});

afterAll(() => cli?.close());

beforeEach(() => {
  if (obstacle === undefined) enterFreshNamespace();
});

afterEach(async () => {
  for (const other of others.splice(0)) await other.close();
});

/** Runs a Python program beside us. @returns what it printed. */
async function beside(program: string): Promise<{ pid: number; lines: string[] }> {
  const other = new OtherProcess(program);
  others.push(other);
  return { lines: await other.ready(), pid: other.pid };
}

const who = (...args: string[]): CliAnswer<Who> => cli.json(['who', ...args, '--namespace', '/proc/self/ns/net']) as CliAnswer<Who>;
/** `self` is the program's own, in the thread that it was started from. */
const shown = (...args: string[]): string => cli.run(['who', ...args, '--namespace', '/proc/self/ns/net']).out;

const LISTEN = `
def listen(port, family=socket.AF_INET, kind=socket.SOCK_STREAM, address=None, **options):
    s = socket.socket(family, kind)
    if options.get("r"): s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if options.get("p"): s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if "v6" in options: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, options["v6"])
    s.bind((address or ("::" if family == socket.AF_INET6 else "0.0.0.0"), port))
    if kind == socket.SOCK_STREAM and not options.get("idle"): s.listen(4096)
    return s
`;

describe(`who: the flags of another process's sockets${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('are shown as they are, of every kind of socket', async () => {
    const { pid } = await beside(`${LISTEN}
six, udp = socket.AF_INET6, socket.SOCK_DGRAM
keep = [listen(1001), listen(1002, r=True), listen(1003, p=True), listen(1004, r=True, p=True), listen(1005, six, v6=1), listen(1006, six, r=True, v6=0), listen(1007, idle=True, r=True), listen(1008, kind=udp), listen(1009, kind=udp, r=True, p=True), listen(1010, six, udp, v6=1), listen(1011, six, address="::1", v6=0, r=True)]
client = socket.create_connection(("127.0.0.1", 1001), source_address=None)
client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server = keep[0].accept()[0]
print(client.getsockname()[1])
`);
    const expected: readonly (readonly [port: number, letters: string, reuseAddress: boolean, reusePort: boolean, v6Only: boolean])[] = [
      [1002, 'R', true, false, false],
      [1003, 'P', false, true, false],
      [1004, 'RP', true, true, false],
      [1005, '6', false, false, true],
      [1006, 'R', true, false, false],
      [1007, 'R', true, false, false],
      [1008, '-', false, false, false],
      [1009, 'RP', true, true, false],
      [1010, '6', false, false, true],
      // bind() to an IPv6 address of one's own makes a socket IPv6 only.
      [1011, 'R6', true, false, true],
    ];
    for (const [port, letters, reuseAddress, reusePort, v6Only] of expected) {
      const { document, code } = who(String(port));
      expect({ port, code, holders: document.holders.map((one) => [one.pid, one.reuseAddress, one.reusePort, one.v6Only]) }).toEqual({ port, code: 0, holders: [[pid, reuseAddress, reusePort, v6Only]] });
      expect({ port, out: shown(String(port)) }).toEqual({ port, out: expect.stringMatching(new RegExp(` ${letters} +python3/${pid}`)) as string });
    }
    // The listener and what it accepted.
    expect(new Set(who('1001').document.holders.map(({ state, reuseAddress, pid: owner }) => `${state} ${reuseAddress} ${owner}`))).toEqual(new Set([`established false ${pid}`, `listening false ${pid}`]));
    expect(who(String(Number((await others[0]!.ready())[0]))).document.holders).toMatchObject([{ state: 'established', reuseAddress: true, pid }]);
  });

  it.skipIf(obstacle !== undefined)('with the command line, the user, the start and the parent', async () => {
    const { pid } = await beside(`${LISTEN}\nkeep = listen(1001)`);
    const [holder] = who('1001').document.holders;
    expect(holder).toMatchObject({ pid, command: 'python3', parent: { pid: process.pid }, sharedWith: [], withoutProcess: null });
    expect(holder!.commandLine).toMatch(/^\S*python3 -c import os, resource/);
    expect(shown('1001')).toMatch(new RegExp(`^${pid}: \\S*python3 -c .*user root, started \\d+ s ago, child of \\S+/${process.pid}`, 'm'));
  });

  const unprivileged = obstacle ?? throughObstacle(asOrdinaryUser);
  it.skipIf(unprivileged !== undefined)(`an ordinary user is shown a question mark, and told why${because(unprivileged)}`, async () => {
    await beside(`${LISTEN}\nkeep = listen(1001, r=True)`);
    const { document } = cli.json(['who', '1001'], { through: asOrdinaryUser }) as CliAnswer<Who>;
    expect(document.holders.find(({ local }) => local === '0.0.0.0')).toMatchObject({ reuseAddress: null, pid: null, withoutProcess: expect.stringContaining('may not be read') as string });
  });
});

describe(`who: whose socket it is${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('one that children inherited: the parent, and all who have it', async () => {
    const { pid, lines } = await beside(`${LISTEN}
keep = listen(1001)
for _ in range(3):
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
    print(child)
`);
    const children = lines.map(Number).sort((left, right) => left - right);
    expect(children).toHaveLength(3);
    const [holder] = who('1001').document.holders;
    expect([holder!.pid, holder!.sharedWith]).toEqual([pid, children]);
    expect(shown('1001')).toContain(`also open in ${children.join(', ')}`);
  });

  it.skipIf(obstacle !== undefined)('a small child of a large process: the parent all the same', async () => {
    const { pid, lines } = await beside(`${LISTEN}
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
keep = listen(1001)
child = os.fork()
if child == 0:
    sys.stdin.read()
    os._exit(0)
print(child)
more = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3000)]
`);
    const [holder] = who('1001').document.holders;
    expect([holder!.pid, holder!.sharedWith]).toEqual([pid, [Number(lines[0])]]);
  });

  it.skipIf(obstacle !== undefined)('among 10,000 descriptors', async () => {
    const { pid } = await beside(`${LISTEN}
resource.setrlimit(resource.RLIMIT_NOFILE, (12000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
before = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(7000)]
keep = listen(1001)
after = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3000)]
`);
    const [holder] = who('1001').document.holders;
    expect(holder).toMatchObject({ pid, reuseAddress: false });
    expect([...findSockets(new ProcFs(), [holder!.inode])]).toEqual([[holder!.inode, [{ pid, fd: expect.any(Number) as number, inode: holder!.inode }]]]);
  });

  it.skipIf(obstacle !== undefined)('in flight in a unix socket: nobody has it, and it says so', async () => {
    await beside(`${LISTEN}
import array
here, there = socket.socketpair(socket.AF_UNIX)
s = listen(1001, r=True)
here.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()]))])
s.close()
`);
    const [holder] = who('1001').document.holders;
    expect(holder).toMatchObject({ pid: null, command: null, reuseAddress: null, withoutProcess: expect.stringContaining('in flight between processes') as string });
    expect(shown('1001')).toContain('nobody: of the kernel, in flight between processes');
  });

  it.skipIf(obstacle !== undefined)('in another namespace: named, with its flags, without being asked for', async () => {
    const holder = new NamespaceHolder();
    try {
      const { inode } = await holder.make('descriptor', { connections: 1, timeWait: 0, bound: 0, udp: 0 });
      const { document } = cli.json(['who', '80']) as CliAnswer<Who>;
      const there = document.holders.filter(({ namespace }) => namespace === inode);
      expect(new Set(there.map(({ state, reuseAddress }) => `${state} ${reuseAddress}`))).toEqual(new Set(['established false', 'listening false']));
      expect(there.every(({ pid, command }) => pid !== null && command !== null)).toBe(true);
    } finally {
      await holder.close();
    }
  });
});

describe(`who: a port of 10,000 accepted connections${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('is told in few lines, and in time', async () => {
    const { pid } = await beside(`${LISTEN}
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
keep = listen(1001)
pairs = []
for index in range(9900):
    c = socket.socket()
    c.connect(("127.0.0.1", 1001))
    pairs += [c, keep.accept()[0]]
`);
    const began = Date.now();
    const out = shown('1001');
    expect(Date.now() - began).toBeLessThan(15_000);
    expect(out).toContain('is held by 9,901 sockets');
    expect(out.split('\n').length).toBeLessThan(30);
    expect(out).toMatch(new RegExp(`listening .*python3/${pid}`));
    expect(out).toMatch(/many \([\d,]+\)/);
    const { document } = who('1001');
    expect(document.holders).toHaveLength(9901);
    expect(document.limits.join()).toMatch(/the first 2,000 were looked up/);
    const why = cli.run(['why', 'bind', '1001']);
    expect([why.code, why.err, why.out.split('\n').length < 60]).toEqual([1, '', true]);
    // More than free takes without being told to.
    const refused = cli.run(['free', 'connection', '--port', '1001', '--yes', '--journal', '/dev/null']);
    expect(refused).toMatchObject({ code: 64, err: expect.stringContaining('9,900 connections are meant, more than --limit 100') as string });
  }, 60_000);
});

const unread = obstacle ?? bpfObstacle() ?? (kernelAtLeast(6, 18) ? undefined : 'this kernel does not keep with a socket how it came by its port');

describe(`who: how each socket on a shared port came by it${because(unread)}`, () => {
  // One chosen by connect(), one bound with that port and connected, and the same of sockets that are closed: all on one port.
  const scene = `
L = [socket.create_server((f"127.0.0.{n}", 7000), backlog=50) for n in (1, 2, 3, 4)]
def client(to, port=None):
  s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
  if port is not None: s.bind(("127.0.0.9", port))
  else:
    s.setsockopt(socket.IPPROTO_IP, 24, 1); s.bind(("127.0.0.9", 0))
  s.connect((f"127.0.0.{to}", 7000)); return s
a = client(1); port = a.getsockname()[1]
b = client(2, port)
c = client(3, port); d = L[2].accept()[0]; c.close(); d.close()
print(port)
`;
  const kinds = (port: string, ...args: string[]): string[] =>
    (cli.json(['who', port, '--namespace', '/proc/self/ns/net', ...args]).document as { holders: { remote: string; state: string; kind: string; evidence: string }[] }).holders.map(({ remote, state, kind, evidence }) => `${remote} ${state}: ${kind} (${evidence})`).sort();

  it.skipIf(unread !== undefined)('is read of the kernel, where the port alone does not tell', async () => {
    const { lines } = await beside(scene);
    const port = lines.at(-1)!;
    const read = ['127.0.0.1 established: connect-chosen (kernel)', '127.0.0.2 established: explicit (kernel)', '127.0.0.3 time-wait: explicit (kernel)'];
    expect(kinds(port)).toEqual(read);
    expect(kinds(port, '--probe', 'kernel')).toEqual(read);
    expect(kinds(port, '--probe', 'none').every((line) => !line.includes('kernel'))).toBe(true);
  });
});
