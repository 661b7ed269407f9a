import type { LintFix, LintSeverity, RawFinding } from './finding.ts';
import type { JudgedSetting, SettingGroup } from './group.ts';

export interface RuleInfo {
  /** kebab-case, stable. */
  readonly id: string;
  /** The worst that it gives. */
  readonly severity: LintSeverity;
  /** One sentence. */
  readonly summary: string;
  /** Why it matters, two to four sentences. */
  readonly why: string;
  /** What to do. */
  readonly remedy: string;
  /** Of which Linux it is true. */
  readonly kernels: string;
}

/** A rule about the settings of one place. */
export interface GroupRule extends RuleInfo {
  readonly judge: (group: SettingGroup) => Iterable<RawFinding>;
}

/** A finding at a value, or at the key where a text does not say a value. */
export function atValue(rule: Pick<RuleInfo, 'id' | 'severity'>, setting: JudgedSetting, message: string, options: { readonly severity?: LintSeverity; readonly fix?: LintFix } = {}): RawFinding {
  return { rule: rule.id, severity: options.severity ?? rule.severity, file: setting.file.path, span: setting.valueSpan ?? setting.keySpan, message, ...(options.fix === undefined ? {} : { fix: options.fix }) };
}

export function atKey(rule: Pick<RuleInfo, 'id' | 'severity'>, setting: JudgedSetting, message: string, options: { readonly severity?: LintSeverity; readonly fix?: LintFix } = {}): RawFinding {
  return { ...atValue(rule, setting, message, options), span: setting.keySpan };
}

/** The last word of a key. */
export function shortKey(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
