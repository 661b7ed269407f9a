import { describe, expect, it } from 'vitest';
import { makeTheme, themeFor } from './theme.ts';

const terminal = { isTTY: true };
const pipe = { isTTY: false };
const isColored = (stream: { isTTY: boolean }, environment: Record<string, string>, wanted?: boolean): boolean => themeFor(stream, environment, wanted).isColored;

describe('colour', () => {
  it.each([
    ['on a terminal', terminal, {}, true],
    ['not in a pipe', pipe, {}, false],
    ['not with NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['with an empty NO_COLOR, which is as if unset', terminal, { NO_COLOR: '' }, true],
    ['not on a dumb terminal', terminal, { TERM: 'dumb' }, false],
    ['in a pipe with FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, true],
    ['not in a pipe with FORCE_COLOR=0', pipe, { FORCE_COLOR: '0' }, false],
    ['not on a terminal with FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
    ['not in a pipe with an empty FORCE_COLOR', pipe, { FORCE_COLOR: '' }, false],
  ])('%s', (_, stream, environment, expected) => {
    expect(isColored(stream, environment)).toBe(expected);
  });

  it('a flag decides against everything else', () => {
    expect(isColored(pipe, { NO_COLOR: '1', TERM: 'dumb' }, true)).toBe(true);
    expect(isColored(terminal, { FORCE_COLOR: '1' }, false)).toBe(false);
  });

  it('paints in codes, and resets', () => {
    expect(makeTheme(true, true).paint('critical', 'x')).toBe('\u001B[1;31mx\u001B[0m');
  });

  it('paints nothing without colour, and no empty text', () => {
    expect(makeTheme(false, true).paint('critical', 'x')).toBe('x');
    expect(makeTheme(true, true).paint('critical', '')).toBe('');
  });
});

describe('Unicode', () => {
  it.each([
    [{}, true],
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'C' }, false],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, false],
    [{ LC_ALL: '', LC_CTYPE: 'en_US.UTF-8', LANG: 'C' }, true],
  ])('%j: %s', (environment, expected) => {
    expect(themeFor(terminal, environment).isUnicode).toBe(expected);
  });
});
