import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { because } from '../../../test/support/because.ts';
import { loadLibc } from '../libc.ts';
import { LinksAt, LinksByPath, openLinks, type DescriptorLinks } from './descriptor-links.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourtuple-links-'));
const long = `/${'ä'.repeat(100)}`;
const targets = ['socket:[123]', 'socket:[4294967295]', 'socket:[1]', 'socket:[]', 'socket:[12', 'socket:12]', 'sockets:[1]', 'net:[4026531840]', 'pipe:[123]', 'anon_inode:[eventfd]', '/dev/null', '/socket:[1]', 's', 'net', long];
beforeAll(() => {
  for (const [index, target] of targets.entries()) symlinkSync(target, join(folder, String(index)));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function whatStopsIt(): string | undefined {
  try {
    loadLibc();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
const obstacle = whatStopsIt();

const ways: readonly { way: string; open: (path: string) => DescriptorLinks; why: string | undefined }[] = [
  { way: 'readlinkat', open: (path) => new LinksAt(path), why: obstacle },
  { way: 'readlink', open: (path) => new LinksByPath(path), why: undefined },
];

describe.each(ways)('links by $way', ({ open, why }) => {
  it.skipIf(why !== undefined)(`tell the number of sockets and namespaces, and any text${because(why)}`, () => {
    const links = open(folder);
    const told = targets.map((_, index) => {
      const target = links.follow(String(index));
      return [target?.text(), target?.inode('socket'), target?.inode('net')];
    });
    links.close();
    const number = (target: string, kind: string): number => Number(new RegExp(`^${kind}:\\[(\\d+)\\]$`).exec(target)?.[1] ?? -1);
    expect(told).toEqual(targets.map((target) => [target, number(target, 'socket'), number(target, 'net')]));
  });

  it.skipIf(why !== undefined)(`tell nothing of what is gone${because(why)}`, () => {
    const links = open(folder);
    expect(links.follow('99')).toBeUndefined();
    links.close();
  });
});

describe('openLinks', () => {
  it('tells nothing of a process that is gone', () => {
    const links = openLinks(join(folder, 'gone'));
    expect(links.follow('0')).toBeUndefined();
    links.close();
  });
});
