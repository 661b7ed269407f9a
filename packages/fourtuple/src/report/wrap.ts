import { textWidth } from './table.ts';

/** Cells that a line keeps for its text, however narrow the terminal. */
const NARROWEST = 10;

/** Breaks a text at blanks so that no line, indent included, is wider than `width`. Undefined width: one line. */
export function wrap(text: string, width: number | undefined, indent = '', hanging: string = indent): string[] {
  if (width === undefined) return [indent + text];
  const lines: string[] = [];
  let line = indent;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && textWidth(line) + 1 + textWidth(word) > Math.max(textWidth(hanging) + NARROWEST, width)) {
      lines.push(line);
      line = hanging;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  lines.push(line);
  return lines;
}
