import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withUnit } from './figures.ts';
import { judge } from './goals.ts';
import { renderMarkdown } from './markdown.ts';
import type { BenchResults } from './results.ts';

/** Writes latest.json and latest.md; a half-written one is never seen. */
export function writeResults(folder: string, results: BenchResults): void {
  mkdirSync(folder, { recursive: true });
  replace(join(folder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
  replace(join(folder, 'latest.md'), renderMarkdown(results));
}

function replace(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

/** A line a goal, for the terminal. */
export function goalLines({ stages }: BenchResults): string[] {
  return judge(stages).verdicts.map(({ met, sockets, subject, value, at, bound, unit }) => {
    const size = sockets === 0 ? 'no sockets' : `${sockets.toLocaleString('en')} sockets`;
    return `${met ? 'met    ' : 'NOT MET'}  ${size}: ${subject}: ${withUnit(value, unit)}, wanted at ${at} ${withUnit(bound, unit)}`;
  });
}
