import { releaseAtLeast } from '../model/kernel-traits.ts';
import { ProcFs } from './procfs/files.ts';

let known: string | undefined;

/** `uname -r`. From /proc where it may be read: loading node:os takes ten times as long. */
export function kernelRelease(): string {
  known ??= new ProcFs().tryRead('sys/kernel/osrelease')?.trim() ?? process.getBuiltinModule('node:os').release();
  return known;
}

/** `uname -n`. */
export function hostName(): string {
  return new ProcFs().tryRead('sys/kernel/hostname')?.trim() ?? process.getBuiltinModule('node:os').hostname();
}

/** True when the running kernel's version is at least this one. Distributions backport: prefer a probe where there is one. */
export function kernelAtLeast(major: number, minor: number): boolean {
  return releaseAtLeast(major, minor, kernelRelease());
}
