import { release } from 'node:os';
import { releaseAtLeast } from '../model/kernel-traits.ts';

/** `uname -r`. */
export function kernelRelease(): string {
  return release();
}

/** True when the running kernel's version is at least this one. Distributions backport: prefer a probe where there is one. */
export function kernelAtLeast(major: number, minor: number): boolean {
  return releaseAtLeast(major, minor, kernelRelease());
}
