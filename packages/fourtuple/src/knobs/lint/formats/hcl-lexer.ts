import { CookedBuilder, type CookedText } from './cooked-text.ts';

export interface HclToken {
  readonly kind: 'word' | 'number' | 'string' | 'here' | 'mark' | 'newline';
  /** As written; of a string and a here-document nothing. */
  readonly text: string;
  /** Of a string and a here-document what stands in it. */
  readonly content?: CookedText;
  readonly start: number;
  readonly end: number;
}

const WORD = /[A-Za-z_][\w-]*/y;

const NUMBER = /\d[\w.]*/y;

const HERE = /<<(-?)([A-Za-z_][\w-]*)[ \t]*\r?\n/y;

const BLANKS = /[ \t\r\ufeff]+|(?:#|\/\/)[^\n]*/y;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** Words of HCL, for any text: what is no HCL comes as marks. Comments are left out; newlines are not, which end attributes. */
export function hclTokens(text: string): HclToken[] {
  const found: HclToken[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const start = at;
    const blanks = match(BLANKS);
    if (blanks !== null) {
      at += blanks[0].length;
      continue;
    }
    if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      at = end < 0 ? text.length : end + 2;
      continue;
    }
    const character = text.charAt(at);
    if (character === '"') {
      const { content, end } = quoted(text, at);
      at = end;
      found.push({ kind: 'string', text: '', content, start, end });
      continue;
    }
    const here = character === '<' ? match(HERE) : null;
    if (here !== null) {
      const { content, end } = hereDocument(text, at + here[0].length, here[2] ?? '', here[1] === '-');
      at = end;
      found.push({ kind: 'here', text: '', content, start, end });
      continue;
    }
    const word = match(WORD) ?? match(NUMBER);
    const kind = character === '\n' ? 'newline' : word === null ? 'mark' : /\d/.test(character) ? 'number' : 'word';
    const written = word?.[0] ?? (/^(?:[=!<>]=|&&|\|\||=>)/.exec(text.slice(at, at + 2))?.[0] ?? character);
    at += written.length;
    found.push({ kind, text: written, start, end: at });
  }
  return found;
}

/** A string from its quote on; one that does not end on its line ends there. Templates stand as they are written. */
function quoted(text: string, start: number): { readonly content: CookedText; readonly end: number } {
  const made = new CookedBuilder(start + 1);
  let at = start + 1;
  let run = at;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"' || character === '\n') break;
    if (character === '\\') {
      made.add(text.slice(run, at), run);
      const next = text.charAt(at + 1);
      made.add(ESCAPES[next] ?? next, at, Math.min(at + 2, text.length));
      at = Math.min(at + 2, text.length);
      run = at;
    } else if ((character === '$' || character === '%') && text.charAt(at + 1) === '{') at = endOfTemplate(text, at + 2);
    else at++;
  }
  made.add(text.slice(run, at), run);
  return { content: made.done(), end: text.charAt(at) === '"' ? at + 1 : at };
}

/** Longer ones are mistakes. */
const LONGEST_TEMPLATE = 5000;

const DEEPEST = 16;

/** Behind the brace that closes a template, strings in it passed over; what follows its opening where there is none. */
function endOfTemplate(text: string, start: number): number {
  let depth = 1;
  let isInString = false;
  for (let at = start; at < Math.min(text.length, start + LONGEST_TEMPLATE); at++) {
    const character = text.charAt(at);
    if (character === '\n' && isInString) break;
    if (character === '\\') at++;
    else if (character === '"') isInString = !isInString;
    else if (isInString) continue;
    else if (character === '{' && ++depth > DEEPEST) break;
    else if (character === '}' && --depth === 0) return at + 1;
  }
  return start;
}

/** @param isIndented `<<-`: the indentation that all lines share is left out */
function hereDocument(text: string, start: number, word: string, isIndented: boolean): { readonly content: CookedText; readonly end: number } {
  const lines: [number, string][] = [];
  let at = start;
  let end = text.length;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const next = newline < 0 ? text.length : newline + 1;
    const line = text.slice(at, next);
    if (line.trim() === word) {
      end = newline < 0 ? text.length : newline;
      break;
    }
    lines.push([at, line]);
    at = next;
  }
  const indent = isIndented ? lines.reduce((least, [, line]) => (line.trim() === '' ? least : Math.min(least, line.length - line.trimStart().length)), Infinity) : 0;
  const made = new CookedBuilder(start);
  for (const [from, line] of lines) {
    const left = Math.min(indent, line.length - line.trimStart().length, line.replace(/\r?\n$/, '').length);
    made.add(line.slice(left), from + left);
  }
  return { content: made.done(), end };
}
