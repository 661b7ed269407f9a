const NAMED: ReadonlyMap<string, string> = new Map([['n', '\n'], ['t', '\t'], ['r', '\r'], ['a', '\u0007'], ['b', '\b'], ['f', '\f'], ['v', '\v'], ['e', '\u001b'], ['\\', '\\'], ["'", "'"], ['"', '"']]);

/** What `echo -e`, `printf` and `$'…'` make of the characters at an offset, and how many of them; an unknown escape stays as it is. */
export function decodedEscape(text: string, at: number, end = text.length): { readonly text: string; readonly length: number } {
  const letter = text[at] ?? '';
  const next = text[at + 1];
  if (letter !== '\\' || next === undefined || at + 1 >= end) return { text: letter, length: 1 };
  const named = NAMED.get(next);
  if (named !== undefined) return { text: named, length: 2 };
  const numbered = /^\\(?:0?([0-7]{1,3})|x([0-9a-fA-F]{1,2}))/.exec(text.slice(at, Math.min(end, at + 5)));
  const code = numbered?.[1] === undefined ? Number.parseInt(numbered?.[2] ?? '', 16) : Number.parseInt(numbered[1], 8);
  return numbered === null || Number.isNaN(code) ? { text: '\\', length: 1 } : { text: String.fromCharCode(code % 256), length: numbered[0].length };
}
