import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { currentNamespace, HashedSource, ProcFs, readAll, readSettings, SockDiagSource, type SocketSource } from '../../src/kernel/index.ts';
import { ALL_HASHED_STATES, endpointText, Protocol, readRecord, SocketCursor, stateBit, stateName, TcpState, type RecordSink } from '../../src/model/index.ts';
import { loadBpfReaders, openNamespace, sourceOfMany } from '../../src/observe/index.ts';
import { PortLedger, type NamespaceUsage } from '../../src/usage/index.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';
import { enterFreshNamespace } from '../support/namespace.ts';
import { pythonObstacle } from '../support/other-process.ts';
import { Population } from '../support/population.ts';
import { Random } from '../support/random.ts';

const obstacle = bpfObstacle();
const withoutPython = pythonObstacle();
const populations = Number(process.env['FOURTUPLE_POPULATIONS'] ?? 60);
const CONNECTIONS = ALL_HASHED_STATES & ~stateBit(TcpState.listen);
const LISTENERS = stateBit(TcpState.listen);

interface Told {
  readonly lines: string[];
  /** What is left of each TIME_WAIT, by its line, in milliseconds. */
  readonly left: Map<string, number>;
  inRuns: number;
}

/** What a source tells to who counts alone. */
function tell(source: SocketSource, states = CONNECTIONS): Told {
  const told: Told = { lines: [], left: new Map(), inRuns: 0 };
  const cursor = new SocketCursor();
  const note = (socket: SocketCursor): void => {
    const line = `${stateName(socket.state)} ${endpointText(socket.localAddress(), socket.localPort)} -> ${endpointText(socket.remoteAddress(), socket.remotePort)} family ${socket.family} device ${socket.interfaceIndex}`;
    told.lines.push(line);
    if (socket.timer === 3) told.left.set(line, socket.expiresMs);
  };
  const sink: RecordSink = {
    ignoresNoPort: true,
    accept: note,
    reset: () => {
      told.lines.length = 0;
      told.inRuns = 0;
    },
    take(records) {
      told.inRuns += records.length;
      for (let index = 0; index < records.length; index++) {
        readRecord(records, index, cursor);
        note(cursor);
      }
    },
  };
  readAll(source.read({ protocol: Protocol.tcp, states }, sink));
  told.lines.sort();
  return told;
}

/** Reads until nothing has changed its state between two reads by sock_diag. */
function tellCalm(diag: SocketSource, bpf: SocketSource, states?: number): { before: Told; by: Told; after: Told } {
  let after = tell(diag, states);
  for (;;) {
    const before = after;
    const by = tell(bpf, states);
    after = tell(diag, states);
    if (before.lines.join() === after.lines.join()) return { before, by, after };
  }
}

function usageBy(source: SocketSource, listeners: SocketSource): NamespaceUsage {
  const { settings } = readSettings(new ProcFs());
  const ledger = new PortLedger(settings, { trackInodes: false, countOnly: true });
  readAll(listeners.read({ protocol: Protocol.tcp, states: LISTENERS }, ledger.listeners));
  readAll(source.read({ protocol: Protocol.tcp, states: CONNECTIONS }, ledger.others));
  return ledger.finish({ inode: 1, name: 'here' });
}

const summary = ({ tuples, bindPools, sockets, poisonedPorts }: NamespaceUsage): unknown => ({
  tuples: tuples
    .top()
    .map(({ source, destination, ...tuple }) => ({ ...tuple, source: source.toString(), destination: destination.toString() }))
    .sort((left, right) => JSON.stringify(left).localeCompare(JSON.stringify(right))),
  bindPools: bindPools.map(({ source, ...pool }) => ({ ...pool, source: source.toString() })).sort((left, right) => JSON.stringify(left).localeCompare(JSON.stringify(right))),
  sockets,
  poisonedPorts,
});

describe.skipIf(obstacle !== undefined)(`connections by a walk over the kernel's table${because(obstacle)}`, () => {
  let child: ChildProcess | undefined;
  afterEach(async () => {
    delete process.env['FOURTUPLE_NO_BPF'];
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.stdin!.end();
    if (child.exitCode === null) await ended;
    child = undefined;
  });

  it('are those of sock_diag, and count alike, in random populations', { timeout: populations * 2000 }, async () => {
    let sockets = 0;
    let waiting = 0;
    for (let seed = 1; seed <= populations; seed++) {
      const population = new Population(new Random(seed));
      if (population.settleMs > 0) await new Promise((resolve) => setTimeout(resolve, population.settleMs));
      const diag = new SockDiagSource(true);
      const bpf = new HashedSource(diag, (work) => work());
      try {
        const { before, by, after } = tellCalm(diag, bpf);
        expect({ seed, lines: by.lines }).toEqual({ seed, lines: after.lines });
        expect(by.inRuns).toBe(by.lines.length);
        // Time passes between the reads; a jiffy is at most 10 ms.
        const wrong = [...by.left].filter(([line, ms]) => ms > before.left.get(line)! + 10 || ms < after.left.get(line)! - 10);
        expect({ seed, wrong }).toEqual({ seed, wrong: [] });
        expect(by.left.size).toBe(after.left.size);
        let [left, right, again] = [usageBy(diag, diag), usageBy(bpf, diag), usageBy(diag, diag)].map(summary);
        // A TIME_WAIT becomes reusable meanwhile.
        while (JSON.stringify(left) !== JSON.stringify(again)) [left, right, again] = [usageBy(diag, diag), usageBy(bpf, diag), usageBy(diag, diag)].map(summary);
        expect({ seed, usage: right }).toEqual({ seed, usage: left });
        sockets += by.lines.length;
        waiting += by.left.size;
      } finally {
        bpf.close();
        population.close();
      }
    }
    expect([sockets > populations * 10, waiting > populations]).toEqual([true, true]);
  });

  it.skipIf(withoutPython !== undefined)(`of every state, of devices, mapped, and none of other namespaces${because(withoutPython)}`, async () => {
    enterFreshNamespace();
    const script = `
import ctypes, os, socket, sys
libc = ctypes.CDLL(None)
def server(address, family=socket.AF_INET, **options):
  s = socket.socket(family); s.bind((address, 0))
  for level, name, value in options.get('set', []): s.setsockopt(level, name, value)
  s.listen(100); return s
keep = []
def connect(to, family=socket.AF_INET, device=None):
  s = socket.socket(family)
  if device: s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
  s.setblocking(False)
  try: s.connect(to)
  except BlockingIOError: pass
  s.setblocking(True); keep.append(s); return s
plain = server('127.0.0.1'); port = plain.getsockname()[1]
for _ in range(30): connect(('127.0.0.1', port))
taken = [plain.accept()[0] for _ in range(30)]; keep += taken
# FIN_WAIT2 of a closed socket, which the kernel keeps as a bucket, and CLOSE_WAIT; both ends closed: TIME_WAIT.
keep.remove(taken[0]); taken[0].close()
a = connect(('127.0.0.1', port)); b = plain.accept()[0]; keep.remove(a); a.close(); b.close()
# FIN_WAIT2 of a socket that is not closed.
taken[1].shutdown(socket.SHUT_WR)
# SYN_RECV: the last acknowledgement alone does not make a connection of it.
slow = server('127.0.0.2', set=[(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 60)])
connect(('127.0.0.2', slow.getsockname()[1]))
# SYN_SENT: a full accept queue answers no more.
full = socket.socket(); full.bind(('127.0.0.3', 0)); full.listen(0)
for _ in range(4): connect(('127.0.0.3', full.getsockname()[1]))
# Of a device.
connect(('127.0.0.1', port), device=b'lo')
six = server('::', socket.AF_INET6)
connect(('::1', six.getsockname()[1]), socket.AF_INET6)
connect(('::ffff:127.0.0.1', six.getsockname()[1]), socket.AF_INET6)
connect(('127.0.0.1', six.getsockname()[1]))
libc.unshare(0x40000000)
import fcntl, struct
s = socket.socket(); fcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 1))
other = server('127.0.0.1'); connect(('127.0.0.1', other.getsockname()[1]))
print(os.getpid(), flush=True); sys.stdin.read(); os._exit(0)
`;
    child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('the script failed')))]);
    const diag = new SockDiagSource(true);
    const bpf = new HashedSource(diag, (work) => work());
    try {
      const { by, after } = tellCalm(diag, bpf);
      expect(by.lines).toEqual(after.lines);
      expect(new Set(by.lines).size).toBe(by.lines.length);
      const count = (pattern: RegExp): number => by.lines.filter((line) => pattern.test(line)).length;
      expect([/^time-wait/, /^fin-wait-2/, /^close-wait/, /^syn-recv/, /^syn-sent/, /device [1-9]/, /\[::1\]/, /127\.0\.0\.1.* family 10/].map((pattern) => count(pattern) > 0)).toEqual(Array.from({ length: 8 }, () => true));
      for (const state of [TcpState.established, TcpState.timeWait, TcpState.finWait2, TcpState.synSent]) expect(tell(bpf, stateBit(state)).lines).toEqual(tell(diag, stateBit(state)).lines);
    } finally {
      bpf.close();
    }
  });

  it('come from sock_diag where BPF is refused, and for who wants more than counts', () => {
    const population = new Population(new Random(3));
    const diag = new SockDiagSource(true);
    const bpf = new HashedSource(diag, (work) => work());
    try {
      process.env['FOURTUPLE_NO_BPF'] = '1';
      const { by, after } = tellCalm(diag, bpf);
      expect(by.lines).toEqual(after.lines);
      delete process.env['FOURTUPLE_NO_BPF'];
      const inodes: number[] = [];
      readAll(bpf.read({ protocol: Protocol.tcp, states: ALL_HASHED_STATES }, { accept: (socket) => void inodes.push(socket.inode), reset: () => (inodes.length = 0) }));
      expect(inodes.some((inode) => inode > 0)).toBe(true);
    } finally {
      bpf.close();
      population.close();
    }
  });

  it('are walked where there are many, and not where there are few', async () => {
    await loadBpfReaders();
    const population = new Population(new Random(4));
    const opened = openNamespace(currentNamespace());
    try {
      expect(sourceOfMany(opened)).toBeUndefined();
      const source = sourceOfMany(opened, 1)!;
      expect(source).toBeInstanceOf(HashedSource);
      const { by, after } = tellCalm(opened.source, source);
      expect(by.lines).toEqual(after.lines);
    } finally {
      opened.source.close();
      population.close();
    }
  });
});
