import { printable, themeFor, wrap, type Style, type Theme } from '../report/index.ts';
import type { CliContext, Output } from './context.ts';
import type { OutputFlags } from './flags.ts';

const CHUNK = 65_536;

/** Writes a command's output: collects small pieces, knows the terminal's width, and how much text is wanted. */
export class Printer {
  /** Columns of the terminal; undefined in a pipe, where nothing is cut or wrapped. */
  readonly width: number | undefined;
  readonly isTerminal: boolean;
  /** The screen can be cleared for the next picture of a watch. */
  readonly canClear: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly #out: Output;
  readonly #makeTheme: () => Theme;
  #theme: Theme | undefined;
  #pending = '';

  constructor(context: CliContext, flags: OutputFlags) {
    this.#out = context.process.stdout;
    this.isTerminal = this.#out.isTTY === true;
    this.#makeTheme = () => themeFor(this.#out, context.process.env, flags.color);
    // Some terminals report none.
    this.width = this.isTerminal ? this.#out.columns || 80 : undefined;
    this.canClear = this.isTerminal && context.process.env['TERM'] !== 'dumb';
    this.isQuiet = flags.quiet === true;
    this.isVerbose = flags.verbose === true;
  }

  /** Not before it is wanted: a document has none. */
  get theme(): Theme {
    return (this.#theme ??= this.#makeTheme());
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  /**
   * A text for people, wrapped to the terminal: control characters replaced, arrows in ASCII where the locale knows no
   * other, and the whole painted.
   */
  paragraph(text: string, options: { indent?: string; hanging?: string; style?: Style } = {}): void {
    const { indent = '', hanging = indent, style } = options;
    for (const line of wrap(this.clean(text), this.width, indent, hanging)) this.line(style === undefined ? line : this.theme.paint(style, line));
  }

  /** A text that may be shown on this terminal. */
  clean(text: string): string {
    const shown = printable(text);
    return this.theme.isUnicode ? shown : shown.replaceAll('→', '->').replaceAll('…', '...');
  }

  lines(texts: Iterable<string>): void {
    for (const text of texts) this.line(text);
  }

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= CHUNK) this.flush();
  }

  flush(): void {
    const text = this.#pending;
    this.#pending = '';
    if (text !== '') this.#out.write(text);
  }

  /**
   * One JSON document. Members whose value is a function are lists of elements that are JSON already, written one by one:
   * there may be a million of them.
   */
  json(document: Readonly<Record<string, unknown>>, isOneLine = false): void {
    const [newline, indent] = isOneLine ? ['', ''] : ['\n', '  '];
    this.write(`{${newline}`);
    let isFirst = true;
    for (const [name, value] of Object.entries(document)) {
      if (value === undefined) continue;
      if (!isFirst) this.write(`,${newline}`);
      isFirst = false;
      this.write(`${indent}${JSON.stringify(name)}:${isOneLine ? '' : ' '}`);
      if (typeof value === 'function') this.#list((value as () => Iterable<string>)(), newline + indent + indent, newline + indent);
      else this.write(isOneLine ? JSON.stringify(value) : JSON.stringify(value, null, 2).replaceAll('\n', '\n  '));
    }
    this.write(`${newline}}\n`);
    this.flush();
  }

  #list(elements: Iterable<string>, before: string, end: string): void {
    let between = '[';
    for (const element of elements) {
      this.write(between + before + element);
      between = ',';
    }
    this.write(between === '[' ? '[]' : `${end}]`);
  }
}
