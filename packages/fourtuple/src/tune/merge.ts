import { defaultState, dottedKey, parseSysctlFile, type SysctlLine } from '../knobs/index.ts';
import type { Change } from './change.ts';
import { orderWrites } from './order.ts';

/** Who writes a file, and when. */
export interface Signature {
  /** ISO 8601. */
  readonly at: string;
  readonly transaction: string;
}

const MARK = '# fourtuple: ';
const WHY = '# why: ';

/** A setting, and the comments and blank lines directly before it. */
interface Entry {
  readonly key: string;
  readonly to: string;
  readonly before: readonly string[];
  readonly text: string;
}

/**
 * A file of sysctl.d with these settings in it: those of the file before stay, but for keys that are set anew, and so do comments. Settings stand in
 * an order in which a kernel that boots takes each.
 * @param before text of the file; undefined for none
 * @returns undefined when the file has all of them already
 */
export function mergeSettings(before: string | undefined, path: string, changes: readonly Change[], signature: Signature): string | undefined {
  const { others, entries } = takenApart(before ?? '', path);
  // Of one key the last line counts; lines before it would only be in the way.
  const merged = new Map(entries.map((entry) => [entry.key, entry]));
  if (changes.every(({ key, to }) => merged.get(key)?.to === to)) return undefined;
  for (const { key, to, why } of changes) {
    const comments = (merged.get(key)?.before ?? []).filter((line) => !line.startsWith(WHY));
    merged.set(key, { key, to, before: [...comments, ...(why === undefined || why === '' ? [] : [`${WHY}${why}`])], text: `${key} = ${to}`.trimEnd() });
  }
  const ordered = orderWrites([...merged.values()], defaultState);
  return [...headerOf(signature), ...others, ...ordered.flatMap(({ write }) => [...write.before, write.text])].map((line) => `${line}\n`).join('');
}

function headerOf({ at, transaction }: Signature): string[] {
  return [
    `${MARK}written by "fourtuple tune apply" at ${at}, transaction ${transaction}`,
    `${MARK}"fourtuple tune undo" takes it back, "fourtuple tune status" tells what was applied`,
  ];
}

/** Settings of plain keys, and everything else in its order: patterns, exclusions, comments behind the last setting, what is no line of such a file. */
function takenApart(text: string, path: string): { others: string[]; entries: Entry[] } {
  const others: string[] = [];
  const entries: Entry[] = [];
  let before: string[] = [];
  for (const line of parseSysctlFile(text, path).lines) {
    if (line.kind === 'comment' || line.kind === 'blank') {
      if (!line.text.startsWith(MARK)) before.push(line.text);
      continue;
    }
    if (isPlain(line)) entries.push({ key: dottedKey(line.path), to: line.value, before, text: textOf(line) });
    else others.push(...before, textOf(line));
    before = [];
  }
  return { others: [...others, ...before], entries };
}

type Setting = Extract<SysctlLine, { kind: 'setting' }>;

function isPlain(line: SysctlLine): line is Setting {
  return line.kind === 'setting' && !line.pattern && line.path !== '';
}

/** As procps reads it; spelled anew, but for what it does not understand. */
function textOf(line: SysctlLine): string {
  if (line.kind === 'setting') return `${line.ignoreFailure ? '-' : ''}${line.key} = ${line.value}`.trimEnd();
  if (line.kind === 'exclusion') return `-${line.key}`;
  return line.text;
}
