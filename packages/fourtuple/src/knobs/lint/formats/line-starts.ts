/** A place in a text as editors count it: both from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The offset at which each line starts; the first is 0. Lines end in a newline; a carriage return before it is part of its line. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Where an offset is, by the starts of all lines. One behind the text is in the last line. */
export function placeOf(starts: readonly number[], offset: number): Place {
  const index = lineIndexOf(starts, offset);
  return { line: index + 1, column: offset - (starts[index] ?? 0) + 1 };
}

/** The offset at which a line starts; that of the last for a line behind it. @param line from 1 */
export function offsetOfLine(starts: readonly number[], line: number): number {
  return starts[Math.min(Math.max(line, 1), starts.length) - 1] ?? 0;
}

/** Where a line ends, before its newline. @param line from 1 */
export function endOfLine(text: string, starts: readonly number[], line: number): number {
  const next = starts[line];
  return next === undefined ? text.length : next - 1;
}

function lineIndexOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
