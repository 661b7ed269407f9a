import type { Application } from '@stricli/core';
import { wrap } from '../report/index.ts';
import type { CliContext } from './context.ts';
import { referenceOf, type CommandReference, type FlagReference, type Reference, type Target } from './reference.ts';

const WIDEST_LEFT = 24;
const common: readonly Row[] = [['-h, --help', 'Print help information and exit']];

type Row = readonly [left: string, right: string];

export interface HelpOptions {
  readonly width: number;
  readonly hasColor: boolean;
}

/**
 * Help of the program, of a group of commands, or of one. Stricli's own would not show what a flag's value is called
 * once a command has examples.
 */
export function helpText(application: Application<CliContext>, target: Target, prefix: readonly string[], options: HelpOptions): string {
  const reference = referenceOf(application, target, prefix);
  const sections = 'parameters' in target ? commandSections(reference.commands[0]!, application.config.name, options) : groupSections(reference, prefix.length === 0, options);
  return `${sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function commandSections(command: CommandReference, program: string, options: HelpOptions): string[][] {
  return [
    [heading('USAGE', options), `  ${[program, command.name, command.synopsis].join(' ').trimEnd()}`],
    ...described(command.description, options),
    section('ARGUMENTS', command.positionals.map(({ placeholder, brief, defaultValue }): Row => [placeholder, brief + byDefault(defaultValue)]), options),
    section('FLAGS', [...command.flags.map(flagRow), ...common, ['    --', 'All that follows is arguments, not flags']], options),
    command.examples.length === 0 ? [] : [heading('EXAMPLES', options), ...command.examples.flatMap(({ line, brief }) => [`  ${line}`, ...wrap(brief, options.width, '      ')])],
    command.exitCodes.length === 0 ? [] : wrap(`Exit code: ${command.exitCodes.map(({ code, meaning }) => `${code} ${meaning}`).join(', ')}.`, options.width, ''),
  ];
}

function groupSections(reference: Reference, isProgram: boolean, options: HelpOptions): string[][] {
  const flags = isProgram ? [...common, ['-v, --version', 'Print version information and exit'] as const] : common;
  const prefix = reference.name.split(' ').slice(1).join(' ');
  const commands = reference.commands.map(({ name, synopsis, brief }): Row => [[name.slice(prefix.length).trim(), synopsis.replace(/^\[FLAGS\] ?/, '')].join(' ').trimEnd(), brief]);
  return [
    [heading('USAGE', options), `  ${reference.name} ${isProgram ? '[COMMAND]' : 'COMMAND'} [FLAGS] [ARGUMENTS]`],
    ...described(reference.description, options),
    section('COMMANDS', commands, options),
    section('FLAGS', flags, options),
    wrap(`"${reference.name} COMMAND --help" shows a command's flags and examples.`, options.width, ''),
  ];
}

function flagRow({ alias, name, negatedName, placeholder, brief, defaultValue, isRequired, isRepeatable }: FlagReference): Row {
  const names = `${alias === undefined ? '    ' : `${alias}, `}${name}${negatedName === undefined ? '' : `, ${negatedName}`}`;
  const notes = `${byDefault(defaultValue)}${isRequired ? ' (required)' : ''}${isRepeatable ? ' (may be repeated)' : ''}`;
  return [placeholder === undefined ? names : `${names} ${placeholder}`, brief + notes];
}

function byDefault(value: string | undefined): string {
  return value === undefined ? '' : ` (default ${value})`;
}

function described(paragraphs: readonly string[], options: HelpOptions): string[][] {
  return paragraphs.map((paragraph) => (paragraph.startsWith(' ') ? [paragraph] : wrap(paragraph, options.width, '')));
}

function section(title: string, rows: readonly Row[], options: HelpOptions): string[] {
  if (rows.length === 0) return [];
  const column = Math.max(8, ...rows.map(([left]) => left.length).filter((length) => length <= WIDEST_LEFT)) + 4;
  const lines = rows.flatMap(([left, right]) => {
    const [first = '', ...rest] = wrap(right, options.width, ' '.repeat(column));
    return left.length + 4 <= column ? [`  ${left}`.padEnd(column) + first.slice(column), ...rest] : [`  ${left}`, first, ...rest];
  });
  return [heading(title, options), ...lines];
}

function heading(text: string, { hasColor }: HelpOptions): string {
  return hasColor ? `\u001B[1m${text}\u001B[22m` : text;
}
