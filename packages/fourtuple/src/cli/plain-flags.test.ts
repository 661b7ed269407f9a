import { run, buildApplication, buildCommand } from '@stricli/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDefinition } from './commands/check/command.ts';
import { portsDefinition } from './commands/ports/command.ts';
import type { CliContext } from './context.ts';
import { parsePlainFlags, type PlainFlag } from './plain-flags.ts';

type Flags = Record<string, unknown>;

const definitions = { check: checkDefinition, ports: portsDefinition } as const;
const flagsOf = (name: keyof typeof definitions): Record<string, PlainFlag> => definitions[name].parameters.flags;

/** What Stricli makes of the same words; undefined when it refuses them. */
async function parseByStricli(name: keyof typeof definitions, words: readonly string[]): Promise<Flags | undefined> {
  let found: Flags | undefined;
  const { parameters, docs } = definitions[name];
  const command = buildCommand<Flags, [], CliContext>({ loader: async () => (flags) => void (found = flags), parameters: parameters as never, docs });
  const context = { process: { stdout: { write: () => undefined }, stderr: { write: () => undefined }, env: {} } } as unknown as CliContext;
  await run(buildApplication(command, { name: 'fourtuple', scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true } }), words, context);
  return found;
}

const given = (flags: Flags): Flags => Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const words = fc.oneof(
  fc.constantFrom(...new Set([...Object.keys(flagsOf('check')), ...Object.keys(flagsOf('ports'))].flatMap((name) => [`--${kebab(name)}`, `--${name}`, `--no-${kebab(name)}`]))),
  fc.constantFrom('auto', 'none', 'all', 'kernel', 'procfs', '5', '80%', '0', '-1', '', '--', '-q', '-A', '--top=3', '--constructor', 'web', '2m', 'x', '--hlep', '-'),
);

describe('parsePlainFlags', () => {
  it.each(['check', 'ports'] as const)('understands as Stricli does, or not at all: %s', async (name) => {
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 5 }), async (line) => {
        const flags = parsePlainFlags(flagsOf(name), line);
        if (flags === undefined) return;
        plain++;
        const expected = await parseByStricli(name, line);
        expect(expected === undefined ? undefined : given(expected)).toEqual(given(flags));
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it.each([[['--quick', '--json'], { quick: true, json: true, owners: 'auto', probe: 'auto', source: 'auto' }], [['--top', '3', '--all-namespaces'], { top: 3, allNamespaces: true, owners: 'auto', probe: 'auto', source: 'auto' }]])('%j', (line, flags) => {
    expect(parsePlainFlags(flagsOf('ports'), line)).toEqual(flags);
  });

  it.each([[['--quick', '--quick']], [['-q']], [['--no-color']], [['--top']], [['--top', 'many']], [['--top=3']], [['--owners', 'some']], [['--', 'x']], [['x']], [['--__proto__']], [['--namespace', '']]])('leaves %j to Stricli', (line) => {
    expect(parsePlainFlags(flagsOf('ports'), line)).toBeUndefined();
  });
});
