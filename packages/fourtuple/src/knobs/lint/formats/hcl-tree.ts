import { CookedText } from './cooked-text.ts';
import { hclTokens, type HclToken } from './hcl-lexer.ts';
import { isTemplate } from './templates.ts';
import type { Tree, TreeEntry, TreeItem, TreeMap, TreeScalar } from './tree.ts';

/** A file in HCL: blocks are entries of their type whose value is their body; expressions that only a run would tell are templates. */
export interface HclFile {
  readonly root: TreeMap;
  /** Of the bodies of blocks: `resource "aws_instance" "web"` has two. */
  readonly labels: ReadonlyMap<Tree, readonly string[]>;
}

/** Deeper than anybody nests. */
const DEEPEST = 200;

/** Blocks have two, keys of a dozen words are none. */
const MOST_LABELS = 4;

const MOST_WORDS = 12;

/** Functions whose value is, for us, that of an argument. */
const TRANSPARENT = new Set(['jsonencode', 'yamlencode', 'tomap', 'toset', 'tolist', 'tostring', 'tonumber', 'base64encode', 'base64gzip', 'trimspace', 'join', 'concat', 'flatten', 'indent', 'file_content']);

const OPENING = '([{';

const CLOSING = ')]}';

/** Reads any text; what is no HCL is passed over. */
export function parseHcl(text: string): HclFile {
  const parser = new Parser(text);
  return { root: parser.body(0), labels: parser.labels };
}

class Parser {
  readonly labels = new Map<Tree, readonly string[]>();
  readonly #text: string;
  readonly #tokens: readonly HclToken[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = hclTokens(text);
  }

  /** Up to the brace that closes it, which is taken. */
  body(depth: number): TreeMap {
    const start = this.#start();
    const entries: TreeEntry[] = [];
    while (this.#at < this.#tokens.length && !this.#is('}')) {
      const entry = this.#entry(depth);
      if (entry === undefined) this.#at++;
      else entries.push(entry);
    }
    this.#at++;
    return { kind: 'map', entries, span: { start, end: this.#end() } };
  }

  /** An attribute or a block; undefined, with nothing taken, for anything else. */
  #entry(depth: number): TreeEntry | undefined {
    const from = this.#at;
    const key = this.#key();
    if (key === undefined) return undefined;
    if (this.#is('=') || this.#is(':')) {
      this.#at++;
      const value = this.#expression(depth + 1);
      return { key, value, span: { start: this.#tokens[from]?.start ?? 0, end: this.#end() } };
    }
    const labels: string[] = [];
    while (labels.length < MOST_LABELS && (this.#peek()?.kind === 'string' || this.#peek()?.kind === 'word')) {
      const token = this.#peek();
      labels.push(token?.content?.text ?? token?.text ?? '');
      this.#at++;
    }
    if (!this.#is('{')) {
      this.#at = from;
      return undefined;
    }
    let value: Tree | undefined;
    if (depth > DEEPEST) this.#pass();
    else {
      this.#at++;
      value = this.body(depth + 1);
    }
    if (value !== undefined) this.labels.set(value, labels);
    return { key, value, span: { start: this.#tokens[from]?.start ?? 0, end: this.#end() } };
  }

  /** A word, words with dots between them, a string, or an expression in parentheses; the last is a template. */
  #key(): TreeScalar | undefined {
    const first = this.#peek();
    if (first === undefined) return undefined;
    if (first.kind === 'string') {
      this.#at++;
      return scalar(first.content ?? CookedText.plain('', first.start), 'string', first.end);
    }
    if (first.kind !== 'word') return undefined;
    this.#at++;
    for (let words = 1; words < MOST_WORDS && this.#is('.') && this.#tokens[this.#at + 1]?.kind === 'word'; words++) this.#at += 2;
    return scalar(CookedText.plain(this.#text.slice(first.start, this.#end()), first.start), 'string', this.#end());
  }

  /** One value. What follows it on its line makes it a template; so does its depth. */
  #expression(depth: number): Tree | undefined {
    const start = this.#start();
    const value = depth > DEEPEST ? undefined : this.#primary(depth);
    let isWhole = value !== undefined;
    for (let token = this.#peek(); token !== undefined && token.kind !== 'newline' && token.text !== ',' && !(token.kind === 'mark' && CLOSING.includes(token.text)); token = this.#peek()) {
      isWhole = false;
      if (token.kind === 'mark' && OPENING.includes(token.text)) this.#pass();
      else this.#at++;
    }
    return isWhole ? value : template(this.#text, start, this.#end());
  }

  #primary(depth: number): Tree | undefined {
    const token = this.#peek();
    if (token === undefined || token.kind === 'newline') return undefined;
    if (token.kind === 'mark' && CLOSING.includes(token.text)) return undefined;
    this.#at++;
    if (token.kind === 'string' || token.kind === 'here') return scalar(token.content ?? CookedText.plain('', token.start), 'string', token.end);
    if (token.kind === 'number') return scalar(CookedText.plain(token.text, token.start), 'number', token.end);
    if (token.text === '-' && this.#peek()?.kind === 'number') {
      this.#at++;
      return scalar(CookedText.plain(this.#text.slice(token.start, this.#end()), token.start), 'number', this.#end());
    }
    if (token.text === '[') return this.#list(token.start, depth);
    if (token.text === '{') return this.#object(token.start, depth);
    if (token.text === '(') {
      const inner = this.#list(token.start, depth);
      return inner.items.length === 1 ? inner.items[0]?.value : undefined;
    }
    if (token.kind !== 'word') return undefined;
    if (token.text === 'true' || token.text === 'false') return scalar(CookedText.plain(token.text, token.start), 'switch', token.end);
    if (token.text === 'null') return scalar(CookedText.plain('', token.start), 'null', token.end);
    if (!this.#is('(')) return undefined;
    this.#at++;
    return called(token.text, this.#list(token.start, depth));
  }

  /** Values between commas up to what closes them. */
  #list(start: number, depth: number): Extract<Tree, { kind: 'list' }> {
    const items: TreeItem[] = [];
    while (this.#at < this.#tokens.length && !this.#isClosing()) {
      const token = this.#peek();
      if (token?.kind === 'newline' || token?.text === ',') this.#at++;
      else {
        const value = this.#expression(depth + 1);
        items.push({ value, span: { start: token?.start ?? start, end: this.#end() } });
      }
    }
    this.#at++;
    return { kind: 'list', items, span: { start, end: this.#end() } };
  }

  #object(start: number, depth: number): TreeMap {
    return { ...this.body(depth + 1), span: { start, end: this.#end() } };
  }

  /** Passes over brackets and what is between them. */
  #pass(): void {
    let open = 0;
    do {
      open += this.#turn();
      this.#at++;
    } while (open > 0 && this.#at < this.#tokens.length);
  }

  #turn(): number {
    const token = this.#peek();
    return token?.kind !== 'mark' ? 0 : OPENING.includes(token.text) ? 1 : CLOSING.includes(token.text) ? -1 : 0;
  }

  #peek(): HclToken | undefined {
    return this.#tokens[this.#at];
  }

  #is(mark: string): boolean {
    const token = this.#peek();
    return token?.kind === 'mark' && token.text === mark;
  }

  #isClosing(): boolean {
    const token = this.#peek();
    return token?.kind === 'mark' && CLOSING.includes(token.text);
  }

  #start(): number {
    return this.#peek()?.start ?? this.#text.length;
  }

  /** Where the last token that was taken ends. */
  #end(): number {
    return this.#tokens[Math.min(this.#at, this.#tokens.length) - 1]?.end ?? 0;
  }
}

function called(name: string, { items, span }: Extract<Tree, { kind: 'list' }>): Tree | undefined {
  const values = items.flatMap(({ value }) => value ?? []);
  if (name === 'merge') return { kind: 'map', entries: values.flatMap((value) => (value.kind === 'map' ? value.entries : [])), span };
  if (!TRANSPARENT.has(name)) return undefined;
  return values.find(({ kind }) => kind !== 'scalar') ?? values.at(-1);
}

function scalar(content: CookedText, type: TreeScalar['type'], end: number): TreeScalar {
  const isFilledIn = isTemplate(content.text);
  return { kind: 'scalar', content, value: isFilledIn ? undefined : content.text, type: isFilledIn ? 'template' : type, span: content.span(), end };
}

function template(text: string, start: number, end: number): TreeScalar {
  const content = CookedText.plain(text.slice(start, end), start);
  return { kind: 'scalar', content, value: undefined, type: 'template', span: content.span(), end: Math.max(start, end) };
}
