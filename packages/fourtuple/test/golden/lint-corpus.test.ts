import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { lintFiles } from '../../src/knobs/lint/index.ts';

const corpus = fileURLToPath(new URL('../../fixtures/lint', import.meta.url));

/** Every rule that the linter has: each must be found in two inputs at least. */
const rules = [
  'malformed-line', 'exclusion-without-effect', 'command-only-reads', 'value-not-quoted', 'redirected-by-shell', 'unknown-key', 'removed-key',
  'value-refused', 'value-misread', 'value-is-default', 'lowers-default', 'tcp-mem-in-bytes',
  'tw-recycle-gone', 'fin-timeout-not-time-wait', 'fin-timeout-trap', 'somaxconn-not-connections', 'tw-reuse-without-timestamps', 'timestamps-off', 'syncookies-off', 'abort-on-overflow',
  'range-without-reserved', 'service-port-in-range', 'range-covers-node-ports', 'range-parity', 'range-narrow',
  'reserved-all', 'reserved-outside-range', 'reserved-replaced', 'autobind-reuse', 'unprivileged-ports-open',
  'not-namespaced', 'unsafe-sysctl', 'host-network', 'value-not-string', 'not-inherited', 'initcontainer-writes',
  'overridden', 'never-read', 'not-read-by-systemd',
  'suppression-without-reason', 'suppression-unknown-rule', 'suppression-unused',
];

/** What is linted at once: a file, or the files of a folder that ends in `.tree`, whose paths begin there. */
interface Input {
  readonly name: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** `LINE RULE SEVERITY`; of a tree `PATH:LINE RULE SEVERITY`. */
  readonly expected: readonly string[];
}

/** All inputs below clean/ or found/. */
function inputsOf(kind: 'clean' | 'found'): Input[] {
  const root = join(corpus, kind);
  const inputs = readInputs(root, '');
  return inputs.map(({ name, files }) => ({ name, files, expected: expectedOf(join(root, `${name}.expected`)) }));
}

function readInputs(root: string, folder: string): Omit<Input, 'expected'>[] {
  return readdirSync(join(root, folder)).sort().flatMap((entry) => {
    const name = join(folder, entry);
    if (entry.endsWith('.expected')) return [];
    if (entry.endsWith('.tree')) return [{ name, files: filesBelow(join(root, name)) }];
    if (statSync(join(root, name)).isDirectory()) return readInputs(root, name);
    return [{ name, files: [{ path: name, text: readFileSync(join(root, name), 'utf8') }] }];
  });
}

function filesBelow(root: string): Input['files'] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return names.filter((name) => statSync(join(root, name)).isFile()).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function expectedOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

/** The findings of an input in the words of its sidecar, sorted by file, line and rule. */
function findingsOf({ name, files }: Input): string[] {
  const isTree = name.endsWith('.tree');
  const sorted = lintFiles(files.map((file) => ({ ...file }))).findings.toSorted((one, other) => compare(one.file, other.file) || one.line - other.line || compare(one.rule, other.rule));
  return sorted.map(({ file, line, rule, severity }) => `${isTree ? `${file}:` : ''}${line} ${rule} ${severity}`);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

const clean = inputsOf('clean');
const found = inputsOf('found');
const inputsByRule = new Map(rules.map((rule) => [rule, found.filter(({ expected }) => expected.some((line) => line.includes(` ${rule} `))).length]));
let agreeing = 0;

afterAll(() => {
  const findings = found.reduce((sum, { expected }) => sum + expected.length, 0);
  console.log(`lint corpus: ${clean.length + found.length} inputs, ${clean.length} of them clean, ${findings} findings expected of ${rules.length} rules; ${agreeing} inputs as expected`);
  console.log([...inputsByRule].map(([rule, count]) => `${rule} ${count}`).join(', '));
});

describe('the corpus', () => {
  it('has many inputs, and enough that are clean', () => {
    expect(clean.length + found.length).toBeGreaterThanOrEqual(60);
    expect(clean.length).toBeGreaterThanOrEqual(15);
    expect(clean.filter(({ expected }) => expected.length > 0)).toEqual([]);
    expect(found.filter(({ expected }) => expected.length === 0)).toEqual([]);
  });

  it('hits each rule twice, and names no other', () => {
    expect([...inputsByRule].filter(([, count]) => count < 2)).toEqual([]);
    const named = found.flatMap(({ expected }) => expected.map((line) => line.split(' ')[1]!));
    expect([...new Set(named)].filter((rule) => !inputsByRule.has(rule))).toEqual([]);
  });
});

describe('finds nothing in', () => {
  it.each(clean)('$name', (input) => {
    expect(findingsOf(input)).toEqual([]);
    agreeing++;
  });
});

describe('finds what is there, and nothing else, in', () => {
  it.each(found)('$name', (input) => {
    expect(findingsOf(input)).toEqual(input.expected);
    agreeing++;
  });
});
