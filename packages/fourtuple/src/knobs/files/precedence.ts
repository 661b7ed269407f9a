/** Preload() hands the name to glob(3) with GLOB_BRACE. */
const ODD_NAME = /[*?[\]{}\\]/;

/** Where `sysctl --system` looks, and whose file of a name it takes: PreloadSystem() of procps. */
export const sysctlFolders: readonly string[] = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d'];

export const lastSysctlFile = '/etc/sysctl.conf';

/** A file that `sysctl --system` does not read. */
export interface UnreadFile<File> {
  readonly file: File;
  /** No folder or name of the list above, the same name in a folder before, or the same path given before. */
  readonly why: 'elsewhere' | 'not-conf' | 'hidden';
  /** For `hidden`: the path of the one that is read. */
  readonly by?: string;
}

export interface ReadingOrder<File> {
  /** First to last. */
  readonly read: readonly File[];
  readonly unread: readonly UnreadFile<File>[];
  /** Paths among those read whose names procps takes for patterns (`*?[]{}\`): it may read other files in their place, which is not modelled. */
  readonly oddNames: readonly string[];
}

/**
 * Files in the order in which `sysctl --system` of procps reads them: of a name the one in the first folder, the names in the order of their
 * bytes, /etc/sysctl.conf last. A file counts by its name alone: an empty one, a folder, or a link to /dev/null or nowhere hides its like.
 * A name is all that stands before `.conf`, be it nothing or a dot.
 *
 * systemd-sysctl differs: it does not read /etc/sysctl.conf, save by a link such as /etc/sysctl.d/99-sysctl.conf, which makes procps read it twice.
 */
export function inReadingOrder<File extends { readonly path: string }>(files: readonly File[]): ReadingOrder<File> {
  const byName = new Map<string, File>();
  const unread: UnreadFile<File>[] = [];
  let last: File | undefined;
  for (const file of files.toSorted((one, other) => rankOf(one) - rankOf(other))) {
    const { folder, name } = partsOf(file.path);
    const isLast = file.path === lastSysctlFile;
    const taken = isLast ? last : byName.get(name);
    if (!isLast && !sysctlFolders.includes(folder)) unread.push({ file, why: 'elsewhere' });
    else if (!isLast && !name.endsWith('.conf')) unread.push({ file, why: 'not-conf' });
    else if (taken !== undefined) unread.push({ file, why: 'hidden', by: taken.path });
    else if (isLast) last = file;
    else byName.set(name, file);
  }
  const named = [...byName].sort(([one], [other]) => compareBytes(one, other)).map(([, file]) => file);
  return { read: last === undefined ? named : [...named, last], unread, oddNames: named.map(({ path }) => path).filter((path) => ODD_NAME.test(path)) };
}

function rankOf({ path }: { readonly path: string }): number {
  return sysctlFolders.indexOf(partsOf(path).folder);
}

function partsOf(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}

/** strcmp() of the UTF-8 of both: code points have its order, UTF-16 has not. */
function compareBytes(one: string, other: string): number {
  const left = Array.from(one);
  const right = Array.from(other);
  for (const [index, letter] of left.entries()) {
    const against = right[index];
    if (against === undefined) return 1;
    if (letter !== against) return letter.codePointAt(0)! - against.codePointAt(0)!;
  }
  return left.length - right.length;
}
