import { lintRules } from '../knobs/lint/index.ts';

/** docs/reference/lint-rules.md: every rule, from the rules themselves. */
export function renderLintRulesPage(): string {
  const rules = [...lintRules.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const head = [
    '# Rules of lint',
    '',
    'Generated from the rules in `src/knobs/lint/rules`; edit those. `fourtuple lint` names the rule of each finding in brackets, and',
    '`--verbose` says why and what to do. The severity is the worst that a rule gives. [Linting](../guides/linting.md) tells how findings are',
    'dismissed.',
    '',
    '| rule | severity | what it finds |',
    '| --- | --- | --- |',
    ...rules.map(({ id, severity, summary }) => `| [${id}](#${id}) | ${severity} | ${escaped(summary)} |`),
  ];
  const sections = rules.flatMap(({ id, severity, summary, why, remedy, kernels }) => ['', `## ${id}`, '', escaped(summary), '', escaped(why), '', `- Severity: ${severity}.`, `- What to do: ${escaped(remedy)}`, `- True of: ${escaped(kernels)}.`]);
  return `${[...head, ...sections].join('\n')}\n`;
}

/** Names with underscores and patterns with asterisks are no emphasis. */
function escaped(text: string): string {
  return text.replaceAll(/[\\*<>|]|(?<!\w)_|_(?!\w)/g, (character) => `\\${character}`);
}
