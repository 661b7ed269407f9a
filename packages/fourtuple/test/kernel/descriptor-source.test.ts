import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { countTcp, currentNamespace, descriptorCounts, DescriptorSource, OWN_NET, ProcFs, readAll, SockDiagSource, type SocketSource } from '../../src/kernel/index.ts';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, endpointText, Protocol, stateName, Word, type RecordSink, type SocketCursor } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';
import { enterFreshNamespace } from '../support/namespace.ts';
import { pythonObstacle } from '../support/other-process.ts';
import { Population } from '../support/population.ts';
import { Random } from '../support/random.ts';

const obstacle = bpfObstacle();
const populations = Number(process.env['FOURTUPLE_POPULATIONS'] ?? 60);
const withoutPython = pythonObstacle();

/** How the descriptors are read: by one thread or two, each process by itself or all in one walk. */
const ways = {
  'by one thread': () => ({}),
  'by two threads, each process by itself': () => ({ byTwoFrom: 0, descriptors: [...descriptorCounts(new ProcFs()), { pid: 4_194_303, count: 9 }] }),
  'by two threads, all in one walk': () => ({ byTwoFrom: 0, descriptors: Array.from({ length: 3000 }, (_, index) => ({ pid: index + 1, count: 1 })) }),
};
type Way = keyof typeof ways;
const wayNames = Object.keys(ways) as Way[];

function line(socket: SocketCursor): string {
  return `${stateName(socket.state)} ${endpointText(socket.localAddress(), socket.localPort)} -> ${endpointText(socket.remoteAddress(), socket.remotePort)} family ${socket.family} device ${socket.interfaceIndex} inode ${socket.inode} uid ${socket.uid}`;
}

/** Every TCP socket, a line each. */
function linesOf(source: SocketSource): string[] {
  const lines: string[] = [];
  readAll(source.read({ protocol: Protocol.tcp, states: ALL_HASHED_STATES | BOUND_INACTIVE_BIT }, { accept: (socket) => lines.push(line(socket)), reset: () => (lines.length = 0) }));
  return lines.sort();
}

/** Of the connections that come in runs, what they come with. */
function ownersInRuns(source: SocketSource): { inode: number; owner: number }[] {
  const found: { inode: number; owner: number }[] = [];
  const sink: RecordSink = {
    accept: () => undefined,
    reset: () => (found.length = 0),
    take: ({ words, starts, owners, length }) => {
      for (let index = 0; index < length; index++) found.push({ inode: words[starts[index]! + Word.inode]! >>> 0, owner: owners![index]! });
    },
  };
  readAll(source.read({ protocol: Protocol.tcp, states: ALL_HASHED_STATES }, sink));
  return found;
}

function open(way: Way): DescriptorSource {
  return new DescriptorSource(new SockDiagSource(true), new ProcFs(), currentNamespace().inode, () => countTcp(new ProcFs(), OWN_NET), ways[way]());
}

describe.skipIf(obstacle !== undefined)(`sockets by their descriptors${because(obstacle)}`, () => {
  let child: ChildProcess | undefined;
  afterEach(async () => {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.stdin!.end();
    await ended;
    child = undefined;
  });

  it.each(wayNames)(`are those of sock_diag, in random populations, read %s`, { timeout: populations * 2000 }, async (way) => {
    const count = way === 'by one thread' ? populations : Math.ceil(populations / 4);
    let sockets = 0;
    for (let seed = 1; seed <= count; seed++) {
      const population = new Population(new Random(seed));
      if (population.settleMs > 0) await new Promise((resolve) => setTimeout(resolve, population.settleMs));
      const [diag, bpf] = [new SockDiagSource(true), open(way)];
      try {
        // A connection may change its state meanwhile: what counts is what was the same before and after.
        let before: string[];
        let lines: string[];
        let after = linesOf(diag);
        do {
          before = after;
          lines = linesOf(bpf);
          after = linesOf(diag);
        } while (before.join() !== after.join());
        expect({ seed, lines }).toEqual({ seed, lines: after });
        expect(bpf.owners?.coverage).toBe('all');
        sockets += lines.length;
      } finally {
        diag.close();
        bpf.close();
        population.close();
      }
    }
    expect(sockets).toBeGreaterThan(count * 10);
  });

  it.skipIf(withoutPython !== undefined).each(wayNames)(`once each, whoever shares them; not those of other namespaces; also those without a descriptor; read %s${because(withoutPython)}`, async (way) => {
    enterFreshNamespace();
    const script = `
import ctypes, os, socket, sys, threading
libc = ctypes.CDLL(None)
L = socket.create_server(('127.0.0.1', 7000), backlog=100)
keep = [socket.create_connection(('127.0.0.1', 7000)) for _ in range(40)]
taken = [L.accept()[0] for _ in range(20)]
# Sent to a socket that nobody reads from: no process has a descriptor of it.
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
socket.send_fds(a, [b'x'], [keep[0].fileno()]); keep[0].close()
# Closed with data that the other end does not take: an orphan.
taken[1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
keep[1].setblocking(False)
try:
  while True: keep[1].send(b'x' * 65536)
except BlockingIOError: pass
keep[1].close()
# Of a thread with descriptors of its own (CLONE_FILES).
apart, ready = [], threading.Event()
def alone():
  libc.unshare(0x400)
  apart.append(socket.create_connection(('127.0.0.1', 7000)))
  ready.set()
  threading.Event().wait()
threading.Thread(target=alone, daemon=True).start()
ready.wait()
if os.fork() == 0: sys.stdin.read(); os._exit(0)
libc.unshare(0x40000000)
other = socket.socket(); other.bind(('0.0.0.0', 7001)); other.listen()
print(os.getpid(), flush=True); sys.stdin.read(); os._exit(0)
`;
    child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [bytes] = (await once(child.stdout!, 'data')) as [Buffer];
    const pid = Number(String(bytes));
    const [diag, bpf] = [new SockDiagSource(true), open(way)];
    try {
      const lines = linesOf(bpf);
      expect(lines).toEqual(linesOf(diag));
      expect(new Set(lines).size).toBe(lines.length);
      expect(lines.filter((text) => text.includes('inode 0 ')).length).toBeGreaterThanOrEqual(20);
      expect(lines.join('\n')).not.toContain(':7001');
      const index = bpf.owners!;
      const inodes = lines.flatMap((text) => Number(/inode ([1-9]\d*) /.exec(text)?.[1] ?? 0) || []);
      const pids = inodes.map((inode) => index.owners[index.ownerOf(inode)]?.pid);
      // The one without a process is the one that was sent.
      expect(pids.filter((one) => one !== pid)).toEqual([undefined]);
      // Handed on in runs, what a process has alone comes with its number, what is shared is told by its inode in the end.
      const owners = ownersInRuns(bpf);
      expect(owners.map(({ inode, owner }) => bpf.owners!.owners[owner < 0 ? bpf.owners!.ownerOf(inode) : owner]?.pid)).toEqual(owners.map(() => pid));
      expect(owners.filter(({ owner }) => owner >= 0)).toHaveLength(1);
      expect(owners.length).toBeGreaterThan(30);
    } finally {
      diag.close();
      bpf.close();
    }
  });
});
