import { findSpreads, isAlive, ProcFs, readCgroupPaths, readOwner, type FoundSpread } from '../kernel/index.ts';

/** A spread of this host. */
export interface SpreadStatus extends FoundSpread {
  /** Below the root of cgroups; undefined when it is gone. */
  readonly cgroup: string | undefined;
  /** Name of the process that began it; undefined when it is gone, and others hold the spread. */
  readonly command: string | undefined;
}

/** Every spread of this host, the oldest first. @throws UnsupportedError without CAP_SYS_ADMIN */
export function readSpreads(): SpreadStatus[] {
  const found = findSpreads();
  const paths = found.length === 0 ? new Map<number, string>() : readCgroupPaths();
  const proc = new ProcFs();
  return found
    .map((one): SpreadStatus => ({ ...one, cgroup: paths.get(one.cgroupId), command: isAlive(one.pid) ? readOwner(proc, one.pid).command : undefined }))
    .sort((left, right) => left.startedAtMs - right.startedAtMs || left.pid - right.pid);
}
