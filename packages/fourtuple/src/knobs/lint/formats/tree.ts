import type { Span } from '../statement.ts';
import type { CookedText } from './cooked-text.ts';

/** What YAML, JSON and HCL hold alike: maps, lists, and scalars that know where they stand. */
export type Tree = TreeMap | TreeList | TreeScalar;

export interface TreeMap {
  readonly kind: 'map';
  /** In their order, keys that stand twice included; those of merges (`<<`) behind the map's own. */
  readonly entries: readonly TreeEntry[];
  readonly span: Span;
}

export interface TreeEntry {
  readonly key: TreeScalar;
  /** Undefined for none, and for what cannot be followed. */
  readonly value: Tree | undefined;
  readonly span: Span;
}

export interface TreeList {
  readonly kind: 'list';
  readonly items: readonly TreeItem[];
  readonly span: Span;
}

export interface TreeItem {
  readonly value: Tree | undefined;
  /** With its dash. */
  readonly span: Span;
}

export interface TreeScalar {
  readonly kind: 'scalar';
  /** Its text, templates as they are written. */
  readonly content: CookedText;
  /** What a program would read; undefined where a template or a variable stands in it. */
  readonly value: string | undefined;
  readonly type: 'string' | 'number' | 'switch' | 'null' | 'template';
  /** Without quotes around it. */
  readonly span: Span;
  /** Behind the closing quote. */
  readonly end: number;
}

/** A text with a tree in it. */
export interface Source {
  readonly text: string;
  /** What comments of one line begin with. */
  readonly marks: readonly string[];
}

export function isMap(tree: Tree | undefined): tree is TreeMap {
  return tree?.kind === 'map';
}

export function isScalar(tree: Tree | undefined): tree is TreeScalar {
  return tree?.kind === 'scalar';
}

/** The last of the entries of a name counts, as programs read them. */
export function entryOf(tree: Tree | undefined, ...names: readonly string[]): TreeEntry | undefined {
  return isMap(tree) ? tree.entries.findLast(({ key }) => key.value !== undefined && names.includes(key.value)) : undefined;
}

/** What stands at a path of names below a tree; a list or scalar on the way is the end of it. */
export function at(tree: Tree | undefined, ...path: readonly string[]): Tree | undefined {
  let here = tree;
  for (const name of path) here = entryOf(here, name)?.value;
  return here;
}

export function itemsOf(tree: Tree | undefined): readonly TreeItem[] {
  return tree?.kind === 'list' ? tree.items : [];
}

export function mapsOf(tree: Tree | undefined): TreeMap[] {
  return itemsOf(tree).flatMap(({ value }) => (isMap(value) ? [value] : []));
}

export function scalarsOf(tree: Tree | undefined): TreeScalar[] {
  return itemsOf(tree).flatMap(({ value }) => (isScalar(value) ? [value] : []));
}

/** The text of a scalar at a path; undefined for a template. */
export function textAt(tree: Tree | undefined, ...path: readonly string[]): string | undefined {
  const found = at(tree, ...path);
  return isScalar(found) ? found.value : undefined;
}

export function isTrue(tree: Tree | undefined): boolean {
  return isScalar(tree) && /^(true|yes|on)$/i.test(tree.value ?? '');
}

/** A map on the way from the root, under its name. */
export interface Above {
  readonly map: TreeMap;
  readonly name: string;
}

/**
 * Every map of a tree from the outer to the inner, each once: what aliases share does not multiply.
 * @param visit is told the name under which the map stands, of a list's items that of the list; false keeps it from what is inside
 */
export function eachMap(root: Tree | undefined, visit: (map: TreeMap, name: string, above: readonly Above[]) => boolean | void): void {
  const seen = new Set<Tree>();
  const above: Above[] = [];
  const walk = (tree: Tree | undefined, name: string): void => {
    if (tree === undefined || tree.kind === 'scalar' || seen.has(tree)) return;
    seen.add(tree);
    if (tree.kind === 'list') {
      for (const { value } of tree.items) walk(value, name);
      return;
    }
    if (visit(tree, name, above) === false) return;
    above.push({ map: tree, name });
    for (const { key, value } of tree.entries) walk(value, key.value ?? '');
    above.pop();
  };
  walk(root, '');
}
