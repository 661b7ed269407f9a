import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './alive.ts';
import { cgroupRoot, readCgroupPaths } from './cgroups.ts';
import { errnoOf, reasonOf } from './errors.ts';

/** A cgroup v2 could not be made, joined or found. */
export class CgroupError extends Error {
  override readonly name = 'CgroupError';
}

const PREFIX = 'fourtuple-';

/** Path below the root of the cgroup v2 that a process is in. @returns undefined when there is no such process */
export function cgroupOf(process: number | 'self'): string | undefined {
  try {
    return /^0::(\/.*)$/m.exec(readFileSync(`/proc/${process}/cgroup`, 'utf8'))?.[1]?.replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}

/** Directory of the cgroup that this process is in. @throws CgroupError without a cgroup v2 */
export function ownCgroupDirectory(root: string | undefined = cgroupRoot()): string {
  if (root === undefined) throw new CgroupError('no cgroup v2 is mounted here (mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified)');
  const own = cgroupOf('self');
  // From inside a namespace of cgroups, what is above shows as `/..`.
  return own === undefined || own.startsWith('/..') ? root : join(root, own);
}

/**
 * Makes a cgroup for a process and what it starts, inside the one that this process is in, so that limits go on to hold.
 * @returns its directory
 * @throws CgroupError
 */
export function makeCgroup(): string {
  const parent = ownCgroupDirectory();
  const path = join(parent, `${PREFIX}${process.pid}`);
  try {
    mkdirSync(path);
    return path;
  } catch (error) {
    throw new CgroupError(`no cgroup can be made in ${parent} (${reasonOf(error)})`, { cause: error });
  }
}

/** Moves this process into a cgroup; what it starts from now on begins there. @throws CgroupError */
export function joinCgroup(path: string): void {
  try {
    writeFileSync(`${path}/cgroup.procs`, String(process.pid));
  } catch (error) {
    throw new CgroupError(`the cgroup ${path} cannot be joined (${reasonOf(error)})`, { cause: error });
  }
}

/** Processes in a cgroup and in those below it; those of other process namespaces count as 0. */
export function processesOf(path: string): number[] {
  const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const own = readFileSync(`${path}/cgroup.procs`, 'latin1').split('\n').filter((line) => line !== '').map(Number);
  return [...own, ...below.flatMap(({ name }) => processesOf(join(path, name)))];
}

/** Removes a cgroup without processes, and the empty ones below it. @returns false when processes are left in it */
export function removeCgroup(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(join(path, entry.name));
    rmdirSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    if (errnoOf(error) === 'EBUSY') return false;
    throw new CgroupError(`the cgroup ${path} cannot be removed (${reasonOf(error)})`, { cause: error });
  }
}

/** How many processes are in the cgroups that a process of ours made. */
export function processesOfCgroups(pid: number, root: string | undefined = cgroupRoot()): number {
  return [...readCgroupPaths(root).values()].filter((path) => path.endsWith(`/${PREFIX}${pid}`)).reduce((sum, path) => {
    try {
      return sum + processesOf(join(root!, path)).length;
    } catch {
      // It was removed meanwhile.
      return sum;
    }
  }, 0);
}

/** Cgroups that processes of ours made that are gone, and in which nobody is left. */
export function abandonedCgroups(root: string | undefined = cgroupRoot()): string[] {
  return [...readCgroupPaths(root).values()].flatMap((path) => {
    const pid = new RegExp(`/${PREFIX}(\\d+)$`).exec(path)?.[1];
    if (pid === undefined || isAlive(Number(pid))) return [];
    const full = join(root!, path);
    try {
      return processesOf(full).length === 0 ? [full] : [];
    } catch {
      return [];
    }
  });
}
