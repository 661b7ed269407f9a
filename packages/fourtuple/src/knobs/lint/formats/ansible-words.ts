import { isTemplate } from './templates.ts';
import type { CookedText } from './cooked-text.ts';
import type { TreeScalar } from './tree.ts';

/** A task on one line is no longer. */
const LONGEST = 20_000;

const WORD = /([A-Za-z_]\w*)=("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\{\{[^}]*\}\}|\S)*)/g;

/** Arguments of a task on one line: `name=KEY value="VALUE" state=present`. */
export function argumentsOf(content: CookedText): Map<string, TreeScalar> {
  const found = new Map<string, TreeScalar>();
  for (const { 1: name = '', 2: value = '', index } of content.text.slice(0, LONGEST).matchAll(WORD)) {
    const from = index + name.length + 1;
    const isQuoted = /^(["']).*\1$/s.test(value) && value.length > 1;
    const inner = content.slice(isQuoted ? from + 1 : from, isQuoted ? from + value.length - 1 : from + value.length);
    const isFilledIn = isTemplate(inner.text);
    found.set(name, { kind: 'scalar', content: inner, value: isFilledIn ? undefined : inner.text, type: isFilledIn ? 'template' : 'string', span: inner.span(), end: content.span(from, from + value.length).end });
  }
  return found;
}
