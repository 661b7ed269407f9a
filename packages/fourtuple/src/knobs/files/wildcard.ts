/**
 * What tells whether a name matches a pattern without slashes, as fnmatch(3) of glibc with FNM_PERIOD: `*`, `?`, `[a-z]`, `[!a]`, `[[:alpha:]]`,
 * backslashes. Takes at most pattern length times name length steps. Undefined if nothing in it is a wildcard: glob(3) then takes the text,
 * without its backslashes, for a name.
 */
export function wildcard(pattern: string): ((name: string) => boolean) | undefined {
  const tokens = tokensOf(pattern);
  return tokens.every((token) => typeof token === 'string') ? undefined : (name) => matches(tokens, name);
}

function matches(tokens: readonly Token[], name: string): boolean {
  if (name.startsWith('.') && tokens[0] !== '.') return false;
  const letters = Array.from(name);
  let token = 0;
  let letter = 0;
  let star = -1;
  let resume = 0;
  while (letter < letters.length) {
    const current = tokens[token];
    if (current === ANY) {
      star = token++;
      resume = letter;
    } else if (current !== undefined && fits(current, letters[letter]!)) {
      token++;
      letter++;
    } else if (star >= 0) {
      token = star + 1;
      letter = ++resume;
    } else return false;
  }
  while (tokens[token] === ANY) token++;
  return token === tokens.length;
}

/** A name for what it says: without the backslashes before its characters. */
export function unescaped(pattern: string): string {
  return pattern.replace(/\\(.)/gsu, '$1');
}

const ANY = Symbol('*');
const ONE = Symbol('?');
type Token = string | typeof ANY | typeof ONE | ((letter: string) => boolean);

function fits(token: Token, letter: string): boolean {
  if (typeof token === 'function') return token(letter);
  return token === ONE || token === letter;
}

function tokensOf(pattern: string): Token[] {
  const letters = Array.from(pattern);
  const tokens: Token[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at]!;
    if (letter === '*') tokens.push(ANY);
    else if (letter === '?') tokens.push(ONE);
    else if (letter === '\\' && at + 1 < letters.length) tokens.push(letters[++at]!);
    else if (letter === '[') {
      const set = setAt(letters, at + 1);
      tokens.push(set?.contains ?? '[');
      at = set?.end ?? at;
    } else tokens.push(letter);
  }
  return tokens;
}

const CLASSES: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[a-z0-9]/i],
  ['alpha', /[a-z]/i],
  ['blank', /[ \t]/],
  ['cntrl', /[\u0000-\u001f\u007f]/],
  ['digit', /\d/],
  ['graph', /[!-~]/],
  ['lower', /[a-z]/],
  ['print', /[ -~]/],
  ['punct', /[!-/:-@[-`{-~]/],
  ['space', /[ \t-\r]/],
  ['upper', /[A-Z]/],
  ['xdigit', /[0-9a-f]/i],
]);

/** The set that begins at an index, behind its `[`, and where its `]` is. Undefined if it has none: the `[` is itself then. */
function setAt(letters: readonly string[], start: number): { readonly contains: (letter: string) => boolean; readonly end: number } | undefined {
  const negated = letters[start] === '!' || letters[start] === '^';
  const first = negated ? start + 1 : start;
  const ranges: (readonly [number, number])[] = [];
  const classes: RegExp[] = [];
  for (let at = first; at < letters.length; at++) {
    const letter = letters[at]!;
    if (letter === ']' && at > first) {
      const within = (one: string): boolean => ranges.some(([low, high]) => low <= codeOf(one) && codeOf(one) <= high) || classes.some((known) => known.test(one));
      return { contains: (one) => within(one) !== negated, end: at };
    }
    const named = letter === '[' && letters[at + 1] === ':' ? classAt(letters, at + 2) : undefined;
    if (named !== undefined) {
      classes.push(named.known);
      at = named.end;
      continue;
    }
    if (letter === '\\' && at + 1 < letters.length) at++;
    const low = codeOf(letters[at]!);
    const isRange = letters[at + 1] === '-' && letters[at + 2] !== undefined && letters[at + 2] !== ']';
    if (isRange) at += letters[at + 2] === '\\' && letters[at + 3] !== undefined ? 3 : 2;
    ranges.push([low, isRange ? codeOf(letters[at]!) : low]);
  }
  return undefined;
}

const LONGEST_CLASS = 6;

function classAt(letters: readonly string[], start: number): { readonly known: RegExp; readonly end: number } | undefined {
  const text = letters.slice(start, start + LONGEST_CLASS + 2).join('');
  const name = /^([a-z]+):\]/.exec(text)?.[1];
  const known = name === undefined ? undefined : CLASSES.get(name);
  return name === undefined || known === undefined ? undefined : { known, end: start + name.length + 1 };
}

function codeOf(letter: string): number {
  return letter.codePointAt(0) ?? 0;
}
