import { readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const CHUNK = 65_536;
/** What is longer than this is no line of a log; the rest of it is dropped. */
const MAX_LINE = 1_048_576;

/** Cuts text that comes in pieces into lines, the longest of which are cut short. */
export class LineCutter {
  readonly #take: (line: string) => void;
  #pending: string[] = [];
  #length = 0;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  add(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#keep(text.slice(from, end));
      this.#emit();
      from = end + 1;
    }
    this.#keep(text.slice(from));
  }

  /** The last line may lack its newline. */
  end(): void {
    if (this.#length > 0) this.#emit();
  }

  #keep(piece: string): void {
    const kept = piece.slice(0, MAX_LINE - this.#length);
    if (kept === '') return;
    this.#pending.push(kept);
    this.#length += kept.length;
  }

  #emit(): void {
    const line = this.#pending.length === 1 ? this.#pending[0]! : this.#pending.join('');
    this.#pending = [];
    this.#length = 0;
    this.#take(line);
  }
}

/** Reads standard input (or another descriptor) line by line, however long it is. */
export async function readLines(take: (line: string) => void, fd = 0): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const bytes = Buffer.alloc(CHUNK);
  const lines = new LineCutter(take);
  for (;;) {
    const length = readSome(fd, bytes);
    if (length === undefined) {
      // Somebody made it non-blocking, and is not ready.
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    if (length === 0) break;
    lines.add(decoder.write(bytes.subarray(0, length)));
  }
  lines.add(decoder.end());
  lines.end();
}

function readSome(fd: number, bytes: Buffer): number | undefined {
  try {
    return readSync(fd, bytes, 0, bytes.length, null);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return undefined;
    if (code === 'EOF') return 0;
    throw error;
  }
}
