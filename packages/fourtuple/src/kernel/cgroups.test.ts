import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cgroupIdOf, readCgroupPaths } from './cgroups.ts';

const root = mkdtempSync(join(tmpdir(), 'fourtuple-cgroup-'));
mkdirSync(join(root, 'system.slice/nginx.service'), { recursive: true });
mkdirSync(join(root, 'init.scope'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
const inode = (path: string): number => statSync(join(root, path)).ino;

describe('readCgroupPaths', () => {
  it('maps the inode of every directory to its path, the root as /', () => {
    expect(readCgroupPaths(root)).toEqual(new Map([[inode(''), '/'], [inode('system.slice'), '/system.slice'], [inode('system.slice/nginx.service'), '/system.slice/nginx.service'], [inode('init.scope'), '/init.scope']]));
  });

  it('is empty where there is no such directory', () => {
    expect(readCgroupPaths('/nonexistent').size).toBe(0);
  });
});

describe('cgroupIdOf', () => {
  it.each(['/system.slice/nginx.service', 'system.slice/nginx.service', join(root, 'system.slice/nginx.service')])('%s', (path) => {
    expect(cgroupIdOf(path, root)).toBe(inode('system.slice/nginx.service'));
  });

  it('is undefined for none', () => {
    expect(cgroupIdOf('/no/such.service', root)).toBeUndefined();
    expect(cgroupIdOf('/no/such.service', undefined)).toBeUndefined();
  });
});
