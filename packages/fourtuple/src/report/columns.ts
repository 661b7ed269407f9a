import type { Style, Theme } from './theme.ts';

/** One column of a table, as data: the terminal, CSV, JSON lines and the reference page are made from the same list. */
export interface Column<Row> {
  /** Key in CSV and JSON lines. */
  readonly id: string;
  readonly title: string;
  /** One sentence for the reference, with the unit and the rounding. */
  readonly help: string;
  readonly align: 'left' | 'right';
  /** Value for machines. */
  value(row: Row): string | number | null;
  /** Text for people; the value itself when left out. */
  text?(row: Row, theme: Theme): string;
  style?(row: Row): Style | undefined;
  /** May be cut, with an ellipsis, when the terminal is narrow. */
  readonly canShrink?: boolean;
  /** Left out when the terminal is narrow, the highest number first. */
  readonly dropFirst?: number;
}
