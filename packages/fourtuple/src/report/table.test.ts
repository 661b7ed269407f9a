import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from './columns.ts';
import { printable, renderTable, textWidth } from './table.ts';
import { makeTheme } from './theme.ts';

const plain = makeTheme(false, true);
const ascii = makeTheme(false, false);
const coloured = makeTheme(true, true);

type Row = Readonly<Record<string, string | number | null>>;

function column(id: string, options: Partial<Column<Row>> = {}): Column<Row> {
  return { id, title: id, help: '', align: 'left', value: (row) => row[id] ?? null, ...options };
}

const withoutColour = (line: string): string => line.replaceAll(/\u001B\[[\d;]*m/g, '');

describe('renderTable', () => {
  it('aligns columns under their titles, numbers to the right, no blanks at the end', () => {
    const rows: Row[] = [
      { name: 'a', count: 5, note: 'x' },
      { name: 'longer', count: 12_345, note: '' },
    ];
    expect(renderTable([column('name'), column('count', { align: 'right' }), column('note')], rows, { theme: plain })).toEqual(['name    count  note', 'a           5  x', 'longer  12345']);
  });

  it('shows nothing as a dash, and zero as zero', () => {
    expect(renderTable([column('a'), column('b')], [{ a: null, b: 0 }], { theme: plain })).toEqual(['a  b', '-  0']);
  });

  it('prefers the text for people', () => {
    expect(renderTable([column('a', { text: (row) => `<${row['a']}>` })], [{ a: 1 }], { theme: plain })).toEqual(['a', '<1>']);
  });

  it('leaves the heading out when told to, and takes no room for it', () => {
    expect(renderTable([column('heading'), column('b')], [{ heading: 1, b: 2 }], { theme: plain, hasHeading: false })).toEqual(['1  2']);
  });

  it('indents every line', () => {
    expect(renderTable([column('a')], [{ a: 1 }], { theme: plain, indent: '    ' })).toEqual(['    a', '    1']);
  });

  it('cuts nothing in a pipe', () => {
    const long = 'x'.repeat(500);
    expect(renderTable([column('a', { canShrink: true, dropFirst: 1 })], [{ a: long }], { theme: plain })[1]).toBe(long);
  });

  it('is a heading alone without rows', () => {
    expect(renderTable([column('a'), column('b')], [], { theme: plain, width: 80 })).toEqual(['a  b']);
  });

  it('drops the columns that may be dropped first, and only as many as it takes', () => {
    const columns = [column('keep'), column('second', { dropFirst: 1 }), column('first', { dropFirst: 2 })];
    const rows: Row[] = [{ keep: 'k'.repeat(10), second: 's'.repeat(10), first: 'f'.repeat(10) }];
    const heading = (width: number): string => renderTable(columns, rows, { theme: plain, width })[0]!.replaceAll(/ +/g, ' ');
    expect([34, 33, 22, 21].map(heading)).toEqual(['keep second first', 'keep second', 'keep second', 'keep']);
  });

  it('shrinks as far as it may before it drops anything', () => {
    const columns = [column('wide', { canShrink: true }), column('other', { dropFirst: 1 })];
    const rows: Row[] = [{ wide: 'w'.repeat(20), other: 'o'.repeat(10) }];
    const row = (width: number): string => renderTable(columns, rows, { theme: plain, width })[1]!;
    expect([32, 24, 23].map(row)).toEqual([`${'w'.repeat(20)}  ${'o'.repeat(10)}`, `${'w'.repeat(11)}…  ${'o'.repeat(10)}`, 'w'.repeat(20)]);
  });

  it('cuts with an ellipsis, an ASCII one where Unicode is not understood', () => {
    const columns = [column('a', { canShrink: true })];
    const rows: Row[] = [{ a: 'abcdefghijklmnopqrstuvwxyz' }];
    expect(renderTable(columns, rows, { theme: plain, width: 15 })[1]).toBe('abcdefghijklmn…');
    expect(renderTable(columns, rows, { theme: ascii, width: 15 })[1]).toBe('abcdefghijklmn~');
  });

  it('pads by what is seen, not by escape codes', () => {
    const columns = [column('a', { style: () => 'critical' }), column('b')];
    const lines = renderTable(columns, [{ a: 'x', b: 'y' }, { a: 'long', b: 'z' }], { theme: coloured });
    expect(lines.map(withoutColour)).toEqual(['a     b', 'x     y', 'long  z']);
    expect(lines[1]).toContain('\u001B[1;31mx\u001B[0m');
  });

  const words = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: fc.constantFrom('a', 'é', '日', '本', '🚀', 'ｗ', ' ', '…'), maxLength: 40 }));

  it('fits every width from 30 to 200, wide characters too', () => {
    const columns = [column('tuple', { canShrink: true }), column('used', { align: 'right' }), column('free', { align: 'right', dropFirst: 1 }), column('process', { canShrink: true, dropFirst: 2 }), column('namespace', { canShrink: true, dropFirst: 3 })];
    const row = fc.record({ tuple: words.map(printable), used: fc.nat(999_999), free: fc.nat(999_999), process: words.map(printable), namespace: words.map(printable) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), fc.integer({ min: 30, max: 200 }), fc.constantFrom('', '  '), (rows, width, indent) => {
        for (const line of renderTable(columns, rows, { theme: plain, width, indent })) expect(textWidth(line)).toBeLessThanOrEqual(width);
      }),
      { numRuns: 1000 },
    );
  });

  it('fits also when what may be dropped and shrunk does not suffice ("no line longer than the terminal")', () => {
    const columns = [column('source', { canShrink: true }), column('used', { align: 'right' }), column('capacity', { align: 'right' }), column('free', { align: 'right' })];
    const rows: Row[] = [{ source: '2001:db8:1234:5678:9abc:def0:1234:5678', used: '28,232', capacity: '28,232', free: '28,232' }];
    for (const line of renderTable(columns, rows, { theme: plain, width: 30 })) expect(textWidth(line)).toBeLessThanOrEqual(30);
  });
});

describe('textWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['日本', 4],
    ['ｆｕｌｌ', 8],
    ['🚀', 2],
    ['한글', 4],
    ['…', 1],
    ['→', 1],
    ['█░', 2],
    ['\u{10FF}\u{1100}\u{115F}\u{1160}', 6],
    ['\u{2E7F}\u{2E80}\u{A4CF}\u{A4D0}', 6],
    ['\u{ABFF}\u{AC00}\u{D7A3}\u{D7A4}', 6],
    ['\u{F8FF}\u{F900}\u{FAFF}\u{FB00}', 6],
    ['\u{FE2F}\u{FE30}\u{FE6F}\u{FE70}', 6],
    ['\u{FEFE}\u{FF00}\u{FF60}\u{FF61}', 6],
    ['\u{1F2FF}\u{1F300}\u{1FAFF}\u{1FB00}', 6],
    ['\u{1FFFF}\u{20000}\u{3FFFD}\u{3FFFE}', 6],
  ])('%s takes %i cells', (text, expected) => {
    expect(textWidth(text)).toBe(expected);
  });
});

describe('printable', () => {
  it('lets no control character reach a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0x2ff }).map((code) => String.fromCodePoint(code)) }), (text) => {
        expect(printable(text)).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
        expect(printable(text)).toHaveLength(text.length);
      }),
    );
  });

  it('leaves everything else as it is', () => {
    expect(printable('nginx: worker é 日本 🚀')).toBe('nginx: worker é 日本 🚀');
  });

  it.each(['\u202E', '\u2028'])('replaces %j, which turns the direction of what follows or breaks the line', (character) => {
    expect(printable(`app${character}gpj`)).not.toContain(character);
  });
});
