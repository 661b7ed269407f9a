import { closeSync, constants, fstatSync, openSync, readlinkSync, statSync } from 'node:fs';
import { cgroupName } from '../model/owner.ts';
import type { NamespaceId } from '../model/snapshot.ts';
import { plural } from '../model/text.ts';
import { KernelError, errnoOf } from './errors.ts';
import { CLONE_NEWNET, loadLibc } from './libc.ts';
import { visitDescriptors } from './procfs/descriptors.ts';
import { ProcFs } from './procfs/files.ts';

/** What keeps a namespace alive, as far as it was found. */
export type NamespaceHolder = 'process' | 'thread' | 'mount' | 'descriptor';

export interface FoundNamespace extends NamespaceId {
  /** Paths that open it, the steadiest first. */
  readonly paths: readonly string[];
  readonly heldBy: NamespaceHolder;
  /** A process in it, if any: the door for readers without privileges. */
  readonly pid: number | undefined;
}

/** The namespace went away between being found and being entered. */
export class NamespaceGoneError extends Error {
  override readonly name = 'NamespaceGoneError';
}

/** The thread could not return to its own namespace. Nothing that it reads from now on can be trusted: end the process. */
export class NamespaceLostError extends Error {
  override readonly name = 'NamespaceLostError';
}

let homeFd: number | undefined;

function home(): number {
  homeFd ??= openSync('/proc/thread-self/ns/net', 'r');
  return homeFd;
}

/** Inode number of the calling thread's namespace, without any privilege. */
export function currentNamespaceInode(): number {
  return namespaceInode(readlinkSync('/proc/thread-self/ns/net'))!;
}

/**
 * Runs `work` in the namespace that `fd` names and comes back. `work` must be wholly synchronous: anything deferred
 * would run at home, and anything handed to libuv's thread pool could leave its threads behind in there.
 * @throws KernelError when setns() is refused; NamespaceLostError when the way back is.
 */
export function withNamespaceFd<T>(fd: number, work: () => T): T {
  const libc = loadLibc();
  const back = home();
  if (libc.setns(fd, CLONE_NEWNET) < 0) throw new KernelError('setns(CLONE_NEWNET)', libc.errno());
  const comeBack = (): void => {
    if (libc.setns(back, CLONE_NEWNET) < 0) throw new NamespaceLostError(`cannot return to the own network namespace: errno ${libc.errno()}`);
  };
  let result: T;
  try {
    result = work();
  } catch (error) {
    comeBack();
    throw error;
  }
  comeBack();
  return result;
}

/**
 * Opens a namespace, runs `work` in it, and keeps nothing open: an open descriptor would keep a deleted namespace alive.
 * @throws NamespaceGoneError, KernelError, or the file system's EACCES.
 */
export function withNamespace<T>(namespace: FoundNamespace, work: () => T): T {
  const fd = openNamespace(namespace);
  try {
    return withNamespaceFd(fd, work);
  } finally {
    closeSync(fd);
  }
}

function openNamespace(namespace: FoundNamespace): number {
  let refused: unknown;
  for (const path of namespace.paths) {
    let fd: number;
    try {
      // The descriptor may name something else by now; opening a fifo would wait for a writer.
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ESRCH') refused ??= error;
      continue;
    }
    // The process id, or the mount point, may have been used again meanwhile.
    if (fstatSync(fd).ino === namespace.inode) return fd;
    closeSync(fd);
  }
  if (refused !== undefined) throw refused;
  throw new NamespaceGoneError(`network namespace ${namespace.name} (${namespace.inode}) is gone`);
}

/**
 * Every network namespace that a process, a thread, a mount or an open descriptor holds. One held only by a socket stays unseen.
 * @param budget of descriptors to read: on a host with more, large processes are sampled, and the limits say so.
 */
export function findNamespaces(proc: ProcFs = new ProcFs(), budget = Number.POSITIVE_INFINITY): { namespaces: FoundNamespace[]; limits: string[] } {
  const found = new Map<number, { paths: string[]; heldBy: NamespaceHolder; pid: number | undefined; mountName: string | undefined }>();
  const note = (inode: number | undefined, path: string, heldBy: NamespaceHolder, pid?: number, mountName?: string): void => {
    if (inode === undefined) return;
    const entry = found.get(inode);
    if (entry === undefined) {
      found.set(inode, { paths: [path], heldBy, pid, mountName });
    } else {
      if (entry.paths.length < 4) entry.paths.push(path);
      entry.pid ??= pid;
      entry.mountName ??= mountName;
    }
  };
  let unreadable = 0;
  const mountNamespaces = new Set<string>();
  const pids = proc.processIds();
  for (const pid of pids) {
    const link = proc.tryLink(`${pid}/ns/net`);
    if (link === undefined && proc.isForbidden(`${pid}/ns/net`)) unreadable++;
    note(namespaceInode(link), `${proc.root}/${pid}/ns/net`, 'process', pid);
    for (const tid of proc.list(`${pid}/task`)) {
      if (Number(tid) === pid) continue;
      const path = `${pid}/task/${tid}/ns/net`;
      const threadLink = proc.tryLink(path);
      if (threadLink !== link) note(namespaceInode(threadLink), `${proc.root}/${path}`, 'thread', pid);
    }
    const mountNamespace = proc.tryLink(`${pid}/ns/mnt`);
    if (mountNamespace === undefined || mountNamespaces.has(mountNamespace)) continue;
    mountNamespaces.add(mountNamespace);
    for (const line of (proc.tryRead(`${pid}/mountinfo`) ?? '').split('\n')) {
      const fields = line.split(' ');
      if (fields[3]?.startsWith('net:[') !== true) continue;
      const point = unescapeMount(fields[4] ?? '');
      note(namespaceInode(fields[3]), `${proc.root}/${pid}/root${point}`, 'mount', undefined, point.split('/').at(-1));
    }
  }
  const scan = visitDescriptors(proc, pids, budget, (pid, target, name) => {
    const inode = target.inode('net');
    if (inode >= 0 && pid !== process.pid) note(inode, `${proc.root}/${pid}/fd/${name}`, 'descriptor');
  });
  const hostInode = hostNamespaceInode(proc);
  const namespaces = [...found.entries()].map(([inode, entry]) => ({
    inode,
    name: nameOf(proc, inode, hostInode, entry.mountName, entry.pid),
    paths: entry.paths,
    heldBy: entry.heldBy,
    pid: entry.pid,
  }));
  namespaces.sort((left, right) => Number(right.inode === hostInode) - Number(left.inode === hostInode) || left.inode - right.inode);
  const limits = [
    ...(scan.sampled.size === 0 ? [] : [`Of ${plural(scan.sampled.size, 'process', 'processes')} with very many descriptors some were looked at: a network namespace that only such a descriptor holds may be missing.`]),
    ...(proc.hidesProcesses() ? ['/proc hides the processes of other users (hidepid): network namespaces that only those use are missing.'] : []),
    ...(unreadable === 0
      ? []
      : [`The network namespace of ${plural(unreadable, 'process', 'processes')} could not be told (that takes root, or CAP_SYS_PTRACE): a namespace that nobody else uses is missing.`]),
  ];
  return { namespaces, limits };
}

/** Name of the calling thread's namespace: `host` when it is that of process 1. */
export function currentNamespace(proc: ProcFs = new ProcFs()): FoundNamespace {
  const inode = currentNamespaceInode();
  return {
    inode,
    name: hostNamespaceInode(proc) === inode ? 'host' : (namedMount(proc, inode) ?? 'current'),
    paths: ['/proc/thread-self/ns/net'],
    heldBy: 'process',
    pid: process.pid,
  };
}

/**
 * Finds the namespace that a user names: an inode number, a process id, a name under /run/netns, a path, or one of
 * the names that {@link findNamespaces} gives.
 */
export function resolveNamespace(text: string, proc: ProcFs = new ProcFs()): FoundNamespace | undefined {
  const fromPath = (path: string, pid?: number): FoundNamespace | undefined => {
    try {
      const inode = statSync(path).ino;
      return { inode, name: pid === undefined ? (path.split('/').at(-1) ?? text) : nameOf(proc, inode, hostNamespaceInode(proc), namedMount(proc, inode), pid), paths: [path], heldBy: pid === undefined ? 'mount' : 'process', pid };
    } catch (error) {
      // Another user's process: its namespace cannot be told, but its files under /proc/PID/net can be read.
      if (pid !== undefined && errnoOf(error) === 'EACCES' && proc.list(`${pid}/net`).length > 0) return { inode: 0, name: `process ${pid}`, paths: [path], heldBy: 'process', pid };
      return undefined;
    }
  };
  if (text.startsWith('/')) return fromPath(text);
  const byMount = /^[\w.@:+-]+$/.test(text) ? (fromPath(`/run/netns/${text}`) ?? fromPath(`/var/run/netns/${text}`)) : undefined;
  if (byMount !== undefined) return byMount;
  if (/^\d+$/.test(text) && Number(text) <= 4194304) {
    const byPid = fromPath(`${proc.root}/${text}/ns/net`, Number(text));
    if (byPid !== undefined) return byPid;
  }
  return findNamespaces(proc).namespaces.find((namespace) => String(namespace.inode) === text || namespace.name === text);
}

/** NET_NS_INIT_INO (include/uapi/linux/nsfs.h): the initial namespace's number, fixed since Linux 6.18. */
const INITIAL_NAMESPACE = 0xeffffff9;

/** The namespace of process 1; where that may not be read, the number that recent kernels give the initial one. */
function hostNamespaceInode(proc: ProcFs): number {
  return namespaceInode(proc.tryLink('1/ns/net')) ?? INITIAL_NAMESPACE;
}

function namespaceInode(link: string | undefined): number | undefined {
  return link?.startsWith('net:[') === true && link.endsWith(']') ? Number(link.slice('net:['.length, -1)) : undefined;
}

function nameOf(proc: ProcFs, inode: number, hostInode: number | undefined, mountName: string | undefined, pid: number | undefined): string {
  if (inode === hostInode) return 'host';
  // A mount that calls itself "host" is not the host.
  if (mountName !== undefined && mountName !== 'net') return mountName === 'host' ? `mount:${mountName}` : mountName;
  if (pid === undefined) return `net:${inode}`;
  const { container, unit } = cgroupName(proc.tryRead(`${pid}/cgroup`) ?? '');
  if (container !== undefined) return container;
  const command = proc.tryRead(`${pid}/comm`)?.trim();
  return command === undefined ? `net:${inode}` : `${unit ?? command}/${pid}`;
}

function namedMount(proc: ProcFs, inode: number): string | undefined {
  const mounts = proc.tryRead('self/mountinfo') ?? '';
  // There are hundreds on a host of containers, and most hosts have none of these.
  if (!mounts.includes(` net:[${inode}] `)) return undefined;
  for (const line of mounts.split('\n')) {
    const fields = line.split(' ');
    if (namespaceInode(fields[3]) === inode) return unescapeMount(fields[4] ?? '').split('/').at(-1);
  }
  return undefined;
}

/** mountinfo writes blanks as \040 and the like. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
