import type { Span } from './statement.ts';

/** The lines that a stretch of a text is in, with the newline of the last one: start and end. */
export function wholeLine(text: string, { start, end }: Span): [number, number] {
  const newline = text.indexOf('\n', Math.max(start, end - 1));
  return [text.lastIndexOf('\n', start - 1) + 1, newline < 0 ? text.length : newline + 1];
}
