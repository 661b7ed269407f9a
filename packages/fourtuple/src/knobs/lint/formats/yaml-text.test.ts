import { describe, expect, it } from 'vitest';
import { at, isMap, isScalar, type Tree, type TreeScalar } from './tree.ts';
import { parseYaml } from './yaml-text.ts';

const root = (text: string): Tree | undefined => parseYaml(text).documents[0]?.root;

function scalarAt(text: string, ...path: string[]): TreeScalar {
  const found = at(root(text), ...path);
  if (!isScalar(found)) throw new Error(`no scalar at ${path.join('.')}`);
  return found;
}

/** What stands in the text where a part of a scalar is said to stand. */
function sourceOf(text: string, part: string): string {
  const { content } = scalarAt(text, 'a');
  const from = content.text.indexOf(part);
  expect(from).toBeGreaterThanOrEqual(0);
  const { start, end } = content.span(from, from + part.length);
  return text.slice(start, end);
}

describe('parseYaml', () => {
  it.each([
    ['a: 1024 65535 # c', '1024 65535', 'string'],
    ['a: "1024 65535"', '1024 65535', 'string'],
    ["a: '10'", '10', 'string'],
    ['a: 10', '10', 'number'],
    ['a: 010', '8', 'number'],
    ['a: 0x10', '16', 'number'],
    ['a: 1_000', '1000', 'number'],
    ['a: !!str 10', '10', 'string'],
    ['a: yes', 'yes', 'switch'],
    ['a: true', 'true', 'switch'],
    ['a:', '', 'null'],
    ['a: ""', '', 'string'],
    ['a: {{ .Values.low }}', undefined, 'template'],
    ['a: "{{ low }}"', undefined, 'template'],
    ['a: ${LOW}', undefined, 'template'],
    ['a: !Ref Low', undefined, 'template'],
    ['a: !override 5', '5', 'number'],
    ['a: |\n  1\n', '1\n', 'string'],
  ])('%j: %s, a %s', (text, value, type) => {
    expect(scalarAt(text, 'a')).toMatchObject({ value, type });
  });

  it.each([
    ['a: |\n  net.a = 1\n  net.b = 2\n'],
    ['a: |\n\n    net.a = 1\n      net.b = 2\n'],
    ['a: >-\n  net.a = 1\n  net.b = 2\n'],
    ['a: net.a = 1\n  net.b = 2\n'],
    ["a: 'it''s net.a\n\n  net.b = 2'\n"],
    ['a: "x\\n\\tnet.a \\u003d\\nnet.b = 2"'],
    ['a: "x \\\n  net.a\n  net.b = 2"'],
    ['a: |\r\n  net.a = 1\r\n  net.b = 2\r\n'],
    ['a: |\n  {{ if x }}\n  net.b = {{ y }}\n  net.b = 2\n  {{ end }}\n'],
    ['\ufeffa: |\n  net.a = 1\n  net.b = 2'],
  ])('knows where the characters of %j stand', (text) => {
    expect(sourceOf(text, 'net.b')).toBe('net.b');
    expect(sourceOf(text, '2')).toBe('2');
  });

  it('leaves the quotes out of the place of a scalar', () => {
    const text = 'a: "1024 65535"';
    const { span, end } = scalarAt(text, 'a');
    expect(text.slice(span.start, span.end)).toBe('1024 65535');
    expect(end).toBe(text.length);
  });

  it('follows aliases and merges, the own keys of a map first', () => {
    const text = 'x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [*x, {c: 4}]}\nw: *x\n';
    const map = root(text);
    expect([scalarValue(map, 'y', 'a'), scalarValue(map, 'y', 'b'), scalarValue(map, 'z', 'c'), scalarValue(map, 'w', 'b')]).toEqual(['1', '3', '4', '2']);
  });

  it('keeps keys that stand twice', () => {
    const map = root('a: 1\na: 2\n');
    expect(isMap(map) && map.entries.length).toBe(2);
  });

  it('reads every document, each by itself', () => {
    const text = '# one\n---\na: 1\n---\na: [\n...\n%YAML 1.1\n---\na: 3\n...\n';
    const { documents, problems } = parseYaml(text);
    expect(documents.map((document) => scalarValue(document.root, 'a'))).toEqual(['1', '3']);
    expect(problems.map(({ span }) => text.slice(0, span.start).split('\n').length)).toEqual([6]);
    expect(problems[0]?.text).toMatch(/^not YAML: flow sequence .*[^.]$/);
  });

  it('parses only the documents that matter', () => {
    expect(parseYaml('a: [\n---\nb: 1\n', (document) => document.includes('b:'))).toMatchObject({ documents: [{ start: 5 }], problems: [] });
  });

  it('does not ask of a template that it be YAML', () => {
    const text = 'a:\n  {{- if .Values.x }}\n  b: {{ .Values.b | quote }}\n  {{- else }}\n b: 2\n  {{- end }}\n';
    expect(parseYaml(text).problems).toEqual([]);
  });

  it('says of what is nested too deeply that it is', () => {
    for (const piece of ['[', '{a: ', '- ', '? ']) expect(parseYaml(piece.repeat(20_000)).problems.map(({ text }) => text)).toEqual(['nested too deeply to be read']);
  });

  it('gives up on documents that are too long, not on texts', () => {
    const filler = `# ${'x'.repeat(1 << 20)}`;
    expect(parseYaml(`a: 1\n---\nb: 2 ${filler}\n`)).toMatchObject({ documents: [{ start: 0 }], problems: [{ text: 'longer than 1,048,576 characters: not read' }] });
  });

  it('is not made larger by aliases', () => {
    const bomb = `a0: &a0 {k: v}\n${Array.from({ length: 60 }, (_, index) => `a${index + 1}: &a${index + 1} {l: [${`*a${index}, `.repeat(9)}], <<: [*a${index}, *a${index}]}\n`).join('')}`;
    expect(parseYaml(bomb).problems).toEqual([]);
    expect(parseYaml('a: &a [*a, {b: *a}]').documents).toHaveLength(1);
  });
});

function scalarValue(tree: Tree | undefined, ...path: string[]): string | undefined {
  const found = at(tree, ...path);
  return isScalar(found) ? found.value : undefined;
}
