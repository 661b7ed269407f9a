import { statSync } from 'node:fs';
import { cgroupName, noOwners, type Owner, type OwnerIndex } from '../../model/owner.ts';
import { runSteps } from '../../model/steps.ts';
import { plural } from '../../model/text.ts';
import { InodeTable } from '../inode-table.ts';
import { descriptorCounts, visitDescriptorsSteps, type DescriptorCount } from './descriptors.ts';
import type { ProcFs } from './files.ts';

/** Descriptors that `auto` reads at most: about 0.4 s. */
export const AUTO_BUDGET = 50_000;

export type OwnerMode = 'all' | 'auto' | 'none';

export interface OwnersRead {
  readonly index: OwnerIndex;
  /** False when there are processes that may not be looked into. */
  readonly isComplete: boolean;
  readonly limits: readonly string[];
}

/**
 * Finds which process holds which socket by reading /proc/PID/fd, in `auto` mode within a budget, pausing as it goes.
 * @param processes those to look into, with the number of their descriptors
 */
export function* readOwnersSteps(proc: ProcFs, mode: OwnerMode, processes: readonly DescriptorCount[] = descriptorCounts(proc)): Generator<void, OwnersRead> {
  if (mode === 'none') return { index: noOwners, isComplete: true, limits: [] };
  const table = new InodeTable();
  const owners: Owner[] = [];
  const ownerOfPid = new Map<number, number>();
  const scan = yield* visitDescriptorsSteps(proc, processes, mode === 'all' ? Number.POSITIVE_INFINITY : AUTO_BUDGET, (pid, target) => {
    const inode = target.inode('socket');
    if (inode < 0) return;
    let owner = ownerOfPid.get(pid);
    if (owner === undefined) {
      owner = owners.length;
      ownerOfPid.set(pid, owner);
      owners.push(readOwner(proc, pid));
    }
    table.add(inode, owner);
  });
  const limits: string[] = [];
  if (proc.hidesProcesses()) limits.push('The processes of other users are hidden in /proc (hidepid): their sockets show no process.');
  if (scan.unreadable > 0) limits.push(`The descriptors of ${plural(scan.unreadable, 'process', 'processes')} could not be read (that takes root or CAP_SYS_PTRACE): their sockets show no process.`);
  if (scan.sampled.size > 0) limits.push(`Processes with very many descriptors were sampled (${[...scan.sampled].map(([pid, step]) => `1 of ${step.toFixed(step < 10 ? 1 : 0)} of process ${pid}`).join(', ')}): their port counts are estimates; --owners all reads every one.`);
  return {
    limits,
    isComplete: scan.unreadable === 0 && !proc.hidesProcesses(),
    index: { owners, weights: owners.map((owner) => scan.sampled.get(owner.pid) ?? 1), coverage: scan.sampled.size > 0 ? 'sampled' : 'all', ownerOf: (inode) => table.find(inode) },
  };
}

/** {@link readOwnersSteps} in one go. */
export function readOwners(proc: ProcFs, mode: OwnerMode): OwnersRead {
  return runSteps(readOwnersSteps(proc, mode));
}

/** What /proc tells about one process; fields that may not be read are undefined. */
export function readOwner(proc: ProcFs, pid: number): Owner {
  const { unit, container } = cgroupName(proc.tryRead(`${pid}/cgroup`) ?? '');
  let uid: number | undefined;
  try {
    uid = statSync(`${proc.root}/${pid}`).uid;
  } catch {
    uid = undefined;
  }
  return { pid, command: proc.tryRead(`${pid}/comm`)?.trimEnd() ?? '?', uid, unit, container };
}
