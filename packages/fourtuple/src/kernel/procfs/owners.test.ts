import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ProcTree } from '../../../test/contract/proc-tree.ts';
import { fairAllowance } from './descriptors.ts';
import { AUTO_BUDGET, readOwner, readOwners } from './owners.ts';

const trees: ProcTree[] = [];
afterEach(() => {
  for (const tree of trees.splice(0)) tree.remove();
});
const newTree = (): ProcTree => {
  const tree = new ProcTree();
  trees.push(tree);
  return tree;
};
const id = '4f3a9c0d17be2a6685c1d0e9f8b7a6a5b4c3d2e1f00112233445566778899aab';

describe('readOwners', () => {
  it('finds the process of every socket', () => {
    const tree = newTree().addProcess(10, 'nginx\n', ['socket:[100]', '/dev/null', 'socket:[101]']).addProcess(20, 'app\n', ['pipe:[5]', 'socket:[200]']);
    const { index, limits } = readOwners(tree.proc, 'all');
    expect([100, 101, 200].map((inode) => index.owners[index.ownerOf(inode)]!.command)).toEqual(['nginx', 'nginx', 'app']);
    expect([5, 0, 999].map((inode) => index.ownerOf(inode))).toEqual([-1, -1, -1]);
    expect([index.coverage, limits, index.weights]).toEqual(['all', [], [1, 1]]);
  });

  it('names the parent of those that inherited a socket', () => {
    const tree = newTree().addProcess(30, 'worker\n', ['socket:[100]']).addProcess(9, 'master\n', ['socket:[100]']);
    const { index } = readOwners(tree.proc, 'all');
    expect(index.owners[index.ownerOf(100)]!.command).toBe('master');
  });

  it('does not list processes without a socket', () => {
    const tree = newTree().addProcess(10, 'sh\n', ['/dev/null']);
    expect(readOwners(tree.proc, 'all').index.owners).toEqual([]);
  });

  it('reads nothing when no owners are wanted', () => {
    const tree = newTree().addProcess(10, 'nginx\n', ['socket:[100]']);
    expect(readOwners(tree.proc, 'none').index).toMatchObject({ coverage: 'none', owners: [] });
  });

  it('keeps many sockets apart', () => {
    const tree = newTree().addProcess(10, 'one\n', Array.from({ length: 400 }, (_, fd) => `socket:[${1_000_000 + fd * 4096}]`)).addProcess(11, 'two\n', Array.from({ length: 400 }, (_, fd) => `socket:[${1_000_001 + fd * 4096}]`));
    const { index } = readOwners(tree.proc, 'all');
    const wrong = Array.from({ length: 400 }, (_, fd) => fd).filter((fd) => index.ownerOf(1_000_000 + fd * 4096) !== 0 || index.ownerOf(1_000_001 + fd * 4096) !== 1 || index.ownerOf(1_000_002 + fd * 4096) !== -1);
    expect(wrong).toEqual([]);
  });
});

describe('readOwner', () => {
  const owner = (command: string | Buffer, cgroup?: string): ReturnType<typeof readOwner> => readOwner(newTree().addProcess(10, command, [], cgroup).proc, 10);

  it('tells name and user', () => {
    expect(owner('nginx\n')).toMatchObject({ pid: 10, command: 'nginx', uid: process.getuid!() });
  });

  it('shows a question mark for a process that is gone', () => {
    expect(readOwner(newTree().proc, 10)).toEqual({ pid: 10, command: '?', uid: undefined, unit: undefined, container: undefined });
  });

  it('keeps blanks inside a name', () => {
    expect(owner('Web Content\n').command).toBe('Web Content');
  });

  it('reads a name in UTF-8, which is what programs set', () => {
    expect(owner(Buffer.from('münze-日本\n')).command).toBe('münze-日本');
  });

  it('tells the systemd unit (/proc/PID/cgroup ends with a newline)', () => {
    expect(owner('nginx\n', '0::/system.slice/nginx.service\n')).toMatchObject({ unit: 'nginx.service', container: undefined });
  });

  it('tells the container', () => {
    expect(owner('app\n', `0::/system.slice/docker-${id}.scope\n`)).toMatchObject({ unit: undefined, container: id.slice(0, 12) });
  });

  it('tells the container under cgroup v1', () => {
    expect(owner('app\n', `12:pids:/docker/${id}\n11:memory:/docker/${id}\n0::/system.slice/containerd.service\n`).container).toBe(id.slice(0, 12));
  });
});

describe('fairAllowance', () => {
  it('lets everybody read everything within the budget', () => {
    expect(fairAllowance([1, 2, 3], 6)).toBe(Number.POSITIVE_INFINITY);
    expect(fairAllowance([], 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('cuts the largest alone', () => {
    expect(fairAllowance([10, 10, 1_000_000], 1_020)).toBe(1_000);
  });

  it('keeps the sum within the budget, and wastes none of it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 50 }), fc.nat(20_000), (counts, spare) => {
        const budget = counts.length + spare;
        const allowance = fairAllowance(counts, budget);
        const read = counts.reduce((sum, count) => sum + Math.min(count, allowance), 0);
        expect(read).toBeLessThanOrEqual(budget);
        const more = counts.reduce((sum, count) => sum + Math.min(count, allowance + 1), 0);
        expect(allowance === Number.POSITIVE_INFINITY || more > budget).toBe(true);
      }),
    );
  });

  it('is about the budget that is documented', () => {
    expect(AUTO_BUDGET).toBe(50_000);
  });
});
