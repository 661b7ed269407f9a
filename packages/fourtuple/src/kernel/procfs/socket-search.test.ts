import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ProcTree } from '../../../test/contract/proc-tree.ts';
import { visitDescriptors } from './descriptors.ts';
import { ProcFs } from './files.ts';
import { findSockets } from './socket-search.ts';

const trees: ProcTree[] = [];
afterEach(() => {
  for (const tree of trees.splice(0)) tree.remove();
});


interface FakeProcess {
  readonly pid: number;
  /** Descriptor numbers and what they lead to: an inode, or no socket. */
  readonly descriptors: ReadonlyMap<number, number | undefined>;
}

function treeOf(processes: readonly FakeProcess[]): ProcTree {
  const tree = new ProcTree();
  trees.push(tree);
  for (const { pid, descriptors } of processes) {
    const folder = join(tree.root, String(pid), 'fd');
    mkdirSync(folder, { recursive: true });
    let size = 64;
    for (const [fd, inode] of descriptors) {
      symlinkSync(inode === undefined ? '/dev/null' : `socket:[${inode}]`, join(folder, String(fd)));
      while (size <= fd) size *= 2;
    }
    writeFileSync(join(tree.root, String(pid), 'status'), `Name:\tx\nFDSize:\t${size}\n`);
  }
  return tree;
}

/** The same by reading everything. */
function fullSearch(proc: ProcFs, wanted: ReadonlySet<number>): Map<number, number[]> {
  const found = new Map<number, number[]>();
  visitDescriptors(proc, proc.processIds(), Number.POSITIVE_INFINITY, (pid, target) => {
    const inode = target.inode('socket');
    if (!wanted.has(inode)) return;
    const pids = found.get(inode) ?? [];
    if (!pids.includes(pid)) pids.push(pid);
    found.set(inode, pids);
  });
  return found;
}

describe('findSockets', () => {
  it('finds the process and the number of each socket, and all that inherited it, the lowest first', () => {
    const tree = treeOf([
      { pid: 30, descriptors: new Map([[0, undefined], [3, 100]]) },
      { pid: 9, descriptors: new Map([[4, 100], [5, 101]]) },
    ]);
    expect([...findSockets(tree.proc, [100, 101, 102, 0])]).toEqual([
      [100, [{ pid: 9, fd: 4, inode: 100 }, { pid: 30, fd: 3, inode: 100 }]],
      [101, [{ pid: 9, fd: 5, inode: 101 }]],
    ]);
  });

  it('looks for nothing when nothing is wanted', () => {
    expect(findSockets(new ProcFs('/nonexistent'), [0]).size).toBe(0);
    expect(findSockets(new ProcFs('/nonexistent'), [7]).size).toBe(0);
  });

  it('tells a process once, though large ones are looked at twice', () => {
    const many = new Map(Array.from({ length: 700 }, (_, fd) => [fd, 1000 + fd]));
    const tree = treeOf([{ pid: 10, descriptors: many }, { pid: 11, descriptors: many }]);
    // 5 is nobody's: everything is read.
    expect(findSockets(tree.proc, [1001, 5]).get(1001)!.map(({ pid }) => pid)).toEqual([10, 11]);
  });

  it('finds what a full search finds, whatever lies where', () => {
    const inode = fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined });
    const descriptors = fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), inode), { maxLength: 60 }).map((entries) => new Map(entries));
    const process = fc.record({ pid: fc.integer({ min: 1, max: 5 }), descriptors });
    fc.assert(
      fc.property(fc.uniqueArray(process, { selector: ({ pid }) => pid, maxLength: 3 }), fc.array(fc.integer({ min: 1, max: 62 }), { maxLength: 4 }), (processes, wanted) => {
        const tree = treeOf(processes);
        const found = findSockets(tree.proc, wanted);
        const expected = fullSearch(tree.proc, new Set(wanted));
        // Which further holders are told depends on where the search ends; that a socket is found does not.
        expect(new Set(found.keys())).toEqual(new Set(expected.keys()));
        for (const [socket, holders] of found) {
          expect(holders.map(({ pid }) => pid).filter((pid) => !expected.get(socket)!.includes(pid))).toEqual([]);
          expect(new Set(holders.map(({ pid }) => pid)).size).toBe(holders.length);
        }
        trees.pop()!.remove();
      }),
      { numRuns: 150 },
    );
  });

  it('finds what lies in order in a large process without its help from the full search', () => {
    // Ascending, with a hole and with others between: as a busy server has them.
    const descriptors = new Map<number, number | undefined>(Array.from({ length: 3000 }, (_, fd) => [fd, fd % 7 === 0 ? undefined : 10_000 + 3 * fd]));
    descriptors.set(5, 50);
    const tree = treeOf([{ pid: 10, descriptors }]);
    for (const wanted of [50, 10_000 + 3 * 1501, 10_000 + 3 * 2999]) expect(findSockets(tree.proc, [wanted]).get(wanted)).toEqual([{ pid: 10, fd: wanted === 50 ? 5 : (wanted - 10_000) / 3, inode: wanted }]);
  });
});
