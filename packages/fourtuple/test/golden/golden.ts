import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));

/** Holds a text against a file of the repository; with UPDATE_GOLDEN=1 the file is written instead. */
export function expectGolden(path: string, actual: string): void {
  const file = fileURLToPath(new URL(path, import.meta.url));
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  const shown = relative(repository, file);
  let expected: string;
  try {
    expected = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`${shown} is missing: look at the text, then run the test with UPDATE_GOLDEN=1`);
  }
  expect(actual, `${shown}: if the change is meant, run the test with UPDATE_GOLDEN=1`).toBe(expected);
}
