import { isPattern, leavesProcSys, sysctlPath } from './key.ts';
import type { SysctlFile, SysctlLine } from './line.ts';
import type { SysctlProblem } from './problem.ts';

/** What isspace(3) takes for a blank. */
const LEADING = /^[ \t\n\v\f\r]+/;

/** PAGE_SIZE - 1: what proc_do_large_bitmap() of Linux reads of one write. */
const PAGE = 4095;

/** ASCII and C1 controls, byte order mark, what decoders put for a byte that is not UTF-8. */
const UNPRINTABLE = /[\u0000-\u0020\u007f-\u009f\ufeff\ufffd]/;

/**
 * The lines of a file of sysctl.conf(5) as `sysctl` of procps 4.0.2 reads them (Preload, parse_setting_line). Takes any text; what is wrong
 * with a line stands in its `problems`. Lines end in a newline, a carriage return before it is a blank; a NUL byte ends what is read of
 * a line; no line is too long, and none continues on the next.
 * @param path of the file, absolute
 */
export function parseSysctlFile(text: string, path: string): SysctlFile {
  const raw = text.split('\n');
  const last = raw.pop() ?? '';
  const lines = raw.map((line, index) => parseLine(`${line}\n`, index + 1));
  if (last !== '') lines.push(parseLine(last, lines.length + 1));
  return { path, lines };
}

/** @param raw with its newline, which counts: "a" alone is left out, "a\n" is malformed. */
function parseLine(raw: string, line: number): SysctlLine {
  const text = raw.endsWith('\n') ? raw.slice(0, -1) : raw;
  const end = raw.indexOf('\0');
  const problems: SysctlProblem[] = end < 0 ? [] : ['cut-at-nul'];
  let key = withoutLeading(end < 0 ? raw : raw.slice(0, end));
  if (isShort(raw) || isShort(key)) {
    if (key.trim() !== '') problems.push('too-short');
    return { kind: 'blank', line, text, problems };
  }
  if (key.startsWith('#') || key.startsWith(';')) return { kind: 'comment', line, text, problems: [] };
  const equals = key.indexOf('=');
  const dashed = key.startsWith('-');
  if (equals < 0 && !dashed) return { kind: 'malformed', line, text, problems: ['malformed', ...problems] };
  const value = equals < 0 ? undefined : withoutTrailing(withoutLeading(key.slice(equals + 1)));
  key = withoutTrailing(key.slice(dashed ? 1 : 0, equals < 0 ? undefined : equals));
  // setting_new() takes a second dash away from the path.
  const path = sysctlPath(key.startsWith('-') ? key.slice(1) : key);
  const pattern = isPattern(path);
  problems.push(...problemsOfKey(path));
  if (value === undefined) {
    if (pattern) problems.push('pattern-of-exclusion');
    return { kind: 'exclusion', line, key, path, pattern, problems };
  }
  problems.push(...problemsOfValue(value));
  return { kind: 'setting', line, key, path, pattern, value, ignoreFailure: dashed, problems };
}

function problemsOfKey(path: string): SysctlProblem[] {
  if (path === '') return ['empty-key'];
  const problems: SysctlProblem[] = [];
  if (LEADING.test(path)) problems.push('blank-after-dash');
  else if (UNPRINTABLE.test(path)) problems.push('unprintable-key');
  if (/^\/*proc\/+sys\//.test(path)) problems.push('absolute-path');
  if (path.includes('//')) problems.push('repeated-separator');
  if (leavesProcSys(path)) problems.push('leaves-proc-sys');
  return problems;
}

function problemsOfValue(value: string): SysctlProblem[] {
  const problems: SysctlProblem[] = [];
  if (/[\s\d][#;]/.test(value)) problems.push('comment-in-value');
  if (/^(["']).*\1$/s.test(value)) problems.push('quoted-value');
  if (value.length >= PAGE) problems.push('longer-than-a-page');
  return problems;
}

/** strlen() < 2: a character beyond ASCII is two bytes or more. */
function isShort(text: string): boolean {
  return text.length < 2 && (text === '' || text.charCodeAt(0) < 0x80);
}

function withoutLeading(text: string): string {
  return text.replace(LEADING, '');
}

/** rstrip() of procps: the first character stays, even if it is a blank. */
function withoutTrailing(text: string): string {
  let end = text.length;
  while (end > 1 && ' \t\n\v\f\r'.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
