import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textWidth } from './table.ts';
import { wrap } from './wrap.ts';

describe('wrap', () => {
  it('breaks at blanks, and hangs the lines that follow', () => {
    const text = 'one two three four five six seven eight nine ten eleven twelve';
    expect(wrap(text, 40, '- ', '  ')).toEqual(['- one two three four five six seven', '  eight nine ten eleven twelve']);
  });

  it('is one line in a pipe', () => {
    expect(wrap('a b '.repeat(100).trim(), undefined, '  ')).toHaveLength(1);
  });

  it('does not break a word, however long', () => {
    expect(wrap(`a ${'x'.repeat(60)} b`, 40)).toEqual(['a', 'x'.repeat(60), 'b']);
  });

  it('keeps every word, in order, on lines that fit', () => {
    const word = fc.stringMatching(/^[a-z日本]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 40, max: 120 }), (words, width) => {
        const lines = wrap(words.join(' '), width, '  ');
        expect(lines.map((line) => line.trim()).join(' ')).toBe(words.join(' '));
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('fits a terminal of 30 columns', () => {
    for (const line of wrap('The next connect() of any program to this destination fails at once.', 30)) expect(textWidth(line)).toBeLessThanOrEqual(30);
  });
});
