import { closeSync, openSync, readSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { UsageError } from './errors.ts';

/** Larger than any description that somebody wrote; a recording given by mistake is not read whole. */
const MOST_BYTES = 4 << 20;

/** Reads a description in YAML, of which JSON is a part; `-` is standard input. @throws UsageError with the line of a mistake */
export function readSpec(path: string): unknown {
  const text = readBounded(path);
  try {
    return parse(text, { prettyErrors: true, maxAliasCount: 100 });
  } catch (error) {
    // Too many aliases are a ReferenceError.
    if (error instanceof YAMLParseError || error instanceof ReferenceError) throw new UsageError(`${path} is not YAML or JSON: ${error.message.split('\n')[0]!.replace(/:$/, '')}`);
    throw error;
  }
}

/** Reads no more than a description can be: a device never ends. */
function readBounded(path: string): string {
  let fd: number | undefined;
  try {
    fd = path === '-' ? 0 : openSync(path, 'r');
    const bytes = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) read = readSync(fd, bytes, length, bytes.length - length, null);
    if (length > MOST_BYTES) throw new UsageError(`${path} is too large for a description: more than ${MOST_BYTES.toLocaleString('en')} bytes`);
    return bytes.toString('utf8', 0, length);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  } finally {
    if (fd !== undefined && fd !== 0) closeSync(fd);
  }
}
