import type { LintEdit, LintFinding } from './finding.ts';

export interface FixedText {
  readonly text: string;
  /** Those whose fix is in the text now. */
  readonly fixed: readonly LintFinding[];
}

/** A text with the safe fixes of its findings; of two that meet the first is done, and the other one waits for the next time. */
export function applyFixes(text: string, findings: readonly LintFinding[]): FixedText {
  const edits: LintEdit[] = [];
  const fixed: LintFinding[] = [];
  for (const finding of findings) {
    const wanted = finding.fix?.isSafe === true ? finding.fix.edits : [];
    if (wanted.length === 0 || wanted.some((edit) => edits.some((other) => edit.span.start < other.span.end && other.span.start < edit.span.end))) continue;
    edits.push(...wanted);
    fixed.push(finding);
  }
  let result = text;
  for (const { span, text: replacement } of edits.toSorted((one, other) => other.span.start - one.span.start)) result = result.slice(0, span.start) + replacement + result.slice(span.end);
  return { text: result, fixed };
}
