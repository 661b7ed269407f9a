import type { LintFile } from './group.ts';
import type { LintFinding, RawFinding, SuppressedFinding } from './finding.ts';
import { lintRules } from './rules/index.ts';
import { suppressionUnknownRule, suppressionUnused, suppressionWithoutReason } from './rules/texts.ts';
import type { Span } from './statement.ts';

/** `# fourtuple-ignore RULE[, RULE]: reason` */
interface Suppression {
  readonly rule: string;
  /** The line whose findings it dismisses; undefined for the whole file. */
  readonly line: number | undefined;
  readonly reason: string;
  readonly span: Span;
  isUsed: boolean;
}

const MARK = /(?:#|;|\/\/|<!--|\/\*)[ \t]*fourtuple-ignore(-file)?[ \t]+([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)[ \t]*(?::[ \t]*(.*))?/;

function* suppressionsOf(text: string): Generator<Suppression> {
  if (!text.includes('fourtuple-ignore')) return;
  let start = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const match = line.includes('fourtuple-ignore') ? MARK.exec(line) : null;
    if (match !== null) {
      const [all, isFile, rules, reason = ''] = match;
      const isAlone = line.slice(0, match.index).trim() === '';
      const span = { start: start + match.index, end: start + match.index + all.trimEnd().length };
      for (const rule of rules!.split(',')) {
        yield { rule: rule.trim(), line: isFile !== undefined ? undefined : isAlone ? index + 2 : index + 1, reason: reason.replace(/(?:-->|\*\/)\s*$/, '').trim(), span, isUsed: false };
      }
    }
    start += line.length + 1;
  }
}

export interface Sifted {
  readonly findings: LintFinding[];
  readonly suppressed: SuppressedFinding[];
  /** What is to be said of the comments themselves. */
  readonly ofComments: RawFinding[];
}

/** Takes out what comments of the file dismiss. Comments above a line are for that line; several may stand above each other. */
export function sift(file: LintFile, findings: readonly LintFinding[]): Sifted {
  const all = [...suppressionsOf(file.text)];
  if (all.length === 0) return { findings: [...findings], suppressed: [], ofComments: [] };
  const alone = new Set(all.flatMap(({ line, span }) => (line === undefined ? [] : [lineOf(file.text, span.start)])));
  // A comment under another one hands that one's line on.
  const target = (line: number): number => {
    let at = line;
    while (alone.has(at) && all.some((one) => one.line === at + 1 && lineOf(file.text, one.span.start) === at)) at++;
    return at;
  };
  const kept: LintFinding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const finding of findings) {
    const by = all.filter(({ rule, line }) => rule === finding.rule && (line === undefined || target(line) === finding.line));
    for (const one of by) one.isUsed = true;
    if (by.length === 0) kept.push(finding);
    else suppressed.push({ ...finding, reason: by[0]!.reason });
  }
  const said = (rule: { readonly id: string; readonly severity: RawFinding['severity'] }, span: Span, message: string): RawFinding => ({ rule: rule.id, severity: rule.severity, file: file.path, span, message });
  const ofComments: RawFinding[] = [];
  const withoutReason = new Set<number>();
  for (const { rule, reason, span, isUsed } of all) {
    if (reason === '' && !withoutReason.has(span.start)) {
      withoutReason.add(span.start);
      ofComments.push(said(suppressionWithoutReason, span, 'say why: # fourtuple-ignore RULE: reason'));
    }
    if (!lintRules.has(rule)) ofComments.push(said(suppressionUnknownRule, span, `there is no rule "${rule}"`));
    else if (!isUsed) ofComments.push(said(suppressionUnused, span, `nothing is found by ${rule} here`));
  }
  return { findings: kept, suppressed, ofComments };
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
