import { dottedKey } from '../../files/key.ts';
import { nothingExtracted, type Extracted, type Statement } from '../statement.ts';
import { comments } from './comments.ts';
import type { CookedText } from './cooked-text.ts';
import { withSpans } from './embedded.ts';
import { isSysctlPath } from './format-of.ts';
import { nixTokens, type NixToken } from './nix-lexer.ts';
import { switchless } from './settings.ts';
import { isTemplate } from './templates.ts';
import { extractWrittenFile } from './written-file.ts';

/** Longer paths of attributes are none of ours. */
const MOST_NAMES = 12;

const PLACE = { group: 'host', reach: 'host', sharesHostNetwork: false } as const;

interface Name {
  readonly text: string;
  readonly content: CookedText;
}

/** A binding that is being read: `NAME.NAME =`. */
interface Binding {
  readonly path: readonly Name[];
  /** Of its first own name and of its value's first token, in the list of tokens. */
  readonly from: number;
  readonly valueFrom: number;
  /** Brackets around it. */
  readonly depth: number;
}

/**
 * Settings of NixOS: `boot.kernel.sysctl` in all the ways to nest it, and files of `environment.etc`. Functions are not called: what mkIf, `//` and
 * mkMerge hold counts as set.
 */
export function extractNix(text: string): Extracted {
  const tokens = nixTokens(text);
  const statements: Statement[] = [];
  const parts: Extracted[] = [];
  const open: Binding[] = [];
  let depth = 0;
  const close = (end: number): void => {
    const binding = open.pop();
    if (binding === undefined) return;
    const values = tokens.slice(binding.valueFrom, Math.min(end, binding.valueFrom + 24));
    const setting = end - binding.valueFrom > 24 ? undefined : settingOf(text, tokens, binding, values, end);
    if (setting !== undefined) statements.push(setting);
    else if (end > binding.valueFrom) parts.push(fileOf(binding, values));
  };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.kind === 'open') depth++;
    else if (token.kind === 'close') {
      depth = Math.max(0, depth - 1);
      while ((open.at(-1)?.depth ?? 0) > depth) close(at);
    } else if (token.text === ';') {
      if (open.at(-1)?.depth === depth) close(at);
    } else if (token.text === '=' && open.at(-1)?.depth !== depth) {
      const from = firstName(tokens, at);
      // Names around this one: of a binding in a set that is a value.
      if (from < at) open.push({ path: [...(open.at(-1)?.path ?? []), ...namesOf(tokens.slice(from, at))].slice(-MOST_NAMES), from, valueFrom: at + 1, depth });
    }
  }
  while (open.length > 0) close(tokens.length);
  const found = statements.sort((one, other) => one.span.start - other.span.start);
  return { statements: [...found, ...parts.flatMap((part) => part.statements)], ports: [], problems: parts.flatMap(({ problems }) => problems) };
}

/** Where the names before a `=` begin. */
function firstName(tokens: readonly NixToken[], equals: number): number {
  let at = equals;
  while (at > 0 && equals - at < MOST_NAMES * 2) {
    const isName = tokens[at - 1]?.kind === 'word' || tokens[at - 1]?.kind === 'string';
    if (!isName) return at === equals ? at : at + 1;
    at--;
    if (tokens[at - 1]?.text !== '.') return at;
    at--;
  }
  return at;
}

function namesOf(tokens: readonly NixToken[]): Name[] {
  return tokens.flatMap(({ content }) => (content === undefined ? [] : [{ text: content.text, content }]));
}

/** A key below `boot.kernel.sysctl`: the last name of a path, or several that were not quoted. */
function settingOf(text: string, tokens: readonly NixToken[], { path, from, valueFrom }: Binding, values: readonly NixToken[], end: number): Statement | undefined {
  const names = path.map((name) => name.text);
  const above = names.findLastIndex((name, index) => name === 'sysctl' && names[index - 1] === 'kernel' && names[index - 2] === 'boot');
  const own = path.slice(above + 1);
  const first = own[0];
  const last = own.at(-1);
  if (above < 0 || first === undefined || last === undefined || own.some((name) => isTemplate(name.text))) return undefined;
  const start = tokens[from]?.start ?? 0;
  const stop = tokens[Math.min(end, tokens.length) - 1]?.end ?? start;
  const value = valueOf(values);
  if (value?.text === 'null' && value.kind === 'word') return undefined;
  // Sets inside of it are no values, and their own bindings are read by themselves.
  if (values.some((token) => token.kind === 'open' && token.text !== '(')) return undefined;
  const content = value?.content;
  const keySpan = { start: first.content.span().start, end: last.content.span().end };
  const written = content === undefined || isTemplate(content.text) ? undefined : content.text;
  const firstValue = tokens[valueFrom];
  const valueSpan = content?.span() ?? (firstValue === undefined ? undefined : { start: firstValue.start, end: Math.max(firstValue.start, stop) });
  const statement: Statement = {
    ...PLACE,
    means: 'field',
    key: dottedKey(own.map((name) => name.text).join('.')),
    keySpan: keySpan.end >= keySpan.start ? keySpan : last.content.span(),
    value: written,
    valueSpan,
    span: { start, end: tokens[end]?.text === ';' ? (tokens[end]?.end ?? stop) : stop },
    comment: comments({ text, marks: ['#'] }, start, [stop]),
  };
  return value?.kind === 'word' ? switchless(statement) : statement;
}

/** The one word, number or string of a value; undefined if there are more, or something that has to be computed. */
function valueOf(values: readonly NixToken[]): NixToken | undefined {
  const rest = values.filter(({ text, kind }) => text !== '(' && text !== ')' && text !== '.' && !(kind === 'word' && /^(?:lib|mkDefault|mkForce|mkVMOverride|mkImageMediaOverride|toString|builtins)$/.test(text)));
  const priority = values.findIndex(({ text }) => text === 'mkOverride');
  const kept = priority < 0 ? rest : rest.filter((token) => token.text !== 'mkOverride' && token !== values[priority + 1]);
  const [only] = kept;
  return kept.length !== 1 || only === undefined ? undefined : only.kind === 'number' || only.kind === 'string' || /^(?:true|false|null)$/.test(only.text) ? only : undefined;
}

/** `environment.etc."sysctl.d/60-ports.conf".text = ''…''`. */
function fileOf({ path }: Binding, values: readonly NixToken[]): Extracted {
  const [content] = values.flatMap((token) => (token.kind === 'string' ? (token.content ?? []) : []));
  const names = path.map((name) => name.text);
  if (values.length !== 1 || content === undefined || names.at(-1) !== 'text' || names.at(-3) !== 'etc') return nothingExtracted;
  const file = `/etc/${names.at(-2) ?? ''}`;
  return isSysctlPath(file) ? withSpans(extractWrittenFile(file, content.text, PLACE), ({ start, end }) => content.span(start, end)) : nothingExtracted;
}
