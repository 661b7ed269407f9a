import { CookedBuilder, type CookedText } from './cooked-text.ts';

/** Code in a Markdown text. */
export interface CodeBlock {
  /** What stands behind its fence, in small letters; empty without one, and for indented code. */
  readonly language: string;
  /** Without the indentation of the block. */
  readonly content: CookedText;
  /** Of its fence, or the line above indented code, from 1. */
  readonly line: number;
  /** The last line of it, the closing fence included. */
  readonly lastLine: number;
}

/** Blanks, marks of quotes and of one list item; then the fence, and what follows it. */
const FENCE = /^((?:[ \t]|>)*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(`{3,}|~{3,})(.*)$/s;
const INDENTED = /^(?: {4}|\t)/;

/** The fenced and the indented code of a text. A fence that is never closed holds the rest of it, as CommonMark has it. */
export function blocksOf(text: string): CodeBlock[] {
  const lines = text.split('\n');
  const blocks: CodeBlock[] = [];
  let offset = 0;
  let isBehindBlank = true;
  for (let index = 0; index < lines.length; ) {
    const line = lines[index]!;
    const fence = openingFence(line);
    const isIndented = fence === undefined && isBehindBlank && INDENTED.test(line) && line.trim() !== '';
    if (fence === undefined && !isIndented) {
      isBehindBlank = line.trim() === '';
      offset += line.length + 1;
      index++;
      continue;
    }
    const block = fence === undefined ? indentedFrom(lines, index, offset) : fencedFrom(lines, index, offset, fence);
    blocks.push(block.block);
    for (; index < block.next; index++) offset += lines[index]!.length + 1;
    isBehindBlank = true;
  }
  return blocks;
}

interface Fence {
  readonly indent: number;
  readonly mark: string;
  readonly language: string;
}

function openingFence(line: string): Fence | undefined {
  const found = FENCE.exec(line);
  if (found === null) return undefined;
  const [, indent = '', mark = '', info = ''] = found;
  // Backticks behind backticks: code in a line.
  return mark.startsWith('`') && info.includes('`') ? undefined : { indent: indent.length, mark, language: languageOf(info) };
}

/** `bash title="x"`, `{.bash}`, `sh:install.sh` */
function languageOf(info: string): string {
  return /^[ \t]*\{?[ \t]*\.?([\w+#.-]+)/.exec(info)?.[1]?.toLowerCase() ?? '';
}

interface Taken {
  readonly block: CodeBlock;
  readonly next: number;
}

function fencedFrom(lines: readonly string[], from: number, offset: number, { indent, mark, language }: Fence): Taken {
  let at = offset + lines[from]!.length + 1;
  const builder = new CookedBuilder(at);
  const closing = new RegExp(`^[ \\t>]*\\${mark[0]}{${mark.length},}[ \\t\\r]*$`);
  let index = from + 1;
  for (; index < lines.length && !closing.test(lines[index]!); index++) {
    addLine(builder, lines, index, at, indent);
    at += lines[index]!.length + 1;
  }
  return { block: { language, content: builder.done(), line: from + 1, lastLine: Math.min(index + 1, lines.length) }, next: Math.min(index + 1, lines.length) };
}

function indentedFrom(lines: readonly string[], from: number, offset: number): Taken {
  const builder = new CookedBuilder(offset);
  let at = offset;
  let index = from;
  for (; index < lines.length && INDENTED.test(lines[index]!); index++) {
    addLine(builder, lines, index, at, lines[index]!.startsWith('\t') ? 1 : 4);
    at += lines[index]!.length + 1;
  }
  return { block: { language: '', content: builder.done(), line: from, lastLine: index }, next: index };
}

/** A line with its newline, without as much of its indentation as the block has. */
function addLine(builder: CookedBuilder, lines: readonly string[], index: number, at: number, indent: number): void {
  const line = lines[index]!;
  let skipped = 0;
  while (skipped < indent && ' \t>'.includes(line.charAt(skipped)) && skipped < line.length) skipped++;
  builder.add(index + 1 < lines.length ? `${line.slice(skipped)}\n` : line.slice(skipped), at + skipped);
}
