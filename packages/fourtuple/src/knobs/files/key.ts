/** Characters that make a key a pattern: string_is_glob() of procps. */
const PATTERN = /[*?[]/;

/**
 * A key as a path below /proc/sys: slashdot() of procps. The first separator decides: a slash, and the key is a path already; a dot, and all
 * dots and slashes change places, so that `net.ipv4.conf.eth0/1.forwarding` is `net/ipv4/conf/eth0.1/forwarding`.
 */
export function sysctlPath(key: string): string {
  return /[./]/.exec(key)?.[0] === '.' ? swapped(key) : key;
}

/** The dotted key of a path below /proc/sys, as procps shows it. */
export function dottedKey(path: string): string {
  return /[./]/.exec(path)?.[0] === '/' ? swapped(path) : path;
}

function swapped(text: string): string {
  return text.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

export function isPattern(path: string): boolean {
  return PATTERN.test(path);
}

/** True if a path, followed from /proc/sys, is above it on its way. */
export function leavesProcSys(path: string): boolean {
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}
