import { rules } from '../diagnose/index.ts';

/** docs/reference/findings.md: every finding, from the rules themselves. */
export function renderFindingsPage(): string {
  const head = [
    '# Findings',
    '',
    'Generated from the rules in `src/diagnose/findings`; edit those. `fourtuple check` prints findings with their evidence',
    '(`--verbose`), the risk of each remedy, and commands to paste; `--json` carries all of it. The gravest come first; a',
    'finding of severity info leaves the verdict OK.',
    '',
    '| finding | severity |',
    '| --- | --- |',
    ...rules.map((rule) => `| [${rule.id}](#${rule.id}) | ${rule.severity} |`),
  ];
  const sections = rules.flatMap((rule) => ['', `## ${rule.id}`, '', rule.summary, '', `- Severity: ${rule.severity}.`, `- Rests on: ${rule.evidence}.`, `- What to do: ${rule.advice}`]);
  return `${[...head, ...sections].join('\n')}\n`;
}
