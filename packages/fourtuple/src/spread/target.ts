import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupOf, cgroupRoot, readCgroupPaths } from '../kernel/index.ts';
import { cgroupName } from '../model/index.ts';
import { SpreadError } from './errors.ts';

/** A cgroup, by its directory, and below the root of cgroups. */
export interface TargetCgroup {
  readonly directory: string;
  readonly path: string;
}

/**
 * The cgroup that a word names: its path, a process (its number), a unit of systemd (`nginx.service`, or `nginx`), or a
 * container (the begin of its id, twelve characters or more).
 * @throws SpreadError when there is none, or several
 */
export function findCgroup(word: string, root: string | undefined = cgroupRoot()): TargetCgroup {
  if (root === undefined) throw new SpreadError('No cgroup v2 is mounted here.', 'Mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified');
  const of = (path: string): TargetCgroup => ({ directory: path === '/' ? root : join(root, path), path });
  if (word.startsWith('/')) return byPath(word, root);
  if (/^\d{1,9}$/.test(word)) {
    const path = cgroupOf(Number(word));
    if (path === undefined) throw new SpreadError(`There is no process ${word}.`, 'Name one that runs, a unit, a container, or the path of a cgroup.');
    if (path === '/' || path.startsWith('/..')) throw new SpreadError(`Process ${word} is in no cgroup of its own${path === '/' ? '' : ' that can be seen from here'}.`, 'To spread what every process of the host connects, name the root: --attach /');
    return of(path);
  }
  const matches = [...readCgroupPaths(root).values()].filter((path) => isNamed(path, word));
  // Of a cgroup and those inside of it, the outermost.
  const outermost = matches.filter((path) => !matches.some((other) => other !== path && path.startsWith(`${other}/`)));
  if (outermost.length === 1) return of(outermost[0]!);
  if (outermost.length === 0) throw new SpreadError(`No cgroup is named "${word}".`, 'Name the path of one, a process id, a unit of systemd, or twelve characters of a container\'s id.');
  throw new SpreadError(`"${word}" names ${outermost.length} cgroups: ${outermost.slice(0, 3).join(', ')}${outermost.length > 3 ? ', …' : ''}.`, 'Name the path of the one that is meant.');
}

function byPath(word: string, root: string): TargetCgroup {
  const path = word.startsWith(`${root}/`) || word === root ? word.slice(root.length) || '/' : word;
  const directory = path === '/' ? root : join(root, path);
  if (!existsSync(join(directory, 'cgroup.procs')) || !statSync(directory).isDirectory()) throw new SpreadError(`There is no cgroup ${word}.`, `Those of this host are below ${root}.`);
  return { directory, path };
}

const IS_CONTAINER_ID = /^[0-9a-f]{12,64}$/;

function isNamed(path: string, word: string): boolean {
  // The root's own name is none.
  if (word === '') return false;
  const last = path.slice(path.lastIndexOf('/') + 1);
  if (last === word || last === `${word}.service` || last === `${word}.scope`) return true;
  if (!IS_CONTAINER_ID.test(word)) return cgroupName(path).container === word;
  return last.includes(word) && cgroupName(path).container === word.slice(0, 12);
}
