import { closeSync, openSync, statSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { ProcTree } from '../../../test/contract/proc-tree.ts';
import { visitDescriptors } from './descriptors.ts';
import { ProcFs } from './files.ts';

const trees: ProcTree[] = [];
const open: number[] = [];
afterEach(() => {
  for (const tree of trees.splice(0)) tree.remove();
  for (const fd of open.splice(0)) closeSync(fd);
});

function newTree(): ProcTree {
  const tree = new ProcTree();
  trees.push(tree);
  return tree;
}

describe('visitDescriptors', () => {
  it('reads every descriptor without a budget', () => {
    const tree = newTree().addProcess(10, 'a', ['/dev/null', 'socket:[1]']).addProcess(20, 'b', ['socket:[2]']);
    const seen: string[] = [];
    const { sampled, unreadable } = visitDescriptors(tree.proc, [10, 20], Number.POSITIVE_INFINITY, (pid, target, name) => seen.push(`${pid} ${name} ${target.text()}`));
    expect(seen.sort()).toEqual(['10 0 /dev/null', '10 1 socket:[1]', '20 0 socket:[2]']);
    expect([sampled.size, unreadable]).toEqual([0, 0]);
  });

  it('a process that is gone is neither unreadable nor sampled', () => {
    const { sampled, unreadable } = visitDescriptors(newTree().proc, [99], 10, () => undefined);
    expect([sampled.size, unreadable]).toEqual([0, 0]);
  });
});

// The number of descriptors is the size of /proc/PID/fd since Linux 6.2; no made-up tree has it.
const tellsCount = process.platform === 'linux' && statSync('/proc/self/fd').size > 0;

describe(`sampling of this very process${tellsCount ? '' : ' (skipped: this kernel does not tell the number of descriptors)'}`, () => {
  const TOTAL = 4000;
  const kinds = { client: '/dev/zero', server: '/dev/full', rare: '/proc/self/comm' } as const;
  type Kind = keyof typeof kinds;

  const hold = (kind: Kind): number => {
    const fd = openSync(kinds[kind], 'r');
    open.push(fd);
    return fd;
  };

  /** What a sample says of each kind: the hits, each weighed. */
  function estimate(budget: number): { of: (kind: Kind) => number; weight: number; reads: number } {
    const hits = new Map<string, number>();
    let reads = 0;
    const { sampled } = visitDescriptors(new ProcFs(), [process.pid], budget, (_, target) => {
      const link = target.text();
      reads++;
      hits.set(link, (hits.get(link) ?? 0) + 1);
    });
    const weight = sampled.get(process.pid) ?? 1;
    const linkOf = (kind: Kind): string => (kind === 'rare' ? `/proc/${process.pid}/comm` : kinds[kind]);
    return { of: (kind) => (hits.get(linkOf(kind)) ?? 0) * weight, weight, reads };
  }

  const off = (counted: number, truth: number): number => Math.abs(counted - truth) / truth;

  it.skipIf(!tellsCount).each([
    ['one after the other', 1],
    ['every second number: the rest was closed', 2],
  ])('each kind counts for as many as there are: %s', (_, stride) => {
    // As a proxy has them: its two sides alternate. And something rare.
    for (let index = 0; index < TOTAL; index++) {
      hold(index % 16 === 15 ? 'rare' : index % 2 === 0 ? 'client' : 'server');
      for (let extra = 1; extra < stride; extra++) hold('rare');
    }
    if (stride > 1) for (const fd of open.filter((_fd, index) => index % stride !== 0)) closeSync(open.splice(open.indexOf(fd), 1)[0]!);
    // One of two, of four, of eight: steps that keep time with the two sides.
    for (const budget of [2100, 1100, 520]) {
      const { of, weight, reads } = estimate(budget);
      expect(reads).toBeLessThanOrEqual(budget * 1.05);
      expect(weight).toBeGreaterThan(1);
      expect(off(of('client'), TOTAL / 2)).toBeLessThan(0.1);
      expect(off(of('server'), TOTAL / 2 - TOTAL / 16)).toBeLessThan(0.1);
      expect(off(of('rare'), TOTAL / 16)).toBeLessThan(0.4);
    }
  });

  it.skipIf(!tellsCount)('the upper half of the table counts as the lower', () => {
    for (let index = 0; index < TOTAL; index++) hold(index < TOTAL / 2 ? 'client' : 'server');
    const { of } = estimate(600);
    expect(off(of('client'), TOTAL / 2)).toBeLessThan(0.05);
    expect(off(of('server'), TOTAL / 2)).toBeLessThan(0.05);
  });
});
