import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The file that PATH gives for a name. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** First line of what a program says of its version, on whichever stream. */
export function versionLine(name: string, ...args: readonly string[]): string | undefined {
  if (findProgram(name) === undefined) return undefined;
  const result = spawnSync(name, args, { encoding: 'utf8', timeout: 5000 });
  return `${result.stdout}\n${result.stderr}`.trim().split('\n')[0];
}
