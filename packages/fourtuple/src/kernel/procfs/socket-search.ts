import { readlinkSync, statSync } from 'node:fs';
import type { SocketDescriptor } from '../../model/process.ts';
import { visitDescriptorsSteps } from './descriptors.ts';
import type { ProcFs } from './files.ts';
import { socketInode } from './owners.ts';

/** A process with more descriptors than this is searched by number first. */
const LARGE = 512;
const PROBES = 128;

/**
 * Finds who has these sockets open, without reading every descriptor of the host: the search ends when all are found.
 * Large processes are searched by number first, since inode numbers grow in the order in which sockets are made, as
 * descriptor numbers mostly do: a few probes tell between which numbers a socket must be. What that does not find is
 * looked for one by one.
 * @returns the processes that hold each socket, lowest first; several when it was inherited (those found before the end).
 */
export function findSockets(proc: ProcFs, inodes: Iterable<number>): Map<number, SocketDescriptor[]> {
  const wanted = new Set([...inodes].filter((inode) => inode !== 0));
  const found = new Map<number, SocketDescriptor[]>();
  const note = (pid: number, link: string, name: string): void => {
    const inode = socketInode(link);
    if (!wanted.has(inode)) return;
    const holders = found.get(inode);
    if (holders === undefined) found.set(inode, [{ pid, fd: Number(name) }]);
    else if (holders.at(-1)!.pid !== pid) holders.push({ pid, fd: Number(name) });
  };
  if (wanted.size === 0) return found;
  const [small, large] = bySize(proc);
  search(proc, small, note);
  if (found.size < wanted.size) for (const pid of large) bracket(proc, pid, wanted, note);
  for (let index = 0; index < large.length && found.size < wanted.size; index++) search(proc, [large[index]!], note);
  return found;
}

type Note = (pid: number, link: string, name: string) => void;

function search(proc: ProcFs, pids: readonly number[], note: Note): void {
  const steps = visitDescriptorsSteps(proc, pids, Number.POSITIVE_INFINITY, note);
  while (steps.next().done !== true);
}

function bySize(proc: ProcFs): [small: number[], large: number[]] {
  const small: number[] = [];
  const large: number[] = [];
  for (const pid of proc.processIds()) (sizeOf(proc, pid) > LARGE ? large : small).push(pid);
  return [small, large];
}

/** The size of /proc/PID/fd is the number of descriptors since Linux 6.2; before that every process counts as small. */
function sizeOf(proc: ProcFs, pid: number): number {
  try {
    return statSync(`${proc.root}/${pid}/fd`).size;
  } catch {
    return 0;
  }
}

/** Probes a process evenly and reads the stretches between whose ends a wanted socket may lie. */
function bracket(proc: ProcFs, pid: number, wanted: ReadonlySet<number>, note: Note): void {
  const end = Number(/^FDSize:\s*(\d+)/m.exec(proc.tryRead(`${pid}/status`) ?? '')?.[1] ?? 0);
  const step = Math.max(1, Math.floor(Math.min(end, sizeOf(proc, pid) + 1) / PROBES));
  const inodeAt = (number: number): number => {
    try {
      const link = readlinkSync(`${proc.root}/${pid}/fd/${number}`);
      note(pid, link, String(number));
      return socketInode(link);
    } catch {
      return -1;
    }
  };
  const ascending = [...wanted].sort((left, right) => left - right);
  const hasBetween = (low: number, high: number): boolean => ascending.some((inode) => inode > low && inode < high);
  let from = 0;
  let low = -1;
  for (let number = 0; number < end; number += step) {
    const inode = inodeAt(number);
    if (inode < 0) continue;
    if (low >= 0 && number - from <= 4 * step && hasBetween(Math.min(low, inode), Math.max(low, inode))) for (let between = from + 1; between < number; between++) inodeAt(between);
    from = number;
    low = inode;
  }
}
