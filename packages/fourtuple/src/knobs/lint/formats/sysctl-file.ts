import { dottedKey } from '../../files/key.ts';
import { parseSysctlFile } from '../../files/parse.ts';
import type { SysctlExclusion, SysctlLine, SysctlSetting } from '../../files/line.ts';
import type { SysctlProblem } from '../../files/problem.ts';
import type { Extracted, Reach, Span, Statement } from '../statement.ts';
import { withoutMarks } from './comment-lines.ts';
import { isTemplate } from './templates.ts';

export interface SysctlFileOptions {
  /** `sysctl` without it. */
  readonly group?: string;
  /** `host` without it. */
  readonly reach?: Reach;
}

/** What is wrong with a line, and the part of it that is. */
export interface PlacedProblem {
  readonly problem: SysctlProblem;
  readonly span: Span;
}

/** With these, nothing is set. */
const SETS_NOTHING: ReadonlySet<SysctlProblem> = new Set<SysctlProblem>(['empty-key', 'blank-after-dash', 'unprintable-key', 'absolute-path', 'leaves-proc-sys']);

const OF_KEY: ReadonlySet<SysctlProblem> = new Set<SysctlProblem>(['blank-after-dash', 'unprintable-key', 'absolute-path', 'repeated-separator', 'leaves-proc-sys', 'pattern-of-exclusion']);

/** The settings of a file of sysctl.conf(5). A setting of many keys, by a pattern, is none; its line, without blanks around it, is its span. */
export function extractSysctlFile(text: string, path: string, { group = 'sysctl', reach = 'host' }: SysctlFileOptions = {}): Extracted {
  const statements: Statement[] = [];
  let comments: string[] = [];
  for (const { line, start } of placedLines(text, path)) {
    if (line.kind === 'setting' && !line.pattern && !line.problems.some((problem) => SETS_NOTHING.has(problem)) && !isTemplate(line.key)) {
      const { keySpan, valueSpan, span } = spansOf(line, start, text);
      const trailing = /[\s\d][#;](.*)$/s.exec(line.value)?.[1];
      statements.push({
        group,
        reach,
        sharesHostNetwork: false,
        means: 'sysctl-file',
        key: dottedKey(line.path.replace(/\/{2,}/g, '/')),
        keySpan,
        value: isTemplate(line.value) ? undefined : line.value,
        valueSpan,
        span,
        comment: [...comments, ...(trailing === undefined ? [] : [withoutMarks(trailing)])].filter((comment) => comment !== '').join(' '),
      });
    }
    if (line.kind === 'comment') comments.push(withoutMarks(line.text));
    else comments = [];
  }
  return { statements, ports: [], problems: [] };
}

/** What is wrong with the lines of such a file, in their order. */
export function sysctlFileProblems(text: string, path: string): PlacedProblem[] {
  return [...placedLines(text, path)].flatMap(({ line, start }) => line.problems.map((problem) => ({ problem, span: spanOf(problem, line, start, text) })));
}

/** Each line with the offset at which it starts. */
function* placedLines(text: string, path: string): Generator<{ readonly line: SysctlLine; readonly start: number }> {
  let start = 0;
  for (const line of parseSysctlFile(text, path).lines) {
    yield { line, start };
    start = endOf(start, text) + 1;
  }
}

function spanOf(problem: SysctlProblem, line: SysctlLine, start: number, text: string): Span {
  if (problem === 'cut-at-nul') {
    const at = text.indexOf('\0', start);
    return { start: at, end: at + 1 };
  }
  const spans = line.kind === 'setting' || line.kind === 'exclusion' ? spansOf(line, start, text) : { span: withoutBlanks(start, endOf(start, text), text) };
  if (!('keySpan' in spans)) return spans.span;
  if (OF_KEY.has(problem)) return spans.keySpan;
  return problem === 'comment-in-value' || problem === 'quoted-value' || problem === 'longer-than-a-page' ? spans.valueSpan : spans.span;
}

/** Where the key and the value of a line stand; an exclusion has an empty value at its end. */
function spansOf(line: SysctlSetting | SysctlExclusion, start: number, text: string): { readonly keySpan: Span; readonly valueSpan: Span; readonly span: Span } {
  const end = endOf(start, text);
  const nul = text.slice(start, end).indexOf('\0');
  const span = withoutBlanks(start, nul < 0 ? end : start + nul, text);
  const isDashed = text[span.start] === '-';
  const keyStart = Math.min(span.start + (isDashed ? 1 : 0), end);
  const keySpan = { start: keyStart, end: Math.min(keyStart + line.key.length, end) };
  if (line.kind === 'exclusion') return { keySpan, valueSpan: { start: span.end, end: span.end }, span };
  const behind = text.indexOf('=', span.start) + 1;
  const valueStart = line.value === '' ? behind : behind + text.slice(behind, span.end).search(/[^ \t\v\f\r]/);
  return { keySpan, valueSpan: { start: valueStart, end: valueStart + line.value.length }, span };
}

function endOf(start: number, text: string): number {
  const newline = text.indexOf('\n', start);
  return newline < 0 ? text.length : newline;
}

/** What isspace(3) takes for blanks. */
function withoutBlanks(start: number, end: number, text: string): Span {
  const line = text.slice(start, end);
  const first = line.search(/[^ \t\v\f\r]/);
  if (first < 0) return { start, end: start };
  let last = line.length;
  while (' \t\v\f\r'.includes(line.charAt(last - 1))) last--;
  return { start: start + first, end: start + last };
}
