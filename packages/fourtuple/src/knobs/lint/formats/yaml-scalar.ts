import { Scalar } from 'yaml';
import { CookedBuilder, CookedText } from './cooked-text.ts';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\', '/': '/', ' ': ' ', r: '\r', '0': '\0', b: '\b', f: '\f', e: '\u001b' };

/**
 * What a scalar says, with the place of each character. Templates stand as they are written, though the parser saw letters in their stead.
 * @param text of the file
 * @param plain of the document, without templates: the same length as the document's part of the text
 * @param base of the document in the text
 */
export function scalarContent(text: string, plain: string, base: number, node: Scalar.Parsed): CookedText {
  const [start, end] = node.range;
  const isQuoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
  const value = typeof node.value === 'string' ? node.value : (node.source ?? '');
  const from = isQuoted ? start + 1 : start;
  if (value.length > 0 && plain.startsWith(value, from)) return CookedText.plain(text.slice(base + from, base + from + value.length), base + from);
  const isBlock = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
  const header = plain.indexOf('\n', start);
  const begin = isBlock ? (header < 0 ? end : header + 1) : from;
  const until = isQuoted ? Math.max(begin, end - 1) : end;
  return aligned(text, plain, base, value, begin, until, node.type) ?? new CookedText(value, value === '' ? [] : [{ at: 0, length: value.length, start: base + start, end: base + Math.max(end, start + 1) }], base + from);
}

/**
 * Follows the characters of a value through its source, past indentation and folds; undefined where the two do not go together.
 * One blank for a fold stands for the newline.
 */
function aligned(text: string, plain: string, base: number, value: string, begin: number, until: number, type: Scalar.Type | null | undefined): CookedText | undefined {
  const made = new CookedBuilder(base + begin);
  let at = begin;
  /** From where to `at` the source is what the value says. */
  let run = begin;
  const flush = (): void => made.add(text.slice(base + run, base + at), base + run);
  let index = 0;
  while (index < value.length) {
    const wanted = value.charAt(index);
    const here = plain.charAt(at);
    const isEscape = type === Scalar.QUOTE_DOUBLE && here === '\\';
    if (at < until && !isEscape && here === wanted) {
      at++;
      index++;
      if (type !== Scalar.QUOTE_SINGLE || here !== "'") continue;
      flush();
      run = ++at;
      continue;
    }
    flush();
    if (at >= until) {
      // The newline that ends a block need not stand there.
      if (wanted !== '\n' || index !== value.length - 1) return undefined;
      made.add('\n', base + until, base + until);
      return made.done();
    }
    if (isEscape) {
      const escape = escapeAt(plain, at, until);
      if (escape === undefined || !value.startsWith(escape.means, index)) return undefined;
      made.add(escape.means, base + at, base + at + escape.length);
      index += escape.means.length;
      at += escape.length;
    } else if (/\s/.test(here)) {
      if (wanted === ' ' && here === '\n') {
        made.add(' ', base + at, base + at + 1);
        index++;
      }
      at++;
    } else return undefined;
    run = at;
  }
  flush();
  return made.done();
}

function escapeAt(plain: string, at: number, until: number): { readonly means: string; readonly length: number } | undefined {
  const next = plain.charAt(at + 1);
  // A line that ends in one goes on without a blank.
  if (next === '\n') return { means: '', length: 2 };
  const digits = { x: 2, u: 4, U: 8 }[next];
  if (digits === undefined) return next in ESCAPES && at + 1 < until ? { means: ESCAPES[next]!, length: 2 } : undefined;
  const code = Number.parseInt(plain.slice(at + 2, at + 2 + digits), 16);
  return Number.isNaN(code) || code > 0x10ffff ? undefined : { means: String.fromCodePoint(code), length: 2 + digits };
}
