import { readlinkSync, statSync } from 'node:fs';
import type { ProcFs } from './files.ts';

export interface DescriptorScan {
  /** Processes whose descriptors could not be listed. */
  readonly unreadable: number;
  /** One of how many descriptors was read, by process; 1 is not listed. */
  readonly sampled: ReadonlyMap<number, number>;
}

/**
 * Reads the targets of processes' open descriptors: `socket:[123]`, `net:[456]`, … About 7 microseconds each, so a
 * budget of links can be set: then the largest processes are sampled evenly, the small ones read whole.
 * @param visit gets the process, the target, and the descriptor's name in /proc/PID/fd.
 */
export function visitDescriptors(proc: ProcFs, pids: readonly number[], budget: number, visit: (pid: number, link: string, name: string) => void): DescriptorScan {
  const sampled = new Map<number, number>();
  let unreadable = 0;
  const allowance = Number.isFinite(budget) ? fairAllowance(pids.map((pid) => descriptorCount(proc, pid)), budget) : Number.POSITIVE_INFINITY;
  for (const pid of pids) {
    const names = proc.list(`${pid}/fd`);
    if (names.length === 0) {
      if (proc.isForbidden(`${pid}/exe`)) unreadable++;
      continue;
    }
    const step = Math.max(1, Math.ceil(names.length / allowance));
    if (step > 1) sampled.set(pid, step);
    const prefix = `${proc.root}/${pid}/fd/`;
    let read = 0;
    for (let index = 0; index < names.length; index += step) {
      const name = names[index]!;
      let link: string;
      try {
        link = readlinkSync(prefix + name);
      } catch {
        continue;
      }
      read++;
      visit(pid, link, name);
    }
    // Without CAP_SYS_PTRACE descriptors can be listed, but not where they lead.
    if (read === 0 && proc.isForbidden(`${pid}/exe`)) unreadable++;
  }
  return { unreadable, sampled };
}

/** Number of open descriptors: the size of /proc/PID/fd since Linux 6.2; before that the directory is counted. */
function descriptorCount(proc: ProcFs, pid: number): number {
  try {
    const size = statSync(`${proc.root}/${pid}/fd`).size;
    return size > 0 ? size : proc.list(`${pid}/fd`).length;
  } catch {
    return 0;
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
