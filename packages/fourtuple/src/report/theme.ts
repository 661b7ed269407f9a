/** Semantic styles; a theme maps each to what surrounds a text. */
export type Style = 'ok' | 'info' | 'warning' | 'critical' | 'unknown' | 'dim' | 'strong' | 'heading';

export interface Theme {
  /** Wraps the text in the style's escape codes, or returns it as it is. */
  paint(style: Style, text: string): string;
  readonly isColored: boolean;
  /** Box-drawing and block characters may be used. */
  readonly isUnicode: boolean;
}

const codes: Readonly<Record<Style, string>> = {
  ok: '32',
  info: '36',
  warning: '33',
  critical: '1;31',
  unknown: '35',
  dim: '2',
  strong: '1',
  heading: '1;4',
};

export function makeTheme(isColored: boolean, isUnicode: boolean): Theme {
  return { isColored, isUnicode, paint: (style, text) => (isColored && text !== '' ? `\u001B[${codes[style]}m${text}\u001B[0m` : text) };
}

export interface OutputStream {
  readonly isTTY?: boolean | undefined;
}

/**
 * Colour on a terminal. NO_COLOR (no-color.org) and a dumb terminal switch it off; else FORCE_COLOR decides, 0 for off;
 * a flag of the command line stands above all.
 */
export function themeFor(stream: OutputStream, environment: Readonly<Record<string, string | undefined>>, wantsColor?: boolean): Theme {
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  const force = environment['FORCE_COLOR'] ?? '';
  const isColored = wantsColor ?? (!refused && (force === '' ? stream.isTTY === true : force !== '0'));
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  // Without a locale a terminal of today still understands UTF-8; only a stated other one says otherwise.
  const isUnicode = locale === '' || /utf-?8/i.test(locale);
  return makeTheme(isColored, isUnicode);
}
