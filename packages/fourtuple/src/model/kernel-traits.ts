/** In what one kernel's port law differs from another's. */
export interface KernelTraits {
  /** A port is open to connect() again as soon as its last explicit holder is gone (6.18, and 6.17.8); before, when all are. */
  readonly portsRecover: boolean;
  /** With IP_LOCAL_PORT_RANGE connect() tries every port in turn (6.8); before, one of an odd number may stay untried. */
  readonly rangeOptionTriesAll: boolean;
  /** tcp_tw_reuse_delay is there, in milliseconds (6.14); before, a TIME_WAIT had to be of an earlier second. */
  readonly hasReuseDelay: boolean;
}

/** Linux 6.18. */
export const newestKernel: KernelTraits = { portsRecover: true, rangeOptionTriesAll: true, hasReuseDelay: true };

/** What the releases say. Distributions backport: prefer what the running kernel does, where it can be asked. */
export function traitsOfRelease(release: string): KernelTraits {
  return {
    portsRecover: releaseAtLeast(6, 18, release) || isPatchedSince(6, 17, 8, release),
    rangeOptionTriesAll: releaseAtLeast(6, 8, release),
    hasReuseDelay: releaseAtLeast(6, 14, release),
  };
}

/** True when this version of the kernel (`uname -r`) is at least that one; false for a text that is none. */
export function releaseAtLeast(major: number, minor: number, release: string): boolean {
  const [foundMajor, foundMinor] = versionOf(release);
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}

/** True for a stable release of this very line, from this patch on: fixes reach those too. */
function isPatchedSince(major: number, minor: number, patch: number, release: string): boolean {
  const [foundMajor, foundMinor, foundPatch] = versionOf(release);
  return foundMajor === major && foundMinor === minor && foundPatch >= patch;
}

/** Major, minor and patch; NaN for what is not there. */
function versionOf(release: string): readonly [number, number, number] {
  const parts = release.split('.', 3);
  const part = (index: number): number => Number.parseInt(parts[index] ?? '', 10);
  return [part(0), part(1), part(2)];
}
