import type { Span } from '../statement.ts';

/** Stands in a cooked text for what only a run would tell: a variable, the output of a command, a template. A code point that no text has. */
export const EXPANSION = '\uffff';

/** A part of a cooked text. As many characters as its source: those very characters; else all of it stands for all of its source. */
interface Piece {
  /** In the cooked text. */
  readonly at: number;
  readonly length: number;
  readonly start: number;
  readonly end: number;
}

/** Text without its quotes and escapes, which knows where each of its characters stands. */
export class CookedText {
  readonly text: string;
  readonly #pieces: readonly Piece[];
  /** Where it stands if it is empty. */
  readonly #origin: number;

  constructor(text: string, pieces: readonly Piece[], origin: number) {
    this.text = text;
    this.#pieces = pieces;
    this.#origin = origin;
  }

  /** A text that stands as it is. */
  static plain(text: string, start: number): CookedText {
    return new CookedText(text, text === '' ? [] : [{ at: 0, length: text.length, start, end: start + text.length }], start);
  }

  get isLiteral(): boolean {
    return !this.text.includes(EXPANSION);
  }

  /** Where characters stand: from the start of the first to the end of the last. Quotes around them are left out, those between them are not. */
  span(from = 0, to = this.text.length): Span {
    if (from < to) {
      const start = this.#place(from).start;
      return { start, end: Math.max(start, this.#place(to - 1).end) };
    }
    const at = from > 0 ? this.#place(from - 1).end : this.text === '' ? this.#origin : this.#place(0).start;
    return { start: at, end: at };
  }

  slice(from: number, to = this.text.length): CookedText {
    if (from >= to) return new CookedText('', [], this.span(from, from).start);
    const pieces: Piece[] = [];
    for (let index = this.#indexOf(from); index < this.#pieces.length; index++) {
      const piece = this.#pieces[index]!;
      if (piece.at >= to) break;
      const first = Math.max(from, piece.at);
      const last = Math.min(to, piece.at + piece.length);
      const isRun = piece.end - piece.start === piece.length;
      pieces.push({ at: first - from, length: last - first, start: isRun ? piece.start + first - piece.at : piece.start, end: isRun ? piece.start + last - piece.at : piece.end });
    }
    return new CookedText(this.text.slice(from, to), pieces, pieces[0]?.start ?? this.#origin);
  }

  /** Without blanks around it. */
  trimmed(): CookedText {
    const from = this.text.length - this.text.trimStart().length;
    return this.slice(from, Math.max(from, this.text.trimEnd().length));
  }

  get pieces(): readonly Piece[] {
    return this.#pieces;
  }

  #place(index: number): Span {
    const piece = this.#pieces[this.#indexOf(index)];
    if (piece === undefined) return { start: this.#origin, end: this.#origin };
    if (piece.end - piece.start !== piece.length) return piece;
    const start = piece.start + index - piece.at;
    return { start, end: start + 1 };
  }

  /** The piece that holds a character. */
  #indexOf(index: number): number {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#pieces[middle]!.at <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Puts a cooked text together. */
export class CookedBuilder {
  readonly #origin: number;
  readonly #parts: string[] = [];
  readonly #pieces: { readonly at: number; length: number; readonly start: number; end: number }[] = [];
  #length = 0;

  constructor(origin: number) {
    this.#origin = origin;
  }

  get length(): number {
    return this.#length;
  }

  /** Characters that stand as they are at an offset; or, with an end, that all of a stretch stands for. */
  add(text: string, start: number, end = start + text.length): void {
    if (text === '') return;
    this.#parts.push(text);
    const last = this.#pieces.at(-1);
    const isRun = end - start === text.length;
    if (isRun && last !== undefined && last.end === start && last.end - last.start === last.length) {
      last.length += text.length;
      last.end = end;
    } else this.#pieces.push({ at: this.#length, length: text.length, start, end });
    this.#length += text.length;
  }

  append(cooked: CookedText): void {
    for (const { at, length, start, end } of cooked.pieces) this.add(cooked.text.slice(at, at + length), start, end);
  }

  done(): CookedText {
    return new CookedText(this.#parts.join(''), this.#pieces, this.#origin);
  }
}

/** Several texts with one blank between each two. */
export function joinedTexts(texts: readonly CookedText[]): CookedText {
  const builder = new CookedBuilder(texts[0]?.span().start ?? 0);
  for (const [index, text] of texts.entries()) {
    if (index > 0) builder.add(' ', texts[index - 1]!.span().end, text.span().start);
    builder.append(text);
  }
  return builder.done();
}
