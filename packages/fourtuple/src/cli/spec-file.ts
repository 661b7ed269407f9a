import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { UsageError } from './errors.ts';

/** Larger than any description that somebody wrote; a recording given by mistake is not read whole. */
const MOST_BYTES = 4 << 20;

/** Reads a description in YAML, of which JSON is a part; `-` is standard input. @throws UsageError with the line of a mistake */
export function readSpec(path: string): unknown {
  const text = readFileSync(path === '-' ? 0 : path, 'utf8');
  if (text.length > MOST_BYTES) throw new UsageError(`${path} is too large for a description: ${text.length.toLocaleString('en')} bytes`);
  try {
    return parse(text, { prettyErrors: true, maxAliasCount: 100 });
  } catch (error) {
    // Too many aliases are a ReferenceError.
    if (error instanceof YAMLParseError || error instanceof ReferenceError) throw new UsageError(`${path} is not YAML or JSON: ${error.message.split('\n')[0]!.replace(/:$/, '')}`);
    throw error;
  }
}
