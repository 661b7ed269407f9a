/** How many times the length of a text is read in search of closing marks, before all others count as never closed. */
const PASSES = 4;

const TEMPLATES: ReadonlyMap<string, string> = new Map([['{{', '}}'], ['{%', '%}'], ['<%', '%>']]);
const LONGEST_TEMPLATE = 400;

/** Finds what closes a quote, a parenthesis or a brace of a shell; in time proportional to the length of the text, whatever is in it. */
export class Closings {
  readonly #text: string;
  #steps: number;
  #lastSingle: number | undefined;
  /** By its text: where a mark was looked for last, and where the next one from there is. */
  readonly #nextMark = new Map<string, { readonly from: number; readonly end: number }>();

  constructor(text: string) {
    this.#text = text;
    this.#steps = PASSES * text.length + 1000;
  }

  /** Behind the mark that closes the single quote at an offset; undefined if none does. */
  ofSingle(at: number): number | undefined {
    this.#lastSingle ??= this.#text.lastIndexOf("'");
    return at >= this.#lastSingle ? undefined : this.#text.indexOf("'", at + 1) + 1;
  }

  /** Behind `{{ … }}`, `{% … %}` or `<% … %>` of a template, on one line, that starts at an offset; undefined if none does. */
  ofTemplate(at: number): number | undefined {
    const mark = TEMPLATES.get(this.#text.slice(at, at + 2));
    if (mark === undefined) return undefined;
    let known = this.#nextMark.get(mark);
    if (known === undefined || at < known.from || known.end < at + 2) {
      if (this.#steps < 0) return undefined;
      const found = this.#text.indexOf(mark, at + 2);
      known = { from: at, end: found < 0 ? Infinity : found };
      this.#steps -= (found < 0 ? this.#text.length : found) - at;
      this.#nextMark.set(mark, known);
    }
    const { end } = known;
    return end - at <= LONGEST_TEMPLATE && !this.#text.slice(at, end).includes('\n') ? end + 2 : undefined;
  }

  /** The same for `$'…'`, where a backslash hides a quote. @param at of the quote */
  ofAnsi(at: number): number | undefined {
    for (let end = at + 1; end < this.#text.length && this.#steps-- > 0; end++) {
      if (this.#text[end] === "'") return end + 1;
      if (this.#text[end] === '\\') end++;
    }
    return undefined;
  }

  /** Behind the mark that closes the `"`, backtick, `(` or `{` at an offset, with all that is nested in it; undefined if none does. */
  of(at: number): number | undefined {
    const open = [closingOf(this.#text[at])];
    for (let end = at + 1; end < this.#text.length && this.#steps-- > 0; end++) {
      const letter = this.#text[end]!;
      const top = open.at(-1)!;
      if (letter === '\\') end++;
      else if (letter === '{' && this.#text[end + 1] === '{') end = (this.ofTemplate(end) ?? end + 1) - 1;
      else if (letter === top) {
        open.pop();
        if (open.length === 0) return end + 1;
      } else if (top === '`') continue;
      else if (letter === "'" && top !== '"') end = this.#behindSingle(end);
      else if (letter === '`' || (letter === '"' && top !== '"')) open.push(letter);
      else if (letter === '$' && (this.#text[end + 1] === '(' || this.#text[end + 1] === '{')) open.push(closingOf(this.#text[++end]));
      else if (letter === '(' && top === ')') open.push(')');
    }
    return undefined;
  }

  /** The closing quote; or the opening one, if it is not closed. */
  #behindSingle(at: number): number {
    const end = this.ofSingle(at);
    if (end === undefined) return at;
    this.#steps -= end - at;
    return end - 1;
  }
}

function closingOf(letter: string | undefined): string {
  return letter === '(' ? ')' : letter === '{' ? '}' : (letter ?? '');
}
