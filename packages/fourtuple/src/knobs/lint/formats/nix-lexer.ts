import { CookedBuilder, CookedText } from './cooked-text.ts';

export interface NixToken {
  readonly kind: 'word' | 'number' | 'string' | 'open' | 'close' | 'mark';
  /** As written; of a string nothing. */
  readonly text: string;
  /** Of words, numbers and strings what they say. */
  readonly content?: CookedText;
  readonly start: number;
  readonly end: number;
}

const WORD = /[A-Za-z_][\w'-]*/y;

const NUMBER = /-?\d[\d.]*/y;

const PASSED = /[ \t\r\n\ufeff]+|#[^\n]*/y;

/** Two characters that are not an equals sign and something else. */
const MARKS = /==|!=|<=|>=|&&|\|\||->|\/\/|\+\+/y;

/** Words of Nix, for any text. Comments are left out. */
export function nixTokens(text: string): NixToken[] {
  const found: NixToken[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const add = (kind: NixToken['kind'], written: string): void => {
    const plain = kind === 'word' || kind === 'number' ? { content: CookedText.plain(written, at) } : {};
    found.push({ kind, text: written, ...plain, start: at, end: at + written.length });
    at += written.length;
  };
  while (at < text.length) {
    const passed = match(PASSED);
    const character = text.charAt(at);
    if (passed !== undefined) at += passed.length;
    else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      at = end < 0 ? text.length : end + 2;
    } else if (character === '"' || text.startsWith("''", at)) {
      const { content, end } = character === '"' ? quoted(text, at) : indented(text, at);
      found.push({ kind: 'string', text: '', content, start: at, end });
      at = end;
    } else if ('([{'.includes(character)) add('open', character);
    else if (')]}'.includes(character)) add('close', character);
    else {
      const word = match(WORD);
      const number = word === undefined ? match(NUMBER) : undefined;
      add(word !== undefined ? 'word' : number !== undefined ? 'number' : 'mark', word ?? number ?? match(MARKS) ?? character);
    }
  }
  return found;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function quoted(text: string, start: number): { readonly content: CookedText; readonly end: number } {
  const made = new CookedBuilder(start + 1);
  let at = start + 1;
  let run = at;
  while (at < text.length && text.charAt(at) !== '"') {
    if (text.charAt(at) === '\\' && at + 1 < text.length) {
      made.add(text.slice(run, at), run);
      made.add(ESCAPES[text.charAt(at + 1)] ?? text.charAt(at + 1), at, at + 2);
      at += 2;
      run = at;
    } else if (text.startsWith('${', at)) at = endOfAntiquotation(text, at + 2);
    else at++;
  }
  made.add(text.slice(run, at), run);
  return { content: made.done(), end: Math.min(at + 1, text.length) };
}

/** `''…''`: the indentation that all lines share is left out; `''$` and `'''` are escapes. */
function indented(text: string, start: number): { readonly content: CookedText; readonly end: number } {
  let end = start + 2;
  for (; end < text.length; end++) {
    if (text.startsWith('${', end)) end = endOfAntiquotation(text, end + 2) - 1;
    else if (!text.startsWith("''", end)) continue;
    else if (/['$\\]/.test(text.charAt(end + 2))) end += 2;
    else break;
  }
  const body = text.slice(start + 2, end);
  const lines = body.split('\n');
  const indents = lines.flatMap((line) => (line.trim() === '' ? [] : [line.length - line.trimStart().length]));
  const indent = indents.reduce((least, one) => Math.min(least, one), Infinity);
  const made = new CookedBuilder(start + 2);
  let at = start + 2;
  for (const [index, line] of lines.entries()) {
    const left = Math.min(indent, line.length - line.trimStart().length);
    const isLast = index === lines.length - 1;
    // A first line of blanks is left out.
    if (index > 0 || line.trim() !== '') made.add(`${line.slice(left)}${isLast ? '' : '\n'}`, at + left);
    at += line.length + 1;
  }
  return { content: made.done(), end: Math.min(end + 2, text.length) };
}

/** More is a mistake. */
const LONGEST = 5000;

const DEEPEST = 16;

/** Behind the brace that closes it; where it began if none does. */
function endOfAntiquotation(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < Math.min(text.length, start + LONGEST); at++) {
    const character = text.charAt(at);
    if (character === '{' && ++depth > DEEPEST) break;
    if (character === '}' && --depth === 0) return at + 1;
  }
  return start;
}
