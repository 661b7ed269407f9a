import { makeApplication } from './app.ts';
import { completionScripts } from './commands/completion/scripts.ts';
import { renderFindingsPage } from './findings-page.ts';
import { knobPages } from './knob-pages.ts';
import { renderLintRulesPage } from './lint-rules-page.ts';
import { manPage } from './man-page.ts';
import { referencePage } from './reference-page.ts';
import { referenceOf } from './reference.ts';
import { version } from './version.ts';

/** Of the version: a page must not change from day to day. */
const date = '2026-11-22';

/** Texts that the repository keeps and scripts/docs.mjs writes, by their paths from its root. No command loads this. */
export async function generatedFiles(): Promise<Readonly<Record<string, string>>> {
  const reference = referenceOf(await makeApplication());
  return {
    'packages/fourtuple/man/fourtuple.1': manPage(reference, version, date),
    'packages/fourtuple/completions/fourtuple.bash': completionScripts.bash,
    'packages/fourtuple/completions/fourtuple.zsh': completionScripts.zsh,
    'packages/fourtuple/completions/fourtuple.fish': completionScripts.fish,
    'docs/reference/commands.md': referencePage(reference),
    'docs/reference/findings.md': renderFindingsPage(),
    'docs/reference/lint-rules.md': renderLintRulesPage(),
    ...knobPages(),
  };
}
