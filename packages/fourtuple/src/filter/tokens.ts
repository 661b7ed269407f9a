/** A filter that cannot be understood: what, where, and what was expected. */
export class FilterSyntaxError extends Error {
  override readonly name = 'FilterSyntaxError';
}

const OPERATORS = ['&&', '||', '==', '!=', '>=', '<=', '=', '>', '<', '!', '&', '|', '(', ')', ','];

/** Splits at blanks, brackets and operators; an IPv6 address keeps its brackets. */
export function tokenize(text: string): string[] {
  const tokens: string[] = [];
  let word = '';
  const flush = (): void => {
    if (word !== '') tokens.push(word);
    word = '';
  };
  for (let at = 0; at < text.length; ) {
    const character = text[at]!;
    if (/\s/.test(character)) {
      flush();
      at++;
      continue;
    }
    if (character === '[') {
      const close = text.indexOf(']', at);
      if (close < 0) throw new FilterSyntaxError('a "[" without "]" in the filter');
      word += text.slice(at, close + 1);
      at = close + 1;
      continue;
    }
    const operator = OPERATORS.find((candidate) => text.startsWith(candidate, at));
    if (operator !== undefined) {
      flush();
      tokens.push(operator);
      at += operator.length;
      continue;
    }
    word += character;
    at++;
  }
  flush();
  return tokens;
}
