import { text_en, type StricliIntegration } from '@stricli/core';
import type { CliContext } from './context.ts';

/** Columns where there is no terminal: what fits into a page. */
const PAGE = 100;
const TERMINAL = 120;

type HelpFlag = NonNullable<StricliIntegration<CliContext>['flag']>;

/** `--help` by a writer of our own, loaded only then. */
const helpFlag: HelpFlag = {
  brief: text_en.briefs.help,
  aliases: ['h'],
  global: true,
  complete: true,
  defaultForRouteMap: true,
  async run(application, { ansiColorByStream, result }) {
    const { helpText } = await import('./help.ts');
    const stdout = (this as CliContext).process.stdout;
    // A terminal may not know its width, and say 0.
    const width = stdout.isTTY === true ? Math.min(stdout.columns || 80, TERMINAL) : PAGE;
    stdout.write(helpText(application, result.target, result.prefix.slice(1), { width, hasColor: ansiColorByStream.stdout }));
  },
};

/** Stricli's other name for it, which would show hidden flags: there are none. */
const helpAllFlag: HelpFlag = { ...helpFlag, aliases: ['H'], hidden: true, complete: false, defaultForRouteMap: false };

export const helpIntegrations: Readonly<Record<'help' | 'helpAll', StricliIntegration<CliContext>>> = { help: { flag: helpFlag }, helpAll: { flag: helpAllFlag } };
