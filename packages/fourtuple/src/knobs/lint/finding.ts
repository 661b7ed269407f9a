import type { Span } from './statement.ts';

/** error: it does not do what it says, or breaks something; warning: likely harm; note: worth knowing. */
export type LintSeverity = 'error' | 'warning' | 'note';

/** A stretch of a file to be replaced. */
export interface LintEdit {
  readonly span: Span;
  readonly text: string;
}

export interface LintFix {
  /** In the imperative, without a full stop. */
  readonly description: string;
  readonly edits: readonly LintEdit[];
  /** True if what is meant can only be this: `--fix` does it. */
  readonly isSafe: boolean;
}

/** What a rule says of a place. */
export interface RawFinding {
  readonly rule: string;
  readonly severity: LintSeverity;
  readonly file: string;
  readonly span: Span;
  /** One or two sentences, without the last full stop. */
  readonly message: string;
  readonly fix?: LintFix;
}

/** With its place in lines and columns, both from 1, in UTF-16 units; the end is behind the last one. */
export interface LintFinding extends RawFinding {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A finding that a comment of the file dismisses. */
export interface SuppressedFinding extends LintFinding {
  readonly reason: string;
}
