export { lintFiles, type LintOptions, type LintReport } from './lint.ts';
export { lintRules } from './rules/index.ts';
export type { RuleInfo } from './rule.ts';
export type { LintFile } from './group.ts';
export type { LintEdit, LintFinding, LintFix, LintSeverity, SuppressedFinding } from './finding.ts';
export { formatOf, type Format } from './formats/detect.ts';
export { applyFixes, type FixedText } from './fix.ts';
export { lintLive, type LiveSetting } from './live.ts';
