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
  /** The line that it stands on. */
  readonly ownLine: number;
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
        yield { rule: rule.trim(), line: isFile !== undefined ? undefined : isAlone ? index + 2 : index + 1, ownLine: index + 1, reason: reason.replace(/(?:-->|\*\/)\s*$/, '').trim(), span, isUsed: false };
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
  const byPlace = byRuleAndLine(all);
  const kept: LintFinding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const finding of findings) {
    const by = [...(byPlace.get(finding.rule) ?? []), ...(byPlace.get(`${finding.rule} ${finding.line}`) ?? [])];
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

/** Those of `RULE` in the whole file, and of `RULE LINE`. */
function byRuleAndLine(all: readonly Suppression[]): Map<string, Suppression[]> {
  // A comment under another one hands that one's line on; the last of them is known first.
  const targets = new Map<number, number>();
  for (const { line, ownLine } of all.toReversed()) if (line !== undefined && line > ownLine) targets.set(ownLine, targets.get(line) ?? line);
  const found = new Map<string, Suppression[]>();
  for (const one of all) {
    const place = one.line === undefined ? one.rule : `${one.rule} ${targets.get(one.line) ?? one.line}`;
    const there = found.get(place);
    if (there === undefined) found.set(place, [one]);
    else there.push(one);
  }
  return found;
}
