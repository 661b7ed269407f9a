import { lintRules, type JudgedClaim, type LintFinding, type LintSeverity, type Verdict } from '../../../knobs/index.ts';
import { plural } from '../../../model/index.ts';
import { renderTable, type Column, type Style } from '../../../report/index.ts';
import type { Printer } from '../../printer.ts';
import type { Linted } from './run.ts';

const styles: Readonly<Record<LintSeverity, Style>> = { error: 'critical', warning: 'warning', note: 'dim' };

/** Findings by file, then a line of counts. Quiet leaves out notes, verbose adds why and what to do. */
export function showLint(printer: Printer, { report, fixed }: Linted): void {
  const told = new Set<string>();
  let file: string | undefined;
  for (const finding of report.findings) {
    if (printer.isQuiet && finding.severity === 'note') continue;
    if (finding.file !== file) {
      file = finding.file;
      printer.paragraph(file, { style: 'strong' });
    }
    printer.paragraph(`${finding.line}:${finding.column}  ${finding.severity}  ${finding.message}. [${finding.rule}]`, { indent: '  ', hanging: '      ', style: styles[finding.severity] });
    if (printer.isVerbose && !told.has(finding.rule)) explain(printer, finding);
    told.add(finding.rule);
  }
  for (const { file: where, line, rule, fix } of fixed) printer.paragraph(`mended: ${where}:${line}  ${fix?.description ?? ''}. [${rule}]`, { hanging: '  ', style: 'ok' });
  if (printer.isVerbose) for (const { file: where, line, rule, reason } of report.suppressed) printer.paragraph(`dismissed: ${where}:${line}  [${rule}] ${reason}`, { hanging: '  ', style: 'dim' });
  const count = (severity: LintSeverity): number => report.findings.filter((finding) => finding.severity === severity).length;
  const counts = `${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}, ${plural(count('note'), 'note')}`;
  const dismissed = report.suppressed.length === 0 ? '' : `, ${report.suppressed.length} dismissed`;
  const mendable = report.findings.filter(({ fix }) => fix?.isSafe === true).length;
  printer.paragraph(`${counts}${dismissed} in ${plural(report.settings, 'setting')} of ${plural(report.files, 'file')}.${mendable > 0 && !printer.isQuiet ? ` --fix mends ${mendable} of them.` : ''}`, { style: count('error') > 0 ? 'critical' : count('warning') > 0 ? 'warning' : 'ok' });
}

function explain(printer: Printer, { rule }: LintFinding): void {
  const info = lintRules.get(rule);
  if (info === undefined) return;
  printer.paragraph(info.why, { indent: '      ' });
  printer.paragraph(`What to do: ${info.remedy}`, { indent: '      ' });
}

const verdicts: Readonly<Record<Verdict, Style>> = { true: 'ok', 'half true': 'warning', false: 'critical' };

/** Each claim with its line, its verdict and what is so. */
export function showClaims(printer: Printer, claims: readonly JudgedClaim[]): void {
  let file: string | undefined;
  for (const claim of claims) {
    if (claim.file !== file) {
      file = claim.file;
      printer.paragraph(`What ${file} says, and what is so`, { style: 'strong' });
    }
    printer.paragraph(`${claim.line}  ${claim.verdict}  ${claim.text}`, { indent: '  ', hanging: '      ', style: verdicts[claim.verdict] });
    if (printer.isQuiet) continue;
    printer.paragraph(`${claim.subject}: ${claim.truth}`, { indent: '      ' });
    if (printer.isVerbose) printer.paragraph(`Source: ${claim.source}. [${claim.claim}]`, { indent: '      ', style: 'dim' });
  }
  const count = (verdict: Verdict): number => claims.filter((claim) => claim.verdict === verdict).length;
  printer.paragraph(`${plural(claims.length, 'claim')}: ${count('true')} true, ${count('half true')} half true, ${count('false')} false.`);
  printer.line();
}

interface RuleRow {
  readonly id: string;
  readonly severity: LintSeverity;
  readonly summary: string;
}

const columns: readonly Column<RuleRow>[] = [
  { id: 'rule', title: 'rule', help: 'Its name.', align: 'left', value: ({ id }) => id },
  { id: 'severity', title: 'severity', help: 'The worst that it gives.', align: 'left', value: ({ severity }) => severity, style: ({ severity }) => styles[severity] },
  { id: 'summary', title: 'what it finds', help: 'In a sentence.', align: 'left', value: ({ summary }) => summary, canShrink: true },
];

export function showRules(printer: Printer): void {
  printer.lines(renderTable(columns, [...lintRules.values()], printer));
}
