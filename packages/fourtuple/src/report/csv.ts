import type { Column } from './columns.ts';

/** RFC 4180, with a heading; raw values without separators in numbers. */
export function renderCsv<Row>(columns: readonly Column<Row>[], rows: Iterable<Row>): string[] {
  const lines = [columns.map((column) => field(column.id)).join(',')];
  for (const row of rows) lines.push(columns.map((column) => field(column.value(row))).join(','));
  return lines;
}

function field(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
