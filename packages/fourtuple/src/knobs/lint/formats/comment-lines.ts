import { endOfLine, placeOf } from './line-starts.ts';

const MARKED = /^[ \t]*(?:#(?!!)|;|\/\/)/;

/** A comment without its marks and the blanks around it. */
export function withoutMarks(comment: string): string {
  return comment.trim().replace(/^(?:#+|;+|\/\/+)/, '').trim();
}

/** Comment lines by the lines that they stand directly above, with no blank line between. Marks are `#`, `;` and `//`. */
export class CommentsAbove {
  readonly #text: string;
  readonly #starts: readonly number[];
  readonly #known = new Map<number, string>();

  constructor(text: string, starts: readonly number[]) {
    this.#text = text;
    this.#starts = starts;
  }

  /** The comment above the line of an offset; empty without one. */
  of(offset: number): string {
    const { line } = placeOf(this.#starts, offset);
    const known = this.#known.get(line);
    if (known !== undefined) return known;
    const comments: string[] = [];
    for (let above = line - 1; above > 0; above--) {
      const text = this.#text.slice(this.#starts[above - 1], endOfLine(this.#text, this.#starts, above));
      if (!MARKED.test(text)) break;
      comments.push(withoutMarks(text));
    }
    const comment = comments.reverse().filter((one) => one !== '').join(' ');
    this.#known.set(line, comment);
    return comment;
  }
}
