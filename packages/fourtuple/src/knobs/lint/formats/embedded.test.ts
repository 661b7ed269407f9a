import { describe, expect, it } from 'vitest';
import { embedded, joined, lineMap } from './embedded.ts';
import { extractSysctlFile } from './sysctl-file.ts';

describe('embedded', () => {
  it('finds the lines of a block in the text around it', () => {
    const inner = 'a.b = 1\n\n  c.d = 2\n';
    const outer = 'x: |\n  a.b = 1\n\n    c.d = 2\ny: 1\n';
    const { statements } = embedded(extractSysctlFile(inner, ''), lineMap(inner, outer, 2, 2), (group) => `${group} of x`);
    expect(statements.map(({ group, keySpan, valueSpan, span }) => [group, ...[keySpan, valueSpan ?? span, span].map(({ start, end }) => outer.slice(start, end))])).toEqual([
      ['sysctl of x', 'a.b', '1', 'a.b = 1'],
      ['sysctl of x', 'c.d', '2', 'c.d = 2'],
    ]);
  });

  it('stays inside of the outer text', () => {
    const map = lineMap('a\nb\nc', 'x', 1, 4);
    expect([0, 1, 2, 3, 4, 5, 99].map(map)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  it('keeps empty spans empty', () => {
    const found = embedded({ statements: [], ports: [{ group: 'g', port: 1, span: { start: 2, end: 2 } }], problems: [{ span: { start: 0, end: 1 }, text: 'x' }] }, (offset) => offset + 10);
    expect(joined([found, found])).toEqual({
      statements: [],
      ports: [{ group: 'g', port: 1, span: { start: 12, end: 12 } }, { group: 'g', port: 1, span: { start: 12, end: 12 } }],
      problems: [{ span: { start: 10, end: 11 }, text: 'x' }, { span: { start: 10, end: 11 }, text: 'x' }],
    });
  });
});
