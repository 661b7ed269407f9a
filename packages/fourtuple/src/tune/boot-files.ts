import { readdirSync, readFileSync, statSync } from 'node:fs';
import { effectiveSettings, knobPath, lastSysctlFile, parseSysctlFile, sysctlFolders, writeOutcome, type PlacedSetting, type SysctlFile } from '../knobs/index.ts';
import { readingOf, type Write } from './order.ts';

/** A line of a file that sets a key, and what it sets. */
export interface BootLine {
  readonly key: string;
  readonly file: string;
  readonly line: number;
  readonly value: string;
}

/** What a boot makes of settings in a file. */
export interface BootOutlook {
  /** Lines that come after ours and have another value: the next boot has theirs. */
  readonly wins: readonly BootLine[];
  /** Lines with another value that ours hides. */
  readonly hides: readonly BootLine[];
  /** False when nothing reads the file at boot: it is in no folder of sysctl.d, or does not end in .conf. */
  readonly isRead: boolean;
}

/** Every file that `sysctl --system` may read. */
export function readBootFiles(): SysctlFile[] {
  const paths = sysctlFolders.flatMap((folder) => namesIn(folder).map((name) => `${folder}/${name}`));
  return [...paths, lastSysctlFile].flatMap((path) => {
    const text = textOf(path);
    return text === undefined ? [] : [parseSysctlFile(text, path)];
  });
}

/**
 * Whose values the next boot has, when `path` has this text and the other files stay as they are.
 * @param text undefined: the file is gone
 */
export function bootOutlook(files: readonly SysctlFile[], path: string, text: string | undefined, writes: readonly Write[], state: (key: string) => string | undefined): BootOutlook {
  const others = files.filter((file) => file.path !== path);
  const settings = new Map(writes.map((write) => [write.key, write.to]));
  const now = (key: string): string | undefined => settings.get(key) ?? state(key);
  const keys = writes.map(({ key }) => knobPath(key));
  const keyOf = new Map(writes.map(({ key }) => [knobPath(key), key]));
  const accepts = (at: string, value: string): boolean => writeOutcome(keyOf.get(at) ?? at, value, now).kind !== 'refused';
  const effective = effectiveSettings(text === undefined ? others : [...others, parseSysctlFile(text, path)], { keys, accepts });
  const wins: BootLine[] = [];
  const hides: BootLine[] = [];
  for (const { key, to } of writes) {
    const { winner, hidden = [] } = effective.settings.get(knobPath(key)) ?? { winner: undefined };
    const differs = (setting: PlacedSetting): boolean => setting.file !== path && reading(key, setting.value, now) !== reading(key, to, now);
    if (winner !== undefined && differs(winner)) wins.push(lineOf(key, winner));
    for (const { setting, by } of hidden) if (by?.file === path && differs(setting)) hides.push(lineOf(key, setting));
  }
  return { wins, hides, isRead: effective.read.includes(path) };
}

function reading(key: string, value: string, state: (key: string) => string | undefined): string {
  return readingOf(value, writeOutcome(key, value, state));
}

function lineOf(key: string, { file, line, value }: PlacedSetting): BootLine {
  return { key, file, line, value };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A folder, a device or a link to nowhere counts by its name alone, as an empty file. */
function textOf(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    return path === lastSysctlFile && (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : '';
  }
}
