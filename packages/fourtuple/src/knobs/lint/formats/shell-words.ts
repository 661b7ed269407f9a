import { Closings } from './closings.ts';
import { CookedBuilder, EXPANSION, type CookedText } from './cooked-text.ts';
import { decodedEscape } from './escapes.ts';
import { HereDocuments } from './here-documents.ts';
import type { Span } from '../statement.ts';

/** A word without its quotes. */
export interface ShellWord extends Span {
  readonly kind: 'word';
  readonly text: CookedText;
  /** True if neither quotes nor backslashes are in it. */
  readonly isBare: boolean;
}

/** What ends a command: `;`, `&&`, `||`, `|`, `|&`, `&`, `(`, `)`, a newline. */
export interface ShellOperator extends Span {
  readonly kind: 'operator';
  readonly text: string;
}

export interface ShellRedirection extends Span {
  readonly kind: 'redirection';
  /** `>`, `>>`, `>|`, `&>`, `&>>`, `>&`, `<`, `<>`, `<&`, `<<`, `<<-`, `<<<` */
  readonly operator: string;
  /** The number before it; empty without one. */
  readonly descriptor: string;
  /** The file, or the end mark of a here-document. */
  target: ShellWord | undefined;
  /** What a here-document holds. Known from the end of the line on. */
  body: CookedText | undefined;
}

export interface ShellComment extends Span {
  readonly kind: 'comment';
}

export type ShellToken = ShellWord | ShellOperator | ShellRedirection | ShellComment;

/** Who splits a text: a shell; or systemd, which knows quotes and `;` but no other operators. */
export type Splitter = 'shell' | 'systemd';

const BLANK = /[ \t\r\v\f]+|\\\r?\n/y;
const OPERATOR = /;;&|;;|;&|;|&&|&(?!>)|\|\||\|&|\||\(|\)|\n/y;
const REDIRECTION = /<<<|<<-|<<|<>|<&|<|&>>|&>|>>|>\||>&|>/y;
const PLAIN: Readonly<Record<Splitter, RegExp>> = { shell: /[^ \t\r\v\f\n;&|()<>'"`$\\{\uffff]+/y, systemd: /[^ \t\r\v\f\n;'"$\\{%\uffff]+/y };
const VARIABLE = /\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])/y;
/** `<value>`, as manuals write it, right behind something else and at the end of a word. */
const PLACEHOLDER = /<[A-Za-z][\w .:-]{0,60}>(?=$|[\s"';|&)])/y;
const SPECIFIER = /%[A-Za-z%]/y;

/**
 * The words and operators of a script, as POSIX and bash split them, one after the other. Takes any text: a quote or a parenthesis that is never
 * closed is a character like others. Takes time in proportion to the length of the text.
 * @param base what offsets are counted from: that of the text in a larger one
 */
export class ShellWords {
  readonly #text: string;
  readonly #base: number;
  readonly #splitter: Splitter;
  readonly #closings: Closings;
  readonly #documents: HereDocuments;
  #pending: ShellRedirection[] = [];
  /** Insides of `$(…)` and backticks that were passed, which are scripts themselves. Offsets in the text, without the base. */
  readonly substitutions: Span[] = [];

  constructor(text: string, base = 0, splitter: Splitter = 'shell') {
    this.#text = text;
    this.#base = base;
    this.#splitter = splitter;
    this.#closings = new Closings(text);
    this.#documents = new HereDocuments(text);
  }

  /** True while a here-document has been announced whose lines have not come yet. */
  get awaitsDocument(): boolean {
    return this.#pending.length > 0;
  }

  *tokens(): Generator<ShellToken> {
    let at = 0;
    let opened: ShellRedirection | undefined;
    while ((at = this.#behindBlanks(at)) < this.#text.length) {
      const token = this.#tokenAt(at);
      at = Math.max(at + 1, token.end - this.#base);
      if (token.kind === 'word' && opened !== undefined) {
        opened.target = token;
        if (opened.operator.startsWith('<<') && opened.operator !== '<<<') this.#pending.push(opened);
        yield opened;
        opened = undefined;
        continue;
      }
      if (opened !== undefined) yield opened;
      opened = undefined;
      if (token.kind === 'redirection') {
        opened = token;
        continue;
      }
      if (token.kind === 'operator' && token.text === '\n') at = this.#readDocuments(at);
      yield token;
    }
    if (opened !== undefined) yield opened;
    this.#pending = [];
  }

  #tokenAt(at: number): ShellToken {
    const start = at + this.#base;
    if (this.#splitter === 'systemd') {
      if (this.#text[at] === '\n' || /;(?=[ \t\n]|$)/y.test(this.#text.slice(at, at + 2))) return { kind: 'operator', text: this.#text[at]!, start, end: start + 1 };
      return this.#word(at);
    }
    if (this.#text[at] === '#') {
      const end = this.#text.indexOf('\n', at);
      return { kind: 'comment', start, end: (end < 0 ? this.#text.length : end) + this.#base };
    }
    const operator = this.#match(OPERATOR, at);
    if (operator !== undefined) return { kind: 'operator', text: operator, start, end: start + operator.length };
    const descriptor = this.#match(/\d{1,3}(?=[<>])/y, at) ?? '';
    const redirection = this.#match(REDIRECTION, at + descriptor.length);
    if (redirection !== undefined && this.#closings.ofTemplate(at + descriptor.length) === undefined) {
      return { kind: 'redirection', operator: redirection, descriptor, start, end: start + descriptor.length + redirection.length, target: undefined, body: undefined };
    }
    return this.#word(at);
  }

  #word(start: number): ShellWord {
    const builder = new CookedBuilder(start + this.#base);
    const plain = PLAIN[this.#splitter];
    let isBare = true;
    let at = start;
    for (;;) {
      const run = this.#match(plain, at);
      if (run !== undefined) {
        builder.add(run, at + this.#base);
        at += run.length;
      }
      const letter = this.#text[at];
      if (letter === undefined || ' \t\r\v\f\n'.includes(letter)) break;
      if (letter === "'" || letter === '"' || letter === '\\') isBare = false;
      const next = this.#special(letter, at, builder, at > start);
      if (next === undefined) break;
      at = next;
    }
    return { kind: 'word', text: builder.done(), isBare, start: start + this.#base, end: at + this.#base };
  }

  /** Reads what a special character begins; undefined if it ends the word. Returns where to go on. */
  #special(letter: string, at: number, builder: CookedBuilder, isInside: boolean): number | undefined {
    switch (letter) {
      case '\\':
        return this.#escape(at, builder);
      case "'": {
        const end = this.#closings.ofSingle(at);
        if (end === undefined) break;
        this.#cook(at + 1, end - 1, builder, undefined);
        return end;
      }
      case '"': {
        const end = this.#closings.of(at);
        if (end === undefined) break;
        this.#cook(at + 1, end - 1, builder, '$`"\\\n');
        return end;
      }
      case '$':
        if (this.#splitter === 'shell' && this.#text[at + 1] === "'") {
          const end = this.#closings.ofAnsi(at + 1);
          if (end !== undefined) return this.#ansi(at + 2, end - 1, builder);
        }
        // $"…" is a text that may be translated: quotes like others.
        if (this.#text[at + 1] === '"') return at + 1;
        return this.#expansion(at, builder);
      case '`':
      case '{':
      case '%':
      case EXPANSION:
        return this.#expansion(at, builder);
      case '<': {
        const end = this.#closings.ofTemplate(at) ?? (isInside ? this.#endOf(PLACEHOLDER, at) : undefined);
        if (end !== undefined) builder.add(EXPANSION, at + this.#base, end + this.#base);
        return end;
      }
      default:
        // systemd takes a semicolon for an operator only if it stands alone.
        if (this.#splitter === 'shell') return undefined;
    }
    builder.add(letter, at + this.#base);
    return at + 1;
  }

  #escape(at: number, builder: CookedBuilder): number {
    const newline = this.#match(/\\\r?\n/y, at);
    if (newline !== undefined) return at + newline.length;
    const next = this.#text[at + 1];
    if (next === undefined) builder.add('\\', at + this.#base);
    else builder.add(next, at + this.#base, at + 2 + this.#base);
    return at + (next === undefined ? 1 : 2);
  }

  /** The inside of quotes, or of a here-document. @param escapable what a backslash takes its meaning from; undefined where only templates have one */
  #cook(from: number, to: number, builder: CookedBuilder, escapable: string | undefined): void {
    let plainFrom = from;
    let at = from;
    const flush = (): void => builder.add(this.#text.slice(plainFrom, at), plainFrom + this.#base);
    while (at < to) {
      const letter = this.#text[at]!;
      const end = '\\$`{<%\uffff'.includes(letter) ? this.#endOfSpecial(letter, at, to, escapable) : undefined;
      if (end === undefined) {
        at++;
        continue;
      }
      flush();
      if (letter === '\\') this.#escape(at, builder);
      else builder.add(EXPANSION, at + this.#base, end + this.#base);
      plainFrom = at = end;
    }
    flush();
  }

  /** Where an escape or an expansion at an offset ends; undefined if it is a character like others. */
  #endOfSpecial(letter: string, at: number, to: number, escapable: string | undefined): number | undefined {
    if (letter === '\\') return escapable !== undefined && at + 1 < to && escapable.includes(this.#text[at + 1]!) ? at + 2 : undefined;
    const end = escapable === undefined || letter === '<' ? (this.#closings.ofTemplate(at) ?? this.#endOf(PLACEHOLDER, at)) : this.#endOfExpansion(at);
    return end !== undefined && end <= to ? end : undefined;
  }

  /** A variable, the output of a command, a template; or else the character itself. Returns where to go on. */
  #expansion(at: number, builder: CookedBuilder): number {
    const end = this.#endOfExpansion(at);
    if (end === undefined) builder.add(this.#text[at]!, at + this.#base);
    else builder.add(EXPANSION, at + this.#base, end + this.#base);
    return end ?? at + 1;
  }

  #endOfExpansion(at: number): number | undefined {
    const letter = this.#text[at];
    if (letter === EXPANSION) return at + 1;
    if (letter === '{') return this.#closings.ofTemplate(at);
    if (letter === '%') return this.#splitter === 'systemd' ? this.#endOf(SPECIFIER, at) : undefined;
    if (letter === '`') return this.#substitution(at, at + 1);
    if (this.#text[at + 1] === '{') return this.#closings.of(at + 1);
    if (this.#text[at + 1] !== '(') return this.#endOf(VARIABLE, at);
    return this.#text[at + 2] === '(' ? this.#closings.of(at + 1) : this.#substitution(at + 1, at + 2);
  }

  #substitution(open: number, start: number): number | undefined {
    const end = this.#closings.of(open);
    if (end !== undefined) this.substitutions.push({ start, end: end - 1 });
    return end;
  }

  #ansi(from: number, to: number, builder: CookedBuilder): number {
    let at = from;
    while (at < to) {
      const escape = decodedEscape(this.#text, at, to);
      builder.add(escape.text, at + this.#base, at + escape.length + this.#base);
      at += escape.length;
    }
    return to + 1;
  }

  /** Reads the here-documents that the line before an offset announces. Returns the offset behind them. */
  #readDocuments(from: number): number {
    let at = from;
    for (const redirection of this.#pending) {
      const found = redirection.target === undefined ? undefined : this.#documents.bodyFrom(at, redirection.target.text.text);
      if (found === undefined) continue;
      const builder = new CookedBuilder(at + this.#base);
      if (redirection.target?.isBare === false) builder.add(this.#text.slice(at, found.end), at + this.#base);
      else this.#cook(at, found.end, builder, '$`\\\n');
      redirection.body = builder.done();
      at = found.next;
    }
    this.#pending = [];
    return at;
  }

  #match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.#text)?.[0];
  }

  #endOf(pattern: RegExp, at: number): number | undefined {
    const found = this.#match(pattern, at);
    return found === undefined ? undefined : at + found.length;
  }

  #behindBlanks(from: number): number {
    let at = from;
    for (let end = this.#endOf(BLANK, at); end !== undefined; end = this.#endOf(BLANK, at)) at = end;
    return at;
  }
}
