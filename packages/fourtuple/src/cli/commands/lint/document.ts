import { lintRules, type LintFinding } from '../../../knobs/index.ts';
import type { Linted } from './run.ts';

/** The document of `lint --json`. */
export function lintDocument({ report, claims, fixed, unread }: Linted): Record<string, unknown> {
  const count = (severity: string): number => report.findings.filter((finding) => finding.severity === severity).length;
  return {
    schema: 'fourtuple.lint/1',
    files: report.files,
    settings: report.settings,
    errors: count('error'),
    warnings: count('warning'),
    notes: count('note'),
    findings: report.findings.map(findingDocument),
    suppressed: report.suppressed.map((finding) => ({ ...findingDocument(finding), reason: finding.reason })),
    claims: claims ?? null,
    fixed: fixed.map(findingDocument),
    limits: unread,
  };
}

function findingDocument({ rule, severity, file, line, column, endLine, endColumn, message, fix }: LintFinding): Record<string, unknown> {
  return { rule, severity, file, line, column, endLine, endColumn, message, fix: fix === undefined ? null : { description: fix.description, safe: fix.isSafe } };
}

export function ruleDocuments(): object[] {
  return [...lintRules.values()].map(({ id, severity, summary, why, remedy, kernels }) => ({ id, severity, summary, why, remedy, kernels }));
}
