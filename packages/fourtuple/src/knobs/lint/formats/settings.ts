import { dottedKey } from '../../files/key.ts';
import type { Extracted, NamedPort, Reach, Span, Statement } from '../statement.ts';
import { comments } from './comments.ts';
import { withSpans } from './embedded.ts';
import { isTemplate } from './templates.ts';
import { isMap, isScalar, itemsOf, type Source, type Tree, type TreeScalar } from './tree.ts';

/** Where settings end together. */
export interface Placement {
  readonly group: string;
  readonly reach: Reach;
  readonly sharesHostNetwork: boolean;
}

/** A key of which nothing but its look says that it is a sysctl. */
const SYSCTL_KEY = /^(?:net[./](?:ipv4|ipv6|core|netfilter|unix|bridge|mptcp|sctp|nf_conntrack_max)|fs|kernel|vm)[./a-z0-9_*-]*[a-z0-9_*]$/i;

export function isSysctlKey(text: string | undefined): boolean {
  return text !== undefined && /[./]/.test(text) && SYSCTL_KEY.test(text);
}

/** A setting in a field; undefined if its key is a template. */
export function fieldStatement(source: Source, place: Placement, key: TreeScalar, value: TreeScalar | undefined, span: Span, more: { readonly value?: string | undefined; readonly isString?: boolean } = {}): Statement | undefined {
  const name = key.value?.trim();
  if (name === undefined || name === '') return undefined;
  return {
    ...place,
    means: 'field',
    key: dottedKey(name),
    keySpan: key.span,
    value: 'value' in more ? more.value : value?.value,
    valueSpan: value?.span,
    span,
    comment: comments(source, span.start, value === undefined ? [key.end] : [key.end, value.end]),
    ...(more.isString === undefined ? {} : { isString: more.isString }),
  };
}

/** `KEY: VALUE` of a map. Nulls unset, other than scalars are not read. */
export function mapStatements(source: Source, place: Placement, map: Tree | undefined, takes: (key: string | undefined) => boolean = () => true): Statement[] {
  if (!isMap(map)) return [];
  return map.entries.flatMap(({ key, value, span }) => (isScalar(value) && value.type !== 'null' && takes(key.value) ? (fieldStatement(source, place, key, value, span) ?? []) : []));
}

/** Items of `{name: KEY, value: VALUE}`, by whatever names. */
export function listStatements(source: Source, place: Placement, list: Tree | undefined, names: readonly string[], { tellsType = false, takes = (): boolean => true }: { tellsType?: boolean; takes?: (key: string | undefined) => boolean } = {}): Statement[] {
  return itemsOf(list).flatMap(({ value: item, span }) => {
    const key = scalarIn(item, names);
    if (key === undefined || !takes(key.value)) return [];
    const value = scalarIn(item, ['value', 'Value', 'val']);
    const isString = tellsType && value !== undefined && value.type !== 'template' && value.type !== 'null' ? { isString: value.type === 'string' } : {};
    return fieldStatement(source, place, key, value, span, isString) ?? [];
  });
}

/** Items of `KEY=VALUE` in one scalar. */
export function pairStatements(source: Source, place: Placement, list: Tree | undefined, takes: (key: string | undefined) => boolean = () => true): Statement[] {
  return itemsOf(list).flatMap(({ value, span }) => (isScalar(value) ? (pairStatement(source, place, value, span, takes) ?? []) : []));
}

function pairStatement(source: Source, place: Placement, { content, end }: TreeScalar, span: Span, takes: (key: string) => boolean): Statement | undefined {
  const equals = content.text.indexOf('=');
  if (equals < 0) return undefined;
  const key = content.slice(0, equals).trimmed();
  const value = content.slice(equals + 1);
  if (key.text === '' || isTemplate(key.text) || !takes(key.text)) return undefined;
  return { ...place, means: 'field', key: dottedKey(key.text), keySpan: key.span(), value: isTemplate(value.text) ? undefined : value.text, valueSpan: value.span(), span, comment: comments(source, span.start, [end]) };
}

/** As Ansible writes switches: its sysctl module takes all words of the kind for 1 and 0. */
export function switchless(statement: Statement): Statement {
  const word = statement.value?.trim();
  if (word === undefined) return statement;
  return { ...statement, value: /^(?:y|yes|on|true|t)$/i.test(word) ? '1' : /^(?:n|no|off|false|f)$/i.test(word) ? '0' : word };
}

/** A scalar under the first of some names that a map has. */
export function scalarIn(map: Tree | undefined, names: readonly string[]): TreeScalar | undefined {
  if (!isMap(map)) return undefined;
  for (const name of names) {
    const found = map.entries.findLast(({ key }) => key.value === name)?.value;
    if (isScalar(found)) return found;
  }
  return undefined;
}

/** A number in a field as a port: other than digits, and 0, are none. */
export function portOf(group: string, scalar: Tree | undefined): NamedPort[] {
  if (!isScalar(scalar) || scalar.value === undefined || !/^\d{1,5}$/.test(scalar.value)) return [];
  const port = Number(scalar.value);
  return port > 0 && port < 65_536 ? [{ group, port, span: scalar.span }] : [];
}

/** What was found in the text of a scalar. */
export function inside({ content }: TreeScalar, found: (text: string) => Extracted): Extracted {
  return withSpans(found(content.text), ({ start, end }) => content.span(start, end));
}

/** The same settings in another place. */
export function moved({ statements, ports, problems }: Extracted, place: Placement): Extracted {
  return { statements: statements.map((one) => ({ ...one, ...place })), ports: ports.map((port) => ({ ...port, group: place.group })), problems };
}
