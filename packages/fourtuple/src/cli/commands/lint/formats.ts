import { lintRules, type JudgedClaim, type LintFinding, type SuppressedFinding } from '../../../knobs/index.ts';
import { lineStarts, placeOf } from '../../../knobs/lint/formats/line-starts.ts';
import { githubAnnotation, sarifLog, type SarifFix, type SarifResult, type SarifRule } from '../../../report/index.ts';
import { version } from '../../version.ts';
import type { Linted } from './run.ts';

const FALSE_CLAIM: SarifRule = {
  id: 'claim-not-so',
  shortDescription: 'A text says something of ports or settings that is not so.',
  fullDescription: 'Each claim that is known gets a verdict, tested against the running kernel: false, or half true.',
  helpText: 'Say what is so instead; the message has it.',
  level: 'note',
};

/** What a reader of SARIF or of a workflow's log has to see of claims: those that are not so. */
function wrongClaims(claims: readonly JudgedClaim[] | undefined): JudgedClaim[] {
  return (claims ?? []).filter(({ verdict }) => verdict !== 'true');
}

interface PlacedText {
  readonly text: string;
  /** Of its lines. */
  readonly starts: readonly number[];
}

/** A log of SARIF 2.1.0. */
export function sarifDocument({ report, files, claims }: Linted): object {
  const texts = new Map(files.map(({ path, text }): [string, PlacedText] => [path, { text, starts: lineStarts(text) }]));
  const rules = [...lintRules.values()].map(({ id, severity, summary, why, remedy, kernels }): SarifRule => ({ id, shortDescription: summary, fullDescription: why, helpText: `${remedy} (Linux: ${kernels})`, level: severity }));
  const results = [...report.findings, ...report.suppressed].map((finding) => resultOf(finding, texts.get(finding.file)));
  const ofClaims = wrongClaims(claims).map((claim): SarifResult => ({ ruleId: FALSE_CLAIM.id, level: 'note', message: claimText(claim), file: claim.file, region: { startLine: claim.line, startColumn: claim.column, endLine: claim.line, endColumn: claim.column + 1 } }));
  return sarifLog([...results, ...ofClaims], claims === undefined ? rules : [...rules, FALSE_CLAIM], { name: 'fourtuple', version });
}

function resultOf(finding: LintFinding | SuppressedFinding, text: PlacedText | undefined): SarifResult {
  const { rule, severity, message, file, line, column, endLine, endColumn, span, fix } = finding;
  return {
    ruleId: rule,
    level: severity,
    message: `${message}.`,
    file,
    region: { startLine: line, startColumn: column, endLine, endColumn },
    ...(text === undefined ? {} : { snippet: text.text.slice(span.start, span.end) }),
    ...(fix === undefined || text === undefined ? {} : { fixes: [fixOf(fix, text.starts)] }),
    ...('reason' in finding ? { suppressions: [{ justification: finding.reason }] } : {}),
  };
}

function fixOf(fix: NonNullable<LintFinding['fix']>, starts: readonly number[]): SarifFix {
  return {
    description: `${fix.description}.`,
    replacements: fix.edits.map(({ span, text: replacement }) => {
      const start = placeOf(starts, span.start);
      const end = placeOf(starts, span.end);
      return { region: { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column }, text: replacement };
    }),
  };
}

/** Workflow commands of GitHub, one a finding. */
export function githubLines({ report, claims }: Linted): string[] {
  const findings = report.findings.map(({ severity, file, line, endLine, column, endColumn, rule, message }) => githubAnnotation({ level: severity, file, line, endLine, column, endColumn, title: rule, message: `${message}.` }));
  const notSo = wrongClaims(claims).map((claim) => githubAnnotation({ level: 'note', file: claim.file, line: claim.line, endLine: claim.line, column: claim.column, endColumn: claim.column + 1, title: `claim: ${claim.claim}`, message: claimText(claim) }));
  return [...findings, ...notSo];
}

function claimText({ subject, verdict, truth }: JudgedClaim): string {
  return `${subject}: ${verdict}. ${truth}`;
}
