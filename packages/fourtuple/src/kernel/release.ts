import { release } from 'node:os';

/** `uname -r`. */
export function kernelRelease(): string {
  return release();
}

/** True when the running kernel's version is at least this one. Distributions backport: prefer a probe where there is one. */
export function kernelAtLeast(major: number, minor: number, text: string = kernelRelease()): boolean {
  const match = /^(\d+)\.(\d+)/.exec(text);
  if (match === null) return false;
  const found = [Number(match[1]), Number(match[2])] as const;
  return found[0] > major || (found[0] === major && found[1] >= minor);
}

/** True for a stable release of this very line, from this patch on: fixes reach those too. */
export function kernelPatchedSince(major: number, minor: number, patch: number, text: string = kernelRelease()): boolean {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match !== null && Number(match[1]) === major && Number(match[2]) === minor && Number(match[3]) >= patch;
}
