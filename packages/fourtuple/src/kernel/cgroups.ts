import { existsSync, readdirSync, statSync } from 'node:fs';
import { cgroupName, type CgroupName } from '../model/owner.ts';

const MAX_DIRECTORIES = 100_000;

/** The cgroup v2 mount: alone, or beside v1 on hybrid hosts. */
export function cgroupRoot(): string | undefined {
  return ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(`${path}/cgroup.controllers`));
}

/** Path below the cgroup root for every cgroup id (the inode number of the directory), without any privilege. */
export function readCgroupPaths(root: string | undefined = cgroupRoot()): Map<number, string> {
  const paths = new Map<number, string>();
  if (root === undefined) return paths;
  const pending = [''];
  while (pending.length > 0 && paths.size < MAX_DIRECTORIES) {
    const path = pending.pop()!;
    try {
      paths.set(statSync(root + path).ino, path === '' ? '/' : path);
      for (const entry of readdirSync(root + path, { withFileTypes: true })) if (entry.isDirectory()) pending.push(`${path}/${entry.name}`);
    } catch {
      // It was removed meanwhile.
    }
  }
  return paths;
}

/** Inode number of the cgroup that a path names, as ss's `cgroup` filter wants it; undefined when there is none. */
export function cgroupIdOf(path: string, root: string | undefined = cgroupRoot()): number | undefined {
  for (const candidate of root === undefined ? [path] : [root + (path.startsWith('/') ? path : `/${path}`), path]) {
    try {
      return statSync(candidate).ino;
    } catch {
      continue;
    }
  }
  return undefined;
}

export function describeCgroup(path: string): CgroupName {
  return cgroupName(path);
}
