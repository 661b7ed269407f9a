import { statSync } from 'node:fs';
import type { ProcessDetails } from '../../model/process.ts';
import { userName } from '../names.ts';
import type { ProcFs } from './files.ts';

const MAX_COMMAND_LINE = 4096;

export function readProcessDetails(proc: ProcFs, pid: number): ProcessDetails {
  const stat = proc.tryRead(`${pid}/stat`);
  // The name, in brackets, may hold anything; the fields come after the last bracket.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const parentPid = numberOr(fields[1]);
  return {
    commandLine: proc.tryRead(`${pid}/cmdline`)?.slice(0, MAX_COMMAND_LINE).replace(/\0+$/, '').replaceAll('\0', ' ') || undefined,
    user: userOf(proc, pid),
    startedAt: startOf(proc, numberOr(fields[19])),
    parentPid: parentPid === 0 ? undefined : parentPid,
    parentCommand: parentPid === undefined || parentPid === 0 ? undefined : proc.tryRead(`${parentPid}/comm`)?.trimEnd(),
  };
}

function numberOr(text: string | undefined): number | undefined {
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function userOf(proc: ProcFs, pid: number): string | undefined {
  try {
    const { uid } = statSync(`${proc.root}/${pid}`);
    return userName(uid) ?? String(uid);
  } catch {
    return undefined;
  }
}

/** Ticks since boot, 100 a second on every architecture that Node runs on, to a time of day (btime of /proc/stat). */
function startOf(proc: ProcFs, ticks: number | undefined): Date | undefined {
  const boot = /^btime (\d+)/m.exec(proc.tryRead('stat') ?? '')?.[1];
  return boot === undefined || ticks === undefined ? undefined : new Date((Number(boot) + ticks / 100) * 1000);
}
