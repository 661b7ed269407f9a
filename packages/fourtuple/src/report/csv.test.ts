import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from './columns.ts';
import { renderCsv } from './csv.ts';

type Row = readonly (string | number | null)[];

const columns = (count: number): Column<Row>[] => Array.from({ length: count }, (_, index) => ({ id: `c${index}`, title: 'not this', help: '', align: 'left', value: (row) => row[index] ?? null, text: () => 'not this' }));

/** RFC 4180, read back. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [[]];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at]!;
      else isQuoted = false;
    } else if (character === '"') {
      isQuoted = true;
    } else if (character === ',' || character === '\n') {
      records.at(-1)!.push(field);
      field = '';
      if (character === '\n') records.push([]);
    } else {
      field += character;
    }
  }
  records.at(-1)!.push(field);
  return records;
}

describe('renderCsv', () => {
  it('writes ids for a heading, and values for machines', () => {
    expect(renderCsv(columns(3), [[1_234_567, 'a', null]])).toEqual(['c0,c1,c2', '1234567,a,']);
  });

  it.each([
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['two\rlines', '"two\rlines"'],
    ['plain text', 'plain text'],
    ['', ''],
  ])('%j is written %j', (value, expected) => {
    expect(renderCsv(columns(1), [[value]])[1]).toBe(expected);
  });

  it('can be read back, whatever the values', () => {
    const cell = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'x') }), fc.integer());
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), (rows) => {
        expect(parseCsv(renderCsv(columns(2), rows).join('\n'))).toEqual([['c0', 'c1'], ...rows.map((row) => row.map(String))]);
      }),
    );
  });

  it('takes rows from a stream', () => {
    const rows = function* (): Generator<Row> {
      yield [1];
      yield [2];
    };
    expect(renderCsv(columns(1), rows())).toEqual(['c0', '1', '2']);
  });
});
