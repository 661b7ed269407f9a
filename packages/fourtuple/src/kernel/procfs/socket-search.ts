import { statSync } from 'node:fs';
import type { SocketDescriptor } from '../../model/process.ts';
import { openLinks, type LinkTarget } from './descriptor-links.ts';
import { visitDescriptors } from './descriptors.ts';
import type { ProcFs } from './files.ts';

/** A process with more descriptors than this is searched by number first. */
const LARGE = 512;
const PROBES = 128;
/** The first numbers are read all: a server listens before it does anything else, and children inherit that. */
const FIRST = 64;
/** Probes that may find no socket in a row, for the stretch between to be read all the same. */
const LONGEST = 4;

/**
 * Finds who has these sockets open, without reading every descriptor of the host: the search ends when all are found.
 * Large processes are searched by number first, since inode numbers grow in the order in which sockets are made, as
 * descriptor numbers mostly do (each CPU deals out a thousand at a time): a few probes tell between which numbers a socket
 * must be. What that does not find is looked for one by one.
 * @returns the processes that hold each socket, lowest first; several when it was inherited (those found before the end).
 */
export function findSockets(proc: ProcFs, inodes: Iterable<number>): Map<number, SocketDescriptor[]> {
  const wanted = new Set([...inodes].filter((inode) => inode !== 0));
  const found = new Map<number, SocketDescriptor[]>();
  const note = (pid: number, target: LinkTarget, name: string): void => {
    const inode = target.inode('socket');
    if (!wanted.has(inode)) return;
    const holders = found.get(inode);
    if (holders === undefined) found.set(inode, [{ pid, fd: Number(name), inode }]);
    // A large process is looked at twice.
    else if (!holders.some((holder) => holder.pid === pid)) holders.push({ pid, fd: Number(name), inode });
  };
  if (wanted.size === 0) return found;
  const [small, large] = bySize(proc);
  search(proc, small, note);
  // Also where all are found: the parent of a small process that inherited the socket may be a large one.
  for (const pid of large) bracket(proc, pid, wanted, note);
  for (let index = 0; index < large.length && found.size < wanted.size; index++) search(proc, [large[index]!], note);
  for (const holders of found.values()) holders.sort((left, right) => left.pid - right.pid);
  return found;
}

type Note = (pid: number, target: LinkTarget, name: string) => void;

function search(proc: ProcFs, pids: readonly number[], note: Note): void {
  visitDescriptors(proc, pids, Number.POSITIVE_INFINITY, note);
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
  const links = openLinks(`${proc.root}/${pid}/fd`);
  const inodeAt = (number: number): number => {
    const target = links.follow(String(number));
    if (target === undefined) return -1;
    note(pid, target, String(number));
    return target.inode('socket');
  };
  const ascending = [...wanted].sort((left, right) => left - right);
  const hasBetween = (low: number, high: number): boolean => ascending.some((inode) => inode > low && inode < high);
  // After the last socket there is no other end: anything may lie there.
  const stretch = (from: number, to: number, low: number, high: number): void => {
    if (to - from <= LONGEST * step && hasBetween(Math.min(low, high), Math.max(low, high))) for (let between = from + 1; between < to; between++) inodeAt(between);
  };
  let from = -1;
  let low = 0;
  for (; from + 1 < Math.min(FIRST, end); from++) low = Math.max(low, inodeAt(from + 1));
  for (let number = from + step; number < end; number += step) {
    const inode = inodeAt(number);
    if (inode < 0) continue;
    stretch(from, number, low, inode);
    from = number;
    low = inode;
  }
  stretch(from, end, low, Number.POSITIVE_INFINITY);
  links.close();
}
