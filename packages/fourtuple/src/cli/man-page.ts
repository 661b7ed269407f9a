import { filterLanguage } from './filter-language.ts';
import type { CommandReference, Example, FlagReference, Reference } from './reference.ts';
import { roffArgument, roffLiteral, roffText } from './roff.ts';

const seeAlso: readonly (readonly [name: string, section: number])[] = [
  ['ss', 8],
  ['ip-netns', 8],
  ['sysctl', 8],
  ['bind', 2],
  ['connect', 2],
  ['ip', 7],
  ['sock_diag', 7],
  ['tcp', 7],
];

const environment: readonly (readonly [name: string, meaning: string])[] = [
  ['NO_COLOR', 'No colour, unless --color is given.'],
  ['FORCE_COLOR', 'Colour where there is no terminal either, unless it is 0 or NO_COLOR is set.'],
  ['FOURTUPLE_NO_KOFFI', 'When 1, the kernel is not called natively: sockets are read from /proc, and only of namespaces with a process in them. "fourtuple doctor" says what is lost.'],
];

/** fourtuple(1) for man(7). @param date of the version, YYYY-MM-DD. */
export function manPage(reference: Reference, version: string, date: string): string {
  const name = roffLiteral(reference.name);
  const lines = [
    '.\\" Made by scripts/docs.mjs: do not edit.',
    `.TH ${reference.name.toUpperCase()} 1 ${date} ${roffArgument(`${reference.name} ${version}`)} ${roffArgument('User Commands')}`,
    '.SH NAME',
    `${name} \\- ${roffText(reference.brief)}`,
    '.SH SYNOPSIS',
    ...synopsis(reference),
    '.SH DESCRIPTION',
    ...paragraphs(reference.description),
    '.SH COMMANDS',
    ...reference.commands.flatMap(commandLines),
    '.SH FILTER LANGUAGE',
    roffText('What "fourtuple sockets" takes after its flags: the language of ss(8).'),
    ...filterLanguage.flatMap(({ term, meaning }) => ['.TP', `.B ${roffArgument(term)}`, roffText(meaning)]),
    '.SH EXIT STATUS',
    ...exitStatus(reference.commands),
    '.SH ENVIRONMENT',
    ...environment.flatMap(([variable, meaning]) => ['.TP', `.B ${variable}`, roffText(meaning)]),
    '.SH EXAMPLES',
    ...reference.commands.flatMap(({ examples }) => examples).flatMap(exampleLines),
    '.SH SEE ALSO',
    seeAlso.map(([page, section]) => `.BR ${page.replaceAll('-', '\\-')} (${section})`).join(' ,\n'),
  ];
  return `${lines.join('\n')}\n`;
}

function synopsis({ name, commands }: Reference): string[] {
  const lines = commands.map((command) => `\\fB${roffLiteral(`${name} ${command.name}`)}\\fR ${roffLiteral(command.synopsis)}`.trimEnd());
  return ['.nf', `\\fB${name}\\fR`, ...lines, '.fi'];
}

function commandLines({ name, synopsis: line, brief, description, flags, positionals }: CommandReference): string[] {
  const own = description.filter((paragraph) => !paragraph.startsWith('FILTER:'));
  return [
    `.SS ${roffArgument(`${name} ${line}`.trimEnd())}`,
    `${roffText(brief)}.`,
    ...own.flatMap((paragraph) => ['.PP', ...paragraphs([paragraph])]),
    ...positionals.flatMap(({ placeholder, brief: about, defaultValue }) => ['.TP', `.I ${roffArgument(placeholder)}`, roffText(about + byDefault(defaultValue))]),
    ...flags.flatMap((flag) => ['.TP', flagNames(flag), roffText(flag.brief + byDefault(flag.defaultValue) + (flag.isRequired ? ' (required)' : '') + (flag.isRepeatable ? ' (may be repeated)' : ''))]),
  ];
}

function exampleLines({ line, brief }: Example, index: number): string[] {
  return [...(index === 0 ? [] : ['.PP']), `${roffText(brief)}:`, '.PP', '.RS 4', '.EX', roffLiteral(line), '.EE', '.RE'];
}

function flagNames({ alias, name, negatedName, placeholder }: FlagReference): string {
  const names = [alias, name, negatedName].filter((one) => one !== undefined).map((one) => `\\fB${roffLiteral(one)}\\fR`);
  return `${names.join(', ')}${placeholder === undefined ? '' : ` \\fI${roffLiteral(placeholder)}\\fR`}`;
}

function byDefault(value: string | undefined): string {
  return value === undefined ? '' : ` (default ${value})`;
}

/** A paragraph that begins with a blank is shown as it is. */
function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text, index) => [...(index === 0 ? [] : ['.PP']), ...(text.startsWith(' ') ? ['.EX', ...text.split('\n').map(roffLiteral), '.EE'] : [roffText(text)])]);
}

/** Commands with the same codes stand together. */
function exitStatus(commands: readonly CommandReference[]): string[] {
  const groups = new Map<string, { names: string[]; command: CommandReference }>();
  for (const command of commands) {
    const key = JSON.stringify(command.exitCodes);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [command.name], command });
    else group.names.push(command.name);
  }
  return [...groups.values()].flatMap(({ names, command }, index) => [
    ...(index === 0 ? [] : ['.PP']),
    `${roffText(names.join(', '))}:`,
    ...command.exitCodes.flatMap(({ code, meaning }) => ['.TP', `.B ${code}`, roffText(meaning)]),
  ]);
}
