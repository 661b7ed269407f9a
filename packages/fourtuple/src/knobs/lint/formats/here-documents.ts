/** Finds the ends of here-documents. */
export class HereDocuments {
  readonly #text: string;
  /** By their text without blanks around it: where each line starts. Read when it is first asked for. */
  #lines: Map<string, number[]> | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * A body that starts at an offset, and ends before the next line that is the mark and nothing else. Blanks around the mark do not count, as
   * people indent it with the rest when they quote a script. Undefined if no such line follows.
   */
  bodyFrom(start: number, mark: string): { readonly end: number; readonly next: number } | undefined {
    this.#lines ??= linesByText(this.#text);
    const end = firstFrom(this.#lines.get(mark.trim()) ?? [], start);
    if (end === undefined) return undefined;
    const newline = this.#text.indexOf('\n', end);
    return { end, next: newline < 0 ? this.#text.length : newline + 1 };
  }
}

function linesByText(text: string): Map<string, number[]> {
  const lines = new Map<string, number[]>();
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end).trim();
    const known = lines.get(line);
    if (known === undefined) lines.set(line, [start]);
    else known.push(start);
    start = end + 1;
  }
  return lines;
}

function firstFrom(sorted: readonly number[], least: number): number | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}
