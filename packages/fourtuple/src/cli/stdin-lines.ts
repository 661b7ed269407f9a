import { readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const CHUNK = 65_536;
/** What is longer than this is no line of a log; the rest of it is dropped. */
const MAX_LINE = 1_048_576;

/** Reads standard input line by line, however long it is. */
export async function readLines(take: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const bytes = Buffer.alloc(CHUNK);
  let pending = '';
  for (;;) {
    const length = readSome(bytes);
    if (length === undefined) {
      // Somebody made it non-blocking, and is not ready.
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    if (length === 0) break;
    const pieces = (pending + decoder.write(bytes.subarray(0, length))).split('\n');
    pending = pieces.pop()!.slice(0, MAX_LINE);
    for (const piece of pieces) take(piece);
  }
  pending += decoder.end();
  if (pending !== '') take(pending);
}

function readSome(bytes: Buffer): number | undefined {
  try {
    return readSync(0, bytes, 0, bytes.length, null);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return undefined;
    if (code === 'EOF') return 0;
    throw error;
  }
}
