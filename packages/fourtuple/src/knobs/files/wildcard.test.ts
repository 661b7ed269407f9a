import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unescaped, wildcard } from './wildcard.ts';

describe('wildcard', () => {
  it.each([
    ['*', 'eth0.1', true],
    ['*', '.hidden', false],
    ['?hidden', '.hidden', false],
    ['.*', '.hidden', true],
    ['eth?', 'eth0', true],
    ['eth?', 'eth', false],
    ['e*0*1', 'eth0.1', true],
    ['e*0*2', 'eth0.1', false],
    ['[!e]*', 'lo', true],
    ['[^e]*', 'eth0', false],
    ['[a-d]*', 'default', true],
    ['[d-a]*', 'default', false],
    ['[]l]o', 'lo', true],
    ['[a-]*', '-x', true],
    ['[[:digit:]x]*', '7', true],
    ['[[:upper:]]*', 'lo', false],
    ['[[:none:]]*', ':]', true],
    ['[*', '[x', true],
    [String.raw`\**`, '*x', true],
    [String.raw`[\]]*`, ']', true],
    ['**************************x', 'y'.repeat(255), false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(wildcard(pattern)?.(name)).toBe(expected);
  });

  it.each(['lo', '[', '[a', String.raw`\*`, ''])('%j is a name', (text) => {
    expect(wildcard(text)).toBeUndefined();
  });

  it('takes backslashes away', () => {
    expect(unescaped(String.raw`a\b\\c` + '\\')).toBe(String.raw`ab\c` + '\\');
  });

  it('finds every name in itself, escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        const escaped = Array.from(name).map((letter) => `\\${letter}`).join('');
        expect(unescaped(escaped)).toBe(name);
        expect(wildcard(`${escaped}*`)?.(`${name}x`)).toBe(true);
        expect(wildcard(`?${escaped}`)?.(`x${name}`)).toBe(true);
      }),
    );
  });
});
