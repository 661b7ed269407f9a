import { opendirSync, readdirSync, statSync } from 'node:fs';
import { runSteps } from '../../model/steps.ts';
import { errnoOf } from '../errors.ts';
import { openLinks, type LinkTarget } from './descriptor-links.ts';
import type { ProcFs } from './files.ts';

export interface DescriptorScan {
  /** Processes whose descriptors could not be listed. */
  readonly unreadable: number;
  /** For how many descriptors each one that was read stands, by process; 1 is not listed. */
  readonly sampled: ReadonlyMap<number, number>;
}

/** Gets the process, the target, valid for this call alone, and the descriptor's name in /proc/PID/fd. */
export type DescriptorVisitor = (pid: number, target: LinkTarget, name: string) => void;

/** Links between two pauses: a quarter of a millisecond, as long as a datagram of sockets takes. */
const LINKS_A_TURN = 32;
/** Names that one getdents call may give. */
const NAMES_A_CALL = 128;
/** So many names are listed at once: that takes a third of the time, which counts where processes are many and small. */
const NAMES_AT_ONCE = 1024;

/**
 * Reads the targets of processes' open descriptors: `socket:[123]`, `net:[456]`, … About 7 microseconds each, so a
 * budget of links can be set: then the largest processes are sampled evenly, the small ones read whole. Pauses every
 * now and then.
 * @param processes with the number of their descriptors, where that is known: with a budget it is asked for otherwise.
 */
export function* visitDescriptorsSteps(proc: ProcFs, processes: readonly { readonly pid: number; readonly count?: number }[], budget: number, visit: DescriptorVisitor): Generator<void, DescriptorScan> {
  const sampled = new Map<number, number>();
  let unreadable = 0;
  const counts = processes.map(({ pid, count }) => count ?? (Number.isFinite(budget) ? descriptorCount(proc, pid) : Number.POSITIVE_INFINITY));
  const allowance = Number.isFinite(budget) ? fairAllowance(counts, budget) : Number.POSITIVE_INFINITY;
  let sinceTurn = 0;
  for (const [index, { pid }] of processes.entries()) {
    const count = counts[index]!;
    // A thread of the kernel, as most processes of a small host are.
    if (count === 0) continue;
    const folder = `${proc.root}/${pid}/fd`;
    const links = openLinks(folder);
    let read = 0;
    try {
      for (const name of count > allowance ? sampleNames(proc, pid, count, allowance, () => read) : count > NAMES_AT_ONCE ? listNames(folder) : proc.list(`${pid}/fd`)) {
        if (sinceTurn++ === LINKS_A_TURN) {
          sinceTurn = 0;
          yield;
        }
        const target = links.follow(name);
        if (target === undefined) continue;
        read++;
        visit(pid, target, name);
      }
    } finally {
      links.close();
    }
    if (count > allowance && read > 0) sampled.set(pid, count / read);
    // Without CAP_SYS_PTRACE descriptors can be listed, but not where they lead.
    if (read === 0 && proc.isForbidden(`${pid}/exe`)) unreadable++;
  }
  return { unreadable, sampled };
}

/** {@link visitDescriptorsSteps} in one go. */
export function visitDescriptors(proc: ProcFs, pids: readonly number[], budget: number, visit: DescriptorVisitor): DescriptorScan {
  return runSteps(visitDescriptorsSteps(proc, pids.map((pid) => ({ pid })), budget, visit));
}

/** Names in a directory, read piece by piece: a process may have 300,000 descriptors, and listing alone takes 1 us each. */
function* listNames(directory: string): Generator<string> {
  let handle;
  try {
    handle = opendirSync(directory, { bufferSize: NAMES_A_CALL });
  } catch {
    return;
  }
  try {
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) yield entry.name;
  } catch {
    // The process ended meanwhile, or may not be read.
  } finally {
    handle.closeSync();
  }
}

/** The golden ratio's fraction: its multiples spread evenly and follow no rhythm. */
const GOLDEN = 0.618_033_988_749_895;

/**
 * One descriptor number of every so many, without listing them all: the first look at a name in /proc makes an inode of
 * it. Which one of them changes from stretch to stretch, since a proxy's sockets alternate between its two sides.
 * Numbers are given lowest first, so they are dense; where they have holes it goes on to the end of the table.
 */
function* sampleNames(proc: ProcFs, pid: number, count: number, allowance: number, found: () => number): Generator<string> {
  const step = Math.ceil(count / allowance);
  const end = Number(/^FDSize:\s*(\d+)/m.exec(proc.tryRead(`${pid}/status`) ?? '')?.[1] ?? count);
  for (let stretch = 0; stretch * step < end && found() * step < count; stretch++) {
    const number = stretch * step + Math.floor(((stretch * GOLDEN) % 1) * step);
    if (number < end) yield String(number);
  }
}

export interface DescriptorCount {
  readonly pid: number;
  readonly count: number;
}

/** Number of open descriptors of each process that may be looked at. */
export function descriptorCounts(proc: ProcFs): DescriptorCount[] {
  return proc.processIds().map((pid) => ({ pid, count: descriptorCount(proc, pid) }));
}

/** Of all of them together. */
export function descriptorSum(counts: readonly DescriptorCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

let tellsCount: boolean | undefined;

/** Whether this kernel says the number of descriptors as the size of /proc/PID/fd: Linux 6.2 and later. We have some ourselves. */
function sizeIsCount(): boolean {
  tellsCount ??= (statSync('/proc/self/fd', { throwIfNoEntry: false })?.size ?? 0) > 0;
  return tellsCount;
}

/** Number of open descriptors; where the kernel does not say it the directory is counted. */
function descriptorCount(proc: ProcFs, pid: number): number {
  try {
    const { size } = statSync(`${proc.root}/${pid}/fd`);
    return size > 0 || sizeIsCount() ? size : readdirSync(`${proc.root}/${pid}/fd`).length;
  } catch (error) {
    // One that may not be looked at, by its owner or by hidepid, has some; one that has ended has none.
    return ['EACCES', 'EPERM'].includes(errnoOf(error) ?? '') ? 1 : 0;
  }
}

/** Largest number a process that keeps the sum over all within the budget (water filling). */
export function fairAllowance(counts: readonly number[], budget: number): number {
  const ascending = counts.toSorted((left, right) => left - right);
  let left = budget;
  for (let index = 0; index < ascending.length; index++) {
    const share = left / (ascending.length - index);
    if (ascending[index]! > share) return Math.max(1, Math.floor(share));
    left -= ascending[index]!;
  }
  return Number.POSITIVE_INFINITY;
}
