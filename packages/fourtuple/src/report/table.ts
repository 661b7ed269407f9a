import type { Column } from './columns.ts';
import type { Theme } from './theme.ts';

export interface TableOptions {
  readonly theme: Theme;
  /** Columns of the terminal; undefined in a pipe, where nothing is cut. */
  readonly width?: number | undefined;
  readonly hasHeading?: boolean;
  readonly indent?: string;
}

const GAP = '  ';
const MIN_SHRUNK = 12;

/** Aligned table, one line a row, no line at the end longer than the terminal. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], options: TableOptions): string[] {
  const { theme, indent = '' } = options;
  const cells = rows.map((row) => columns.map((column) => printable(column.text?.(row, theme) ?? textOf(column.value(row)))));
  const widths = columns.map((column, index) => cells.reduce((widest, row) => Math.max(widest, textWidth(row[index]!)), options.hasHeading === false ? 0 : textWidth(column.title)));
  const shown = fit(columns, widths, indent.length, options.width);
  const lines: string[] = [];
  const line = (texts: readonly string[], paint: (index: number, text: string) => string): void => {
    const parts = shown.map((index) => {
      const text = truncate(texts[index]!, widths[index]!, theme.isUnicode);
      const padding = ' '.repeat(widths[index]! - textWidth(text));
      const painted = paint(index, text);
      return columns[index]!.align === 'right' ? padding + painted : painted + padding;
    });
    lines.push((indent + parts.join(GAP)).trimEnd());
  };
  if (options.hasHeading !== false) {
    line(
      columns.map((column) => column.title),
      (_, text) => theme.paint('dim', text),
    );
  }
  rows.forEach((row, rank) => {
    line(cells[rank]!, (index, text) => {
      const style = columns[index]!.style?.(row);
      return style === undefined ? text : theme.paint(style, text);
    });
  });
  return lines;
}

/** Drops, then shrinks columns until a line fits. Changes `widths`; returns the positions of the columns that stay. */
function fit<Row>(columns: readonly Column<Row>[], widths: number[], indent: number, width: number | undefined): number[] {
  let shown = columns.map((_, index) => index);
  if (width === undefined) return shown;
  const total = (): number => indent + shown.reduce((sum, index) => sum + widths[index]!, 0) + GAP.length * (shown.length - 1);
  const shrinkable = (): number => shown.reduce((sum, index) => sum + (columns[index]!.canShrink === true ? Math.max(0, widths[index]! - MIN_SHRUNK) : 0), 0);
  while (total() - shrinkable() > width) {
    const droppable = shown.filter((index) => columns[index]!.dropFirst !== undefined);
    if (droppable.length === 0) break;
    const victim = droppable.reduce((worst, index) => (columns[index]!.dropFirst! > columns[worst]!.dropFirst! ? index : worst));
    shown = shown.filter((index) => index !== victim);
  }
  while (total() > width) {
    const shrinkables = shown.filter((index) => columns[index]!.canShrink === true && widths[index]! > MIN_SHRUNK);
    // What would be dropped first is also cut first; among equals the widest.
    const widest = shrinkables.sort((left, right) => (columns[right]!.dropFirst ?? 0) - (columns[left]!.dropFirst ?? 0) || widths[right]! - widths[left]!)[0];
    if (widest === undefined) break;
    widths[widest] = widths[widest]! - 1;
  }
  shrinkAnything(shown, widths, () => total() - width);
  return shown;
}

/** On a terminal too narrow for all that matters, the widest columns give way, whatever they are. */
function shrinkAnything(shown: number[], widths: number[], excess: () => number): void {
  while (excess() > 0) {
    const widest = shown.toSorted((left, right) => widths[right]! - widths[left]!)[0];
    if (widest === undefined || widths[widest]! <= 1) return;
    widths[widest] = widths[widest]! - 1;
  }
}

/** Control characters of a process name must not reach a terminal. */
export function printable(text: string): string {
  // Also what turns the direction of the text, or breaks the line.
  return text.replace(/[\u0000-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g, '?');
}

/** Cells that a text takes: code points, wide ones (CJK, emoji) as two. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character.codePointAt(0)!) ? 2 : 1;
  return width;
}

function isWide(code: number): boolean {
  return code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd));
}

function truncate(text: string, width: number, isUnicode: boolean): string {
  if (textWidth(text) <= width) return text;
  const ellipsis = isUnicode ? '…' : '~';
  let cut = '';
  let used = 1;
  for (const character of text) {
    const cells = textWidth(character);
    if (used + cells > width) break;
    cut += character;
    used += cells;
  }
  return cut + ellipsis;
}

function textOf(value: string | number | null): string {
  return value === null ? '-' : String(value);
}
