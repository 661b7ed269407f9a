import { isAlias, isMap, isPair, isScalar, isSeq, Scalar, type Document, type ParsedNode } from 'yaml';
import { isTemplate, masked } from './templates.ts';
import { parsedDocuments } from './yaml-documents.ts';
import { scalarContent } from './yaml-scalar.ts';
import type { Span, TextProblem } from '../statement.ts';
import type { Tree, TreeEntry, TreeItem, TreeScalar } from './tree.ts';

/** Larger than any description that somebody wrote; parsing takes a second or more a MiB. */
const MOST_CHARACTERS = 1 << 20;

/** Of one document, what merges add included: no more than a file of that size can hold, but for merges of merges. */
const MOST_NODES = 400_000;

const DEEPEST = 500;

export interface YamlDocument {
  /** Undefined for an empty document, and for one that cannot be parsed. */
  readonly root: Tree | undefined;
  /** As written, with the comments before it. */
  readonly text: string;
  /** Of its text in the file. */
  readonly start: number;
}

export interface YamlText {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly TextProblem[];
}

/**
 * The documents of a text in YAML, of which JSON is a part, with the places of all nodes. Aliases and merges are followed; the text of templates
 * (`{{ }}`, `{% %}`, `${ }`) is left out for the parser, and what then still is no YAML is no problem: a template need not be any.
 * @param matters tells of the text of one document whether it is worth parsing: the others are left out
 */
export function parseYaml(text: string, matters: (document: string) => boolean = () => true): YamlText {
  const documents: YamlDocument[] = [];
  const problems: TextProblem[] = [];
  for (const [start, end] of stretches(text)) {
    const part = text.slice(start, end);
    if (!matters(part)) continue;
    if (part.length > MOST_CHARACTERS) {
      problems.push({ span: { start, end: start + 1 }, text: `longer than ${MOST_CHARACTERS.toLocaleString('en')} characters: not read` });
      continue;
    }
    const plain = masked(part);
    const parsed = parsedDocuments(plain);
    if (parsed === undefined) {
      problems.push({ span: { start, end: start + 1 }, text: 'nested too deeply to be read' });
      continue;
    }
    for (const document of parsed) {
      const [error] = document.errors;
      if (error !== undefined && plain === part) {
        const at = start + Math.min(error.pos[0], Math.max(0, part.length - 1));
        problems.push({ span: { start: at, end: at + 1 }, text: `not YAML: ${lowerFirst(error.message)}` });
      } else documents.push({ root: new Grower(text, plain, start).root(document), text: part, start });
    }
  }
  return { documents, problems };
}

/** Where documents stand: a line of `---` begins one, whatever it stands in. Directives before it belong to it. */
function stretches(text: string): [number, number][] {
  const found: [number, number][] = [];
  let start = 0;
  for (const { index: marker } of text.matchAll(/^---(?=\s|$)/gm)) {
    let index = marker;
    for (let line = lineBefore(text, index, start); text.startsWith('%', line) && line < index; line = lineBefore(text, index, start)) index = line;
    const before = text.slice(start, index);
    if (/^(?![ \t\r]*(?:#|%|$))/m.test(before)) {
      found.push([start, index]);
      start = index;
    }
  }
  found.push([start, text.length]);
  return found;
}

function lineBefore(text: string, offset: number, least: number): number {
  return offset <= least ? offset : Math.max(least, text.lastIndexOf('\n', offset - 2) + 1);
}

function lowerFirst(message: string): string {
  const line = (message.split('\n')[0] ?? '').replace(/[.:]$/, '');
  return /^[A-Z][a-z]/.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line;
}

/** Makes a tree of the nodes of a document. What an anchor names is one node, however many aliases lead to it. */
class Grower {
  readonly #text: string;
  readonly #plain: string;
  readonly #base: number;
  readonly #anchors = new Map<string, Tree | undefined>();
  #left = MOST_NODES;

  constructor(text: string, plain: string, base: number) {
    this.#text = text;
    this.#plain = plain;
    this.#base = base;
  }

  root(document: Document.Parsed): Tree | undefined {
    return this.#grow(document.contents, 0);
  }

  #grow(node: ParsedNode | null, depth: number): Tree | undefined {
    if (node === null || depth > DEEPEST || this.#left-- <= 0) return undefined;
    if (isAlias(node)) return this.#anchors.get(node.source);
    // An alias inside of what it leads to leads nowhere.
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, undefined);
    const tree = isScalar(node) ? this.#scalar(node, node.range) : isMap(node) ? this.#map(node.items, node.range, node.flow === true, depth) : isSeq(node) ? this.#list(node.items, node.range, node.flow === true, depth) : undefined;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, tree);
    return tree;
  }

  #map(pairs: readonly { readonly key: ParsedNode; readonly value: ParsedNode | null }[], range: readonly number[], isFlow: boolean, depth: number): Tree {
    const entries: TreeEntry[] = [];
    const merged: Tree[] = [];
    for (const { key: name, value: node } of pairs) {
      const key = this.#grow(name, depth + 1);
      const value = this.#grow(node, depth + 1);
      if (key?.kind !== 'scalar') continue;
      if (key.value === '<<' && value !== undefined) merged.push(...(value.kind === 'list' ? value.items.flatMap((item) => item.value ?? []) : [value]));
      else entries.push({ key, value, span: { start: key.span.start - (key.end - key.span.end), end: Math.max(key.end, endOf(value, key.end)) } });
    }
    const names = new Set(merged.length === 0 ? [] : entries.map(({ key }) => key.value));
    for (const one of merged) {
      if (one.kind !== 'map') continue;
      for (const entry of one.entries) {
        if (names.has(entry.key.value) || this.#left-- <= 0) continue;
        names.add(entry.key.value);
        entries.push(entry);
      }
    }
    return { kind: 'map', entries, span: this.#around(range, isFlow, entries) };
  }

  #list(nodes: readonly ParsedNode[], range: readonly number[], isFlow: boolean, depth: number): Tree {
    const items: TreeItem[] = nodes.flatMap((node) => {
      // What a list holds as `? key : value` is no item of ours.
      if (isPair(node)) return [];
      const value = this.#grow(node, depth + 1);
      const [start] = node.range;
      const dash = /-[ \t]*(?:[!&*][^\s,]*[ \t]*)*$/.exec(this.#plain.slice(Math.max(0, start - 100), start));
      return [{ value, span: { start: this.#base + start - (dash?.[0].length ?? 0), end: isAlias(node) ? this.#base + node.range[1] : endOf(value, this.#base + node.range[1]) } }];
    });
    return { kind: 'list', items, span: this.#around(range, isFlow, items) };
  }

  #scalar(node: Scalar.Parsed, [start, valueEnd]: readonly [number, number, number]): TreeScalar {
    const isQuoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
    const { start: from, end } = this.#span([start, valueEnd]);
    const isClosed = isQuoted && end - from > 1;
    const content = scalarContent(this.#text, this.#plain, this.#base, node);
    const span = isQuoted ? { start: from + 1, end: isClosed ? end - 1 : end } : { start: from, end };
    const type = isTemplate(content.text) || isReference(node.tag) ? 'template' : typeOf(node, isQuoted);
    return { kind: 'scalar', content, value: type === 'template' ? undefined : type === 'number' ? numberText(content.text) : type === 'null' ? '' : content.text, type, span, end };
  }

  /** Without the comments that follow its last part. */
  #around(range: readonly number[], isFlow: boolean, parts: readonly { readonly span: Span }[]): Span {
    const whole = this.#span(range);
    const last = parts.findLast(({ span }) => span.start >= whole.start && span.end <= whole.end);
    return isFlow || last === undefined ? whole : { start: whole.start, end: last.span.end };
  }

  /** Without what follows the last character. */
  #span([start = 0, end = start]: readonly number[]): Span {
    let last = end;
    while (last > start && /\s/.test(this.#plain.charAt(last - 1))) last--;
    return { start: this.#base + start, end: this.#base + last };
  }
}

/** The place of an empty value is somewhere behind comments: it is no end. */
function endOf(tree: Tree | undefined, otherwise: number): number {
  return tree === undefined || (tree.kind === 'scalar' && tree.type === 'null' && tree.content.text === '') ? otherwise : tree.kind === 'scalar' ? tree.end : tree.span.end;
}

/** `!Ref`, `!Sub`, `!vault`: another value than the one that stands there. */
function isReference(tag: string | undefined): boolean {
  return tag !== undefined && tag.startsWith('!') && !/^!(?:reset|override|unsafe|str|int)?$/.test(tag);
}

/** As Go's and Python's parsers see it, which read YAML 1.1: `yes` is a switch, `1_000` a number. */
function typeOf({ value, type, source, tag }: Scalar.Parsed, isQuoted: boolean): TreeScalar['type'] {
  if (isQuoted || type === Scalar.BLOCK_LITERAL || type === Scalar.BLOCK_FOLDED || tag === 'tag:yaml.org,2002:str') return 'string';
  if (value === null) return 'null';
  if (typeof value === 'boolean' || /^(?:y|yes|n|no|on|off|true|false)$/i.test(source)) return 'switch';
  return typeof value === 'number' || /^[-+]?(?:0x[\da-f_]+|0b[01_]+|\d[\d_]*)$/i.test(source) ? 'number' : 'string';
}

/** As those parsers print it: of whole numbers in decimal. */
function numberText(source: string): string {
  const digits = source.replaceAll('_', '').replace(/^\+/, '');
  const octal = /^(-?)0o?([0-7]+)$/.exec(digits);
  if (octal !== null) return `${octal[1]}${BigInt(`0o${octal[2]}`)}`;
  const based = /^(-?)(0x[\da-f]+|0b[01]+)$/i.exec(digits);
  return based === null ? digits : `${based[1]}${BigInt(based[2]!)}`;
}
