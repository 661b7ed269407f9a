import fc from 'fast-check';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { extract } from './detect.ts';
import type { Extracted } from '../statement.ts';

const CORPUS = fileURLToPath(new URL('../../../../fixtures/lint', import.meta.url));

/** Realistic files of the formats that are read here. */
const files = readdirSync(CORPUS, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(?:ya?ml|json|tf|nix|toml|md)$/.test(path) && statSync(join(CORPUS, path)).isFile())
  .map((path) => ({ path, text: readFileSync(join(CORPUS, path), 'utf8') }));

const MARKS = ['{{ x }}', '{{', '}}', '{%', '${', '${x}', '$(', '}', '{', '[', ']', '(', ')', '"', "'", "''", '|', '>-', '&a ', '*a', '<<: ', '!Ref ', '!!binary ', '? ', ': ', '- ', ', ', '#', '//', '/*', '*/', '---', '...', '%YAML 1.1\n', '=', ';', '.', '\\', '\\n', '\t', '\n', '\r\n', '\0', '\ufeff', '\uffff', '\ud800', '\u2028', '  '];

const WORDS = ['null', 'true', '0x', '<<EOF\n', '<<-EOF\n', 'EOF\n', '```\n', 'data:;base64,', 'data:,%', 'sysctl', 'net.core.somaxconn', 'net.core.somaxconn: 1\n', 'boot.kernel.sysctl', '#cloud-config\n', 'apiVersion: v1\nkind: List\n', 'item.name', 'mkOverride ', 'jsonencode(', 'merge('];

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly piece: string;
}

const edits = fc.array(fc.record({ at: fc.nat(100_000), length: fc.oneof(fc.constant(0), fc.nat(40)), piece: fc.oneof(fc.constantFrom('', ...MARKS, ...WORDS), fc.string({ unit: 'binary', maxLength: 8 })) }), { minLength: 1, maxLength: 8 });

function edited(text: string, changes: readonly Edit[]): string {
  let made = text;
  for (const { at, length, piece } of changes) {
    const from = at % (made.length + 1);
    made = made.slice(0, from) + piece + made.slice(from + length);
  }
  return made;
}

/** What is wrong with the places of what was found. */
function misplaced({ statements, ports, problems }: Extracted, text: string): unknown[] {
  const spans = [...statements.flatMap(({ span, keySpan, valueSpan }) => [span, keySpan, ...(valueSpan === undefined ? [] : [valueSpan])]), ...ports.map(({ span }) => span), ...problems.map(({ span }) => span)];
  const bad = spans.filter(({ start, end }) => !(start >= 0 && start <= end && end <= Math.max(1, text.length)));
  return [...bad, ...statements.filter(({ key, group }) => key === '' || group === ''), ...ports.filter(({ port }) => !(port > 0 && port < 65_536))];
}

describe('any text', () => {
  it('has realistic files to be made from', () => {
    expect(files.length).toBeGreaterThan(40);
  });

  it('is read without an error, and what is found stands in it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...files), edits, ({ path, text }, changes) => {
        const made = edited(text, changes);
        expect(misplaced(extract(path, made), made)).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  it('means the same below comments and with line ends of Windows', () => {
    const told = (path: string, text: string): unknown[] => extract(path, text).statements.map(({ key, value, reach, keySpan }) => [key, value, reach, text.slice(keySpan.start, keySpan.end)]);
    for (const { path, text } of files.filter(({ path }) => /\.(?:ya?ml|tf|nix)$/.test(path))) {
      expect(told(path, text.replaceAll('\n', '\r\n'))).toEqual(told(path, text));
      expect(told(path, text.startsWith('#cloud-config') ? `${text}\n# x\n` : `# x\n\n${text}`)).toEqual(told(path, text));
    }
  });

  const LONG = 40_000;
  const REPEATED = ['[', '{', '(', '{{', '${', '{%', '"', "'", '- ', 'a: ', '? ', '&a ', '!', '|', '\n', ' ', '\t', '#', '# x\n', '/*', 'a.', 'a ', 'a = ', '"${', "''${", '\\', '<<EOF\n', '}', ',', ';', '%', '---\n', '\r'];
  it.each(['yaml', 'tf', 'nix', 'toml', 'md'].flatMap((ending) => REPEATED.map((piece) => [ending, piece] as const)))('%s: %j again and again takes no time that grows like a square', (ending, piece) => {
    const times = LONG / piece.length;
    for (const text of [`sysctl: ${piece.repeat(times)}`, `sysctls = ${piece.repeat(times)}\nnet.core.somaxconn = 1`]) {
      // Processor time: the clock says nothing on a busy machine.
      const before = process.cpuUsage();
      expect(misplaced(extract(`x.${ending}`, text), text)).toEqual([]);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(10_000);
    }
  });

  it('has a line of a million characters', () => {
    const list = Array.from({ length: 20_000 }, (_, index) => `{name: "net.core.somaxconn", value: "${index}"}`).join(', ');
    expect(list.length).toBeGreaterThan(800_000);
    expect(extract('x.yaml', `sysctls: [${list}]`).statements).toHaveLength(20_000);
    expect(extract('x.tf', `x { sysctls = [${list.replaceAll(': ', ' = ')}] }`).statements).toHaveLength(20_000);
    expect(extract('x.nix', `{ boot.kernel.sysctl = { ${'"net.core.somaxconn" = 1; '.repeat(30_000)} }; }`).statements).toHaveLength(30_000);
  });

  it('multiplies nothing by aliases', () => {
    const bomb = (base: string): string => `a0: &a0 ${base}\n${Array.from({ length: 40 }, (_, index) => `a${index + 1}: &a${index + 1} {sysctls: [${`*a${index}, `.repeat(9)}], <<: [*a${index}, *a${index}], containers: [*a${index}, *a${index}]}\n`).join('')}`;
    const { statements } = extract('x.yaml', `${bomb('{name: net.core.somaxconn, value: "1"}')}apiVersion: v1\nkind: Pod\nspec: *a40\n`);
    expect(statements.length).toBeLessThan(2000);
  });
});
