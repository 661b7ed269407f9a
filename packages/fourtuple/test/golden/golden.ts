import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));

/** The text that a file of the repository holds; with UPDATE_GOLDEN=1 the file is written anew. */
export function golden(path: string, actual: string): string {
  const file = fileURLToPath(new URL(path, import.meta.url));
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return actual;
  }
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Error(`${relative(repository, file)} is missing: run the test with UPDATE_GOLDEN=1, and look at the text`);
  }
}
