import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOfLine, lineStarts, offsetOfLine, placeOf } from './line-starts.ts';

describe('placeOf', () => {
  it.each([
    ['', 0, 1, 1],
    ['ab', 2, 1, 3],
    ['a\nb', 1, 1, 2],
    ['a\nb', 2, 2, 1],
    ['a\r\n\r\nb', 5, 3, 1],
    ['a\n', 2, 2, 1],
    ['a\n', 99, 2, 98],
  ])('%j at %d', (text, offset, line, column) => {
    expect(placeOf(lineStarts(text), offset)).toEqual({ line, column });
  });

  it('leads back', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\n', '\r', 'é', '\u{1f600}')), fc.nat(), (letters, seed) => {
        const text = letters.join('');
        const starts = lineStarts(text);
        const offset = seed % (text.length + 1);
        const { line, column } = placeOf(starts, offset);
        expect(offsetOfLine(starts, line) + column - 1).toBe(offset);
        expect(text.slice(0, offset).split('\n')).toHaveLength(line);
        expect(text.split('\n')[line - 1]).toBe(text.slice(offsetOfLine(starts, line), endOfLine(text, starts, line)));
      }),
    );
  });
});
