import { filterLanguage } from './filter-language.ts';
import type { CommandReference, FlagReference, Reference } from './reference.ts';

/** docs/reference/commands.md. */
export function referencePage(reference: Reference): string {
  const blocks = [
    '<!-- Made by scripts/docs.mjs: do not edit. -->',
    '# Commands',
    ...reference.description.map(paragraph),
    table(['command', 'what it does'], reference.commands.map(({ name, synopsis, brief }) => [`[${code(`${reference.name} ${name} ${withoutFlags(synopsis)}`.trimEnd())}](#${anchor(name)})`, cell(brief)])),
    'Every command knows `--help`. After `--` all is arguments, not flags.',
    ...reference.commands.flatMap((command) => commandBlocks(reference.name, command)),
    '## The filter language',
    'What `fourtuple sockets` takes after its flags: the language of ss(8).',
    table(['term', 'meaning'], filterLanguage.map(({ term, meaning }) => [code(term), cell(meaning)])),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function commandBlocks(program: string, { name, synopsis, brief, description, positionals, flags, examples, exitCodes }: CommandReference): string[] {
  return [
    `## ${name}`,
    `${escaped(brief)}.`,
    fenced([`${program} ${name} ${synopsis}`.trimEnd()], 'text'),
    ...description.filter((text) => !text.startsWith('FILTER:')).map(paragraph),
    synopsis.includes('FILTER') ? 'See [the filter language](#the-filter-language).' : '',
    positionals.length === 0 ? '' : table(['argument', 'meaning'], positionals.map((one) => [code(one.placeholder), cell(one.brief + (one.defaultValue === undefined ? '' : ` (default ${one.defaultValue})`))])),
    flags.length === 0 ? '' : table(['flag', 'default', 'meaning'], flags.map(flagRow)),
    ...(examples.length === 0 ? [] : ['Examples:', fenced(examples.flatMap(({ line, brief: about }, index) => [...(index === 0 ? [] : ['']), `# ${about}`, line]), 'sh')]),
    exitCodes.length === 0 ? '' : table(['exit code', 'meaning'], exitCodes.map(({ code: number, meaning }) => [String(number), cell(meaning)])),
  ];
}

function flagRow({ alias, name, negatedName, placeholder, defaultValue, brief, isRequired, isRepeatable }: FlagReference): string[] {
  const value = placeholder === undefined ? '' : ` ${placeholder}`;
  const names = [...(alias === undefined ? [] : [alias]), `${name}${value}`, ...(negatedName === undefined ? [] : [negatedName])];
  return [names.map(code).join(', '), defaultValue === undefined ? '' : code(defaultValue), cell(brief + (isRequired ? ' (required)' : '') + (isRepeatable ? ' (may be repeated)' : ''))];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** In a table a bar has to be escaped even inside of code. */
function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function cell(text: string): string {
  return escaped(text).replaceAll('|', '\\|');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\`*<>[\]]|(?<!\w)_|_(?!\w)/g, (character) => `\\${character}`);
}

function paragraph(text: string): string {
  return text.startsWith(' ') ? fenced(text.split('\n'), 'text') : escaped(text);
}

function fenced(lines: readonly string[], language: string): string {
  return ['```' + language, ...lines, '```'].join('\n');
}

function withoutFlags(synopsis: string): string {
  return synopsis.replace(/^\[FLAGS\] ?/, '');
}

function anchor(name: string): string {
  return name.replaceAll(' ', '-');
}
