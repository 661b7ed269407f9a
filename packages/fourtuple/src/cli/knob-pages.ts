import { knobs, type Knob } from '../knobs/index.ts';

const FOLDER = 'docs/reference/knobs';

/** docs/reference/knobs: a page a setting, from the catalogue. */
export function knobPages(): Record<string, string> {
  return { [`${FOLDER}/README.md`]: index(), ...Object.fromEntries([...knobs.values()].map((knob) => [`${FOLDER}/${knob.key}.md`, page(knob)])) };
}

function index(): string {
  return `${[
    '# Settings of ports, and those that are taken for them',
    '',
    'Generated from the catalogue in `src/knobs/catalogue`; edit that. `fourtuple tune explain KEY` prints a page, with the value here.',
    'The facts are those of Linux 6.18 where no release is named; the tests write each example to a kernel.',
    '',
    '| setting | holds for | default | what it is |',
    '| --- | --- | --- | --- |',
    ...[...knobs.values()].map((knob) => `| [${knob.key}](${knob.key}.md) | ${short[knob.scope]} | ${cell(defaultOf(knob))} | ${cell(knob.brief)} |`),
  ].join('\n')}\n`;
}

const short = { namespace: 'each network namespace', global: 'the host', process: 'a process' } as const;

const scopes = {
  namespace: 'Each network namespace has its own value; a new one begins with the default, not with the value of its parent.',
  global: 'One value for the whole host, set in the initial network namespace.',
  process: 'Each process has its own; its children begin with it.',
} as const;

function page(knob: Knob): string {
  const list = (title: string, items: readonly string[]): string[] => (items.length === 0 ? [] : ['', `## ${title}`, '', ...items.map((item) => `- ${prose(item)}`)]);
  const trapped = knob.examples.filter(({ trap }) => trap !== undefined);
  return `${[
    `# ${knob.key}`,
    '',
    prose(knob.brief),
    '',
    '| | |',
    '| --- | --- |',
    `| default | ${cell(defaultOf(knob))} |`,
    `| unit | ${cell(knob.unit)} |`,
    `| legal | ${cell(knob.legal)} |`,
    `| holds for | ${cell(scopes[knob.scope])} |`,
    `| takes effect | ${cell(knob.effective)} |`,
    `| since | Linux ${knob.since}${knob.until === undefined ? '' : `, gone in ${knob.until}`} |`,
    ...list('What it does', knob.does),
    ...list('What it does not', knob.doesNot),
    ...list('With others', knob.interactions),
    ...(knob.examples.length === 0 ? [] : ['', '## What the kernel makes of values', '', '| written | read back | |', '| --- | --- | --- |', ...knob.examples.map(({ value, reads, trap }) => `| ${code(value)} | ${reads === undefined ? 'refused (EINVAL): the old value stands' : code(reads.replaceAll('\t', ' '))} | ${cell(trap ?? '')} |`)]),
    ...(trapped.length === 0 ? [] : ['', '`fourtuple lint` finds these in files, and `fourtuple tune apply` refuses them unless `--as-written` is given.']),
    ...(knob.claims.length === 0 ? [] : ['', '## What people say', '', ...knob.claims.map(({ claim, verdict, truth }) => `- “${prose(claim)}” **${verdict === 'true' ? 'True' : verdict === 'false' ? 'False' : 'Half true'}.** ${prose(truth)}`)]),
    '',
    `Source: ${prose(knob.source)}. See also [what people say](../../myths.md).`,
  ].join('\n')}\n`;
}

function defaultOf({ defaultValue, defaultNote }: Knob): string {
  const value = defaultValue === undefined ? '' : defaultValue === '' ? 'empty' : defaultValue.replaceAll('\t', ' ');
  return [value, defaultNote].filter((part) => part !== '').join('; ');
}

function cell(text: string): string {
  return prose(text).replaceAll('|', '\\|');
}

/** Markdown would take asterisks of names for emphasis, and angle brackets for tags. */
function prose(text: string): string {
  return text.replaceAll('*', '\\*').replaceAll('<', '&lt;');
}

function code(text: string): string {
  return text === '' ? '(empty)' : `\`${text.replaceAll('|', '\\|')}\``;
}
