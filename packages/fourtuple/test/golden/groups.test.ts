import { buildApplication, buildCommand, buildRouteMap, proposeCompletions } from '@stricli/core';
import { describe, expect, it } from 'vitest';
import { complete } from '../../src/cli/commands/completion/complete.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { helpText } from '../../src/cli/help.ts';
import { manPage } from '../../src/cli/man-page.ts';
import { referencePage } from '../../src/cli/reference-page.ts';
import { referenceOf } from '../../src/cli/reference.ts';

const open = buildCommand<{ wait: number; dryRun?: boolean | undefined; tags?: readonly string[] | undefined }, [string], CliContext>({
  loader: async () => () => undefined,
  parameters: {
    flags: {
      wait: { kind: 'parsed', parse: Number, brief: 'How long | at most', placeholder: 'SECONDS' },
      dryRun: { kind: 'boolean', brief: 'Hidden', optional: true, hidden: true },
      tags: { kind: 'parsed', parse: String, variadic: true, brief: '.names', optional: true, placeholder: 'TAG' },
    },
    positional: { kind: 'tuple', parameters: [{ brief: 'Door', parse: String, placeholder: 'front|back', default: 'front' }] },
  },
  docs: {
    brief: 'Opens a_door',
    fullDescription: "Opens it\nwide.\n\n  'as it is'\n  .and \\so\n\nExit code: 0 open, 1 shut; 64 bad usage.",
    customUsage: ['plain', { input: "front --wait 3 | tee 'log'", brief: 'Opens and "tells"' }],
  },
});
const application = buildApplication<CliContext>(
  buildRouteMap({
    routes: { door: buildRouteMap({ routes: { openUp: open, secret: open }, docs: { brief: 'Doors', hideRoute: { secret: true } } }) },
    docs: { brief: 'a house' },
  }),
  { name: 'house', scanner: { caseStyle: 'allow-kebab-for-camel' } },
);
const reference = referenceOf(application);

describe('commands in groups', () => {
  it('are read with their whole name; what is hidden is not', () => {
    expect(reference.commands).toEqual([
      {
        name: 'door open-up',
        synopsis: '[FLAGS] [front|back]',
        brief: 'Opens a_door',
        description: ['Opens it wide.', "  'as it is'\n  .and \\so"],
        flags: [
          { name: '--wait', negatedName: undefined, alias: undefined, placeholder: 'SECONDS', values: undefined, defaultValue: undefined, brief: 'How long | at most', isRequired: true, isRepeatable: false },
          { name: '--tags', negatedName: undefined, alias: undefined, placeholder: 'TAG', values: undefined, defaultValue: undefined, brief: '.names', isRequired: false, isRepeatable: true },
        ],
        positionals: [{ placeholder: 'front|back', defaultValue: 'front', brief: 'Door', isOptional: true, isRepeatable: false }],
        examples: [{ line: "house door open-up front --wait 3 | tee 'log'", brief: 'Opens and "tells"' }],
        exitCodes: [
          { code: 0, meaning: 'open' },
          { code: 1, meaning: 'shut' },
          { code: 64, meaning: 'bad usage' },
        ],
      },
    ]);
  });

  it('have a help for the group', () => {
    const group = application.root;
    const target = 'parameters' in group ? group : group.getRoutingTargetForInput('door')!;
    expect(helpText(application, target, ['door'], { width: 80, hasColor: false })).toContain('COMMANDS\n  open-up [front|back]  Opens a_door\n');
  });

  it('are escaped for man and for Markdown', () => {
    const page = manPage(reference, '1', '2026-01-01');
    expect(page).toContain('\n\\&.names (may be repeated)\n');
    expect(page).toContain('\n.EX\n  \\(aqas it is\\(aq\n  .and \\eso\n.EE\n');
    expect(page).toContain('\nhouse door open\\-up front \\-\\-wait 3 | tee \\(aqlog\\(aq\n');
    const markdown = referencePage(reference);
    expect(markdown).toContain('| `--wait SECONDS` |  | How long \\| at most (required) |');
    expect(markdown).toContain('[`house door open-up [front\\|back]`](#door-open-up)');
  });

  it('are completed', async () => {
    const proposed = async (...words: readonly string[]): Promise<string> => {
      let stdout = '';
      await complete(words, application, proposeCompletions, { process: { stdout: { write: (text: string) => void (stdout += text) } } } as unknown as CliContext);
      return stdout;
    };
    expect(await proposed('door', '')).toBe('open-up\tOpens a_door\n');
    expect(await proposed('door', 'open-up', '')).toBe('front\t\nback\t\n');
    expect(await proposed('door', 'open-up', '--')).toBe('--wait\tHow long | at most\n--tags\t.names\n');
  });
});
