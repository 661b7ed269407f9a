import { dottedKey } from './key.ts';
import { KeyTree, type Reached } from './key-tree.ts';
import type { SysctlExclusion, SysctlFile, SysctlSetting } from './line.ts';
import { inReadingOrder, type UnreadFile } from './precedence.ts';

/** A line with its file's path. */
export interface PlacedSetting extends SysctlSetting {
  readonly file: string;
}

export interface PlacedExclusion extends SysctlExclusion {
  readonly file: string;
}

/** A setting that a key would have had. */
export interface HiddenSetting {
  readonly setting: PlacedSetting;
  /** Written, and written over later; a pattern that passes by a key named or excluded somewhere; a value that the kernel does not take. */
  readonly why: 'replaced' | 'named' | 'excluded' | 'refused';
  /** The line that hides it; none for `refused`. */
  readonly by?: PlacedSetting | PlacedExclusion;
}

export interface EffectiveSetting {
  /** Dotted, as procps shows it. */
  readonly key: string;
  /** Below /proc/sys. */
  readonly path: string;
  /** The line whose value the key has in the end; undefined if all are hidden, and the key stays what it was. */
  readonly winner: PlacedSetting | undefined;
  /** In the order of reading. */
  readonly hidden: readonly HiddenSetting[];
}

export interface EffectiveSettings {
  /** By path below /proc/sys, in the order in which they are first mentioned. */
  readonly settings: ReadonlyMap<string, EffectiveSetting>;
  /** Settings that lead to no key: unknown, a folder, a pattern without a match. procps says nothing of them. */
  readonly astray: readonly PlacedSetting[];
  /** Paths, first to last. */
  readonly read: readonly string[];
  readonly unread: readonly UnreadFile<SysctlFile>[];
  /** Files of which procps may read others in their place: see `ReadingOrder`. */
  readonly oddNames: readonly string[];
}

export interface HostKeys {
  /** Paths below /proc/sys of all keys that there are. Without them, those that the files name: patterns lead nowhere then. */
  readonly keys?: Iterable<string>;
  /** False for a value that the kernel refuses: what the key had before stands. Without it every value is taken. */
  readonly accepts?: (path: string, value: string) => boolean;
}

/**
 * What `sysctl --system` of procps 4.0.2 leaves behind (write_setting_list). It reads all files first, then writes setting after setting:
 * the last one wins. A pattern is written where it stands, but passes by every key that a setting or an exclusion names anywhere, before
 * or behind it, and even if that setting is refused; names are compared letter by letter, so `net//ipv4/x` is not `net/ipv4/x`.
 * An exclusion guards from patterns only, not from a setting that names its key; one with a pattern itself does nothing (from 4.0.5 it does).
 * Keys that change others are not followed, such as net.ipv4.conf.all.forwarding, or net.ipv4.conf.default.rp_filter, which the interfaces
 * take over that nobody wrote theirs of. A masked file is given as an empty one.
 *
 * systemd-sysctl differs: it writes a key once, with the last value; exclusions with patterns count; it does not read /etc/sysctl.conf.
 */
export function effectiveSettings(files: readonly SysctlFile[], host: HostKeys = {}): EffectiveSettings {
  const { read, unread, oddNames } = inReadingOrder(files);
  const settings: PlacedSetting[] = [];
  const names = new Map<string, PlacedSetting | PlacedExclusion>();
  for (const { path: file, lines } of read) {
    for (const line of lines) {
      if (line.kind !== 'setting' && line.kind !== 'exclusion') continue;
      const placed = { ...line, file };
      if (placed.kind === 'setting') settings.push(placed);
      if (!names.has(placed.path)) names.set(placed.path, placed);
    }
  }
  const tree = new KeyTree();
  for (const key of host.keys ?? namedKeys(names.values())) tree.add(key);
  const book = new Book(host.accepts ?? (() => true));
  const astray: PlacedSetting[] = [];
  for (const setting of settings) {
    const reached = tree.find(setting.path);
    if (reached.length === 0) astray.push(setting);
    for (const key of reached) book.write(key, setting, setting.pattern ? names.get(key.spelled) : undefined);
  }
  return { settings: book.settings(), astray, read: read.map(({ path }) => path), unread, oddNames };
}

function namedKeys(lines: Iterable<PlacedSetting | PlacedExclusion>): string[] {
  return [...lines].flatMap(({ path, pattern }) => (pattern ? [] : [path]));
}

/** Who wrote what to which key. */
class Book {
  readonly #accepts: (path: string, value: string) => boolean;
  readonly #pages = new Map<string, { winner: PlacedSetting | undefined; readonly hidden: HiddenSetting[] }>();

  constructor(accepts: (path: string, value: string) => boolean) {
    this.#accepts = accepts;
  }

  /** @param by the line that keeps a pattern from the key. */
  write({ path }: Reached, setting: PlacedSetting, by: PlacedSetting | PlacedExclusion | undefined): void {
    let page = this.#pages.get(path);
    if (page === undefined) this.#pages.set(path, (page = { winner: undefined, hidden: [] }));
    if (by !== undefined) page.hidden.push({ setting, why: by.kind === 'setting' ? 'named' : 'excluded', by });
    else if (!this.#accepts(path, setting.value)) page.hidden.push({ setting, why: 'refused' });
    else {
      if (page.winner !== undefined) page.hidden.push({ setting: page.winner, why: 'replaced', by: setting });
      page.winner = setting;
    }
  }

  settings(): Map<string, EffectiveSetting> {
    return new Map([...this.#pages].map(([path, { winner, hidden }]) => [path, { key: dottedKey(path), path, winner, hidden }]));
  }
}
