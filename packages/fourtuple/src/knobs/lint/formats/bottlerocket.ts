import { nothingExtracted, type Extracted, type Statement } from '../statement.ts';
import { comments } from './comments.ts';
import { isTemplate } from './templates.ts';

/** Settings of Bottlerocket: the lines of `[settings.kernel.sysctl]` in a file in TOML. */
export function extractBottlerocket(text: string): Extracted {
  const statements: Statement[] = [];
  const source = { text, marks: ['#'] };
  let isInside = false;
  let start = 0;
  for (const line of text.split('\n')) {
    const table = /^\s*\[([^\]]*)\]/.exec(line.slice(0, 200));
    if (table !== null) isInside = table[1]?.replace(/["'\s]/g, '') === 'settings.kernel.sysctl';
    const pair = isInside ? /^(\s*["']?)([A-Za-z0-9_][\w./-]*)(["']?\s*=\s*)("[^"\n]*"|'[^'\n]*')/.exec(line) : null;
    if (pair !== null) {
      const [all, before = '', key = '', between = '', quoted = ''] = pair;
      const keyStart = start + before.length;
      const valueStart = keyStart + key.length + between.length + 1;
      const value = quoted.slice(1, -1);
      const span = { start: start + before.length - before.trimStart().length, end: start + all.length };
      statements.push({
        group: 'node',
        reach: 'node',
        sharesHostNetwork: false,
        means: 'field',
        key,
        keySpan: { start: keyStart, end: keyStart + key.length },
        value: isTemplate(value) ? undefined : value,
        valueSpan: { start: valueStart, end: valueStart + value.length },
        span,
        comment: comments(source, span.start, [span.end]),
      });
    }
    start += line.length + 1;
  }
  return statements.length === 0 ? nothingExtracted : { statements, ports: [], problems: [] };
}
