import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { ProcFs, readOwners, readOwnersByBpfSteps } from '../../src/kernel/index.ts';
import { LazyOwners, loadBpfReaders, runSteps } from '../../src/observe/index.ts';
import type { OwnerIndex } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';
import { pythonObstacle } from '../support/other-process.ts';

await loadBpfReaders();

const obstacle = bpfObstacle() ?? pythonObstacle();

/** Sockets of every kind, some of them inherited by children, some of a thread with descriptors of its own, some in another network namespace. */
const program = `
import ctypes, json, os, socket, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
keep, own, thread = [], [], []
def make(n, into):
  for index in range(n):
    s = socket.socket(socket.AF_INET6 if index % 2 else socket.AF_INET, socket.SOCK_DGRAM if index % 3 == 0 else socket.SOCK_STREAM)
    s.set_inheritable(True); keep.append(s); into.append(os.fstat(s.fileno()).st_ino)
make(20, own)
unix = socket.socketpair(); other = [os.fstat(one.fileno()).st_ino for one in unix]
child = os.fork()
if child == 0: sys.stdin.read(); os._exit(0)
if libc.unshare(0x40000000) != 0: sys.exit('no namespace')
make(20, own)
done = threading.Event()
def alone():
  if libc.unshare(0x400) != 0: return
  make(5, thread); done.set(); threading.Event().wait()
threading.Thread(target=alone, daemon=True).start(); done.wait(5)
print(json.dumps({'pid': os.getpid(), 'child': child, 'own': own, 'thread': thread, 'other': other}), flush=True)
sys.stdin.read(); os._exit(0)
`;

interface Told {
  readonly pid: number;
  readonly child: number;
  readonly own: readonly number[];
  readonly thread: readonly number[];
  readonly other: readonly number[];
}

describe.skipIf(obstacle !== undefined)(`owners of sockets by a BPF iterator${because(obstacle)}`, () => {
  let child: ChildProcess | undefined;
  afterEach(async () => {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.stdin!.end();
    await ended;
    child = undefined;
  });

  async function start(): Promise<Told> {
    child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [bytes] = (await once(child.stdout!, 'data')) as [Buffer];
    return JSON.parse(String(bytes)) as Told;
  }

  const ownerOf = (index: OwnerIndex, inode: number): string => {
    const owner = index.owners[index.ownerOf(inode)];
    return owner === undefined ? 'nobody' : `${owner.command}/${owner.pid}`;
  };

  it('are those that /proc has, and those of threads with descriptors of their own', async () => {
    const told = await start();
    const { index, limits } = runSteps(readOwnersByBpfSteps(new ProcFs()));
    expect({ limits, coverage: index.coverage }).toEqual({ limits: [], coverage: 'all' });
    expect([...new Set([...told.own, ...told.thread].map((inode) => ownerOf(index, inode)))]).toEqual([`python3/${told.pid}`]);
    expect(told.thread).toHaveLength(5);
    // Sockets of the unix family are not looked at.
    expect(told.other.map((inode) => ownerOf(index, inode))).toEqual(['nobody', 'nobody']);
    const text = readOwners(new ProcFs(), 'all').index;
    expect(told.own.map((inode) => ownerOf(text, inode))).toEqual(told.own.map((inode) => ownerOf(index, inode)));
    expect(told.thread.map((inode) => ownerOf(text, inode))).toEqual(told.thread.map(() => 'nobody'));
  });

  it('is asked for by whoever counts, where there are enough of them', async () => {
    const told = await start();
    const lazy = new LazyOwners('all', []);
    expect(told.own.map((inode) => ownerOf(lazy.get(), inode))).toEqual(told.own.map(() => `python3/${told.pid}`));
  });

  it('is refused by FOURTUPLE_NO_BPF=1, and /proc is read', async () => {
    const told = await start();
    process.env['FOURTUPLE_NO_BPF'] = '1';
    try {
      expect(() => runSteps(readOwnersByBpfSteps(new ProcFs()))).toThrow(/FOURTUPLE_NO_BPF to be unset/);
      const lazy = new LazyOwners('all', []);
      expect(ownerOf(lazy.get(), told.own[0]!)).toBe(`python3/${told.pid}`);
    } finally {
      delete process.env['FOURTUPLE_NO_BPF'];
    }
  });
});
