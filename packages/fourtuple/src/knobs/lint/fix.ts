import type { LintEdit, LintFinding } from './finding.ts';

export interface FixedText {
  readonly text: string;
  /** Those whose fix is in the text now. */
  readonly fixed: readonly LintFinding[];
}

/** A text with the safe fixes of its findings; of two that meet the first in the text is done, and the other one waits for the next time. */
export function applyFixes(text: string, findings: readonly LintFinding[]): FixedText {
  const fixed: LintFinding[] = [];
  const pieces: string[] = [];
  let done = 0;
  for (const { finding, edits } of inTextOrder(findings)) {
    if (edits[0]!.span.start < done) continue;
    for (const { span, text: replacement } of edits) {
      pieces.push(text.slice(done, span.start), replacement);
      done = span.end;
    }
    fixed.push(finding);
  }
  return { text: pieces.join('') + text.slice(done), fixed };
}

interface Fixing {
  readonly finding: LintFinding;
  /** At least one, in the order of their places, none within another one. */
  readonly edits: readonly LintEdit[];
}

function inTextOrder(findings: readonly LintFinding[]): Fixing[] {
  return findings
    .flatMap((finding): Fixing[] => {
      const edits = finding.fix?.isSafe === true ? finding.fix.edits.toSorted((one, other) => one.span.start - other.span.start) : [];
      const isOdd = edits.length === 0 || edits.some(({ span }, index) => index > 0 && span.start < edits[index - 1]!.span.end);
      return isOdd ? [] : [{ finding, edits }];
    })
    .sort((one, other) => one.edits[0]!.span.start - other.edits[0]!.span.start);
}
