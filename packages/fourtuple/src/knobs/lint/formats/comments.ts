import type { Source } from './tree.ts';

/** More lines than people write before one setting; behind it, more characters. Keeps a hostile file from costing its square. */
const MOST_LINES = 40;
const MOST_CHARACTERS = 1000;

/**
 * Comments on the lines directly before an item, and behind its parts, without their marks.
 * @param start of the item
 * @param ends of its parts; lines of comments between them count too
 */
export function comments(source: Source, start: number, ends: readonly number[]): string {
  const found = above(source, start);
  let last = start;
  for (const end of ends) {
    if (last !== start && source.text.slice(last, Math.min(end, last + MOST_CHARACTERS)).includes('\n')) found.push(...above(source, end));
    const comment = behind(source, end);
    if (comment !== undefined && found.at(-1) !== comment) found.push(comment);
    last = end;
  }
  return found.filter((comment) => comment !== '').join(' ');
}

function above({ text, marks }: Source, offset: number): string[] {
  const found: string[] = [];
  let end = newlineBefore(text, offset);
  while (end !== undefined && found.length < MOST_LINES) {
    const newline = newlineBefore(text, end);
    const start = newline === undefined ? 0 : newline + 1;
    if (end - start > MOST_CHARACTERS) break;
    const comment = unmarked(text.slice(start, end), marks);
    if (comment === undefined) break;
    found.unshift(comment);
    end = newline;
  }
  return found;
}

function newlineBefore(text: string, offset: number): number | undefined {
  const from = Math.max(0, offset - MOST_CHARACTERS - 1);
  const found = text.slice(from, offset).lastIndexOf('\n');
  return found < 0 ? undefined : from + found;
}

function behind({ text, marks }: Source, offset: number): string | undefined {
  const rest = text.slice(offset, offset + MOST_CHARACTERS);
  const newline = rest.indexOf('\n');
  return unmarked((newline < 0 ? rest : rest.slice(0, newline)).replace(/^["'\s,;\]})]+/, ''), marks);
}

/** Undefined for what is no comment. */
function unmarked(line: string, marks: readonly string[]): string | undefined {
  const trimmed = line.trim();
  const mark = marks.find((one) => trimmed.startsWith(one));
  return mark === undefined ? undefined : trimmed.slice(mark.length).replace(/^[#/;*]+/, '').replace(/\*\/$/, '').trim();
}
