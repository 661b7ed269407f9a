import type { Application, Command } from '@stricli/core';
import type { CliContext } from './context.ts';

/** The command line as plain data, read from Stricli's commands: help, man page and reference are made from it. */
export interface Reference {
  readonly name: string;
  readonly brief: string;
  readonly description: readonly string[];
  readonly commands: readonly CommandReference[];
}

export interface CommandReference {
  /** Without the program's name. */
  readonly name: string;
  /** Its arguments, as a usage line has them. */
  readonly synopsis: string;
  readonly brief: string;
  /** Paragraphs; one that begins with a blank is to be shown as it is. */
  readonly description: readonly string[];
  readonly flags: readonly FlagReference[];
  readonly positionals: readonly PositionalReference[];
  readonly examples: readonly Example[];
  readonly exitCodes: readonly ExitCodeReference[];
}

export interface FlagReference {
  readonly name: string;
  /** What takes the flag back, for one that can be on or off. */
  readonly negatedName: string | undefined;
  readonly alias: string | undefined;
  /** What stands for the value: `N`, `auto|all|none`; undefined for a flag without a value. */
  readonly placeholder: string | undefined;
  readonly values: readonly string[] | undefined;
  readonly defaultValue: string | undefined;
  readonly brief: string;
  readonly isRequired: boolean;
  readonly isRepeatable: boolean;
}

export interface PositionalReference {
  readonly placeholder: string;
  readonly defaultValue: string | undefined;
  readonly brief: string;
  readonly isOptional: boolean;
  readonly isRepeatable: boolean;
}

export interface Example {
  /** A whole line for the shell. */
  readonly line: string;
  readonly brief: string;
}

export interface ExitCodeReference {
  readonly code: number;
  readonly meaning: string;
}

export type Target = Application<CliContext>['root'];
type Parameters = Command<CliContext>['parameters'];
type Flag = NonNullable<Parameters['flags']>[string];

export function referenceOf(application: Application<CliContext>, target: Target = application.root, prefix: readonly string[] = []): Reference {
  return {
    name: [application.config.name, ...prefix].join(' '),
    brief: target.brief,
    description: paragraphs(target.fullDescription ?? target.brief),
    commands: [...commandsOf(application, target, prefix)],
  };
}

function* commandsOf(application: Application<CliContext>, target: Target, prefix: readonly string[]): Generator<CommandReference> {
  if ('parameters' in target) {
    yield commandReference(application, target, prefix);
    return;
  }
  for (const entry of target.getAllEntries()) if (!entry.hidden) yield* commandsOf(application, entry.target, [...prefix, entry.name['convert-camel-to-kebab']]);
}

function commandReference(application: Application<CliContext>, command: Command<CliContext>, prefix: readonly string[]): CommandReference {
  const { flags = {}, aliases = {} } = command.parameters;
  const shown = Object.entries(flags).filter(([, flag]) => flag.hidden !== true);
  const positionals = positionalReferences(command.parameters.positional);
  const description = paragraphs(command.fullDescription ?? command.brief);
  return {
    name: prefix.join(' '),
    synopsis: [...(shown.length > 0 ? ['[FLAGS]'] : []), ...positionals.map(positionalText)].join(' '),
    brief: command.brief,
    description: description.filter((paragraph) => !paragraph.startsWith(EXIT_CODE)),
    flags: shown.map(([name, flag]) => flagReference(name, flag, Object.entries(aliases).find(([, aliased]) => aliased === name)?.[0])),
    positionals,
    examples: examplesOf(application, command, prefix),
    exitCodes: description.filter((paragraph) => paragraph.startsWith(EXIT_CODE)).flatMap(exitCodes),
  };
}

function flagReference(name: string, flag: Flag, alias: string | undefined): FlagReference {
  const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const values = flag.kind === 'enum' ? flag.values : undefined;
  const defaultValue = 'default' in flag && flag.default !== undefined ? String(flag.default) : undefined;
  return {
    name: `--${kebab}`,
    negatedName: flag.kind === 'boolean' && flag.withNegated !== false && flag.default !== false ? `--no-${kebab}` : undefined,
    alias: alias === undefined ? undefined : `-${alias}`,
    placeholder: flag.kind === 'boolean' || flag.kind === 'counter' ? undefined : (flag.placeholder ?? values?.join('|') ?? 'VALUE'),
    values,
    defaultValue,
    brief: flag.brief,
    isRequired: flag.optional !== true && defaultValue === undefined && flag.kind !== 'boolean',
    isRepeatable: 'variadic' in flag && flag.variadic !== undefined && flag.variadic !== false,
  };
}

function positionalReferences(positional: Parameters['positional']): PositionalReference[] {
  if (positional === undefined) return [];
  const isRepeatable = positional.kind === 'array';
  const all = isRepeatable ? [positional.parameter] : positional.parameters;
  return all.map((one) => ({
    placeholder: one.placeholder ?? 'ARGUMENT',
    defaultValue: one.default,
    brief: one.brief,
    isOptional: isRepeatable ? (positional.minimum ?? 0) === 0 : one.optional === true || one.default !== undefined,
    isRepeatable,
  }));
}

function positionalText({ placeholder, isOptional, isRepeatable }: PositionalReference): string {
  const text = `${placeholder}${isRepeatable ? '...' : ''}`;
  return isOptional ? `[${text}]` : text;
}

/** Stricli shows a command's examples only in its help: at the top, a line each, and the explanation indented below. */
function examplesOf({ config, defaultText }: Application<CliContext>, command: Command<CliContext>, prefix: readonly string[]): Example[] {
  const help = command.formatHelp({ prefix: [config.name, ...prefix], config: config.documentation, text: defaultText, additionalFlags: [], includeArgumentEscapeSequenceFlag: false, includeHidden: false, ansiColor: false });
  const lines = help.slice(0, help.indexOf('\n\n')).split('\n').slice(1);
  return lines.flatMap((line, index) => {
    const below = lines[index + 1] ?? '';
    return !line.startsWith('    ') && below.startsWith('    ') ? [{ line: line.trim(), brief: below.trim() }] : [];
  });
}

const EXIT_CODE = 'Exit code: ';

/** The last paragraph of a description, by custom: `Exit code: 0 done, 1 not done; 64 bad usage.` */
function exitCodes(paragraph: string): ExitCodeReference[] {
  return paragraph
    .slice(EXIT_CODE.length)
    .replace(/\.$/, '')
    .split(/[,;] (?=\d+ )/)
    .map((part) => ({ code: Number.parseInt(part, 10), meaning: part.replace(/^\d+ /, '') }));
}

/** Lines broken in the source are joined; what is indented stays. */
function paragraphs(text: string): string[] {
  return text.split(/\n{2,}/).map((paragraph) => (paragraph.startsWith(' ') ? paragraph : paragraph.replaceAll('\n', ' ')));
}
