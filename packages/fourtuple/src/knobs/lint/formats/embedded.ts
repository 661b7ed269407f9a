import { endOfLine, lineStarts, offsetOfLine, placeOf } from './line-starts.ts';
import type { Extracted, Span } from '../statement.ts';

/**
 * What was found in a text that stands in another one, with the spans of the outer.
 * @param map from an offset in the inner text to the offset of the same character in the outer
 * @param rename of groups, where groups of several inner texts are not the same place
 */
export function embedded(inner: Extracted, map: (offset: number) => number, rename?: (group: string) => string): Extracted {
  return withSpans(inner, (span) => mappedSpan(span, map), rename);
}

/** The same with a function for whole spans, for texts in which a character stands for many. */
export function withSpans({ statements, ports, problems }: Extracted, map: (span: Span) => Span, rename: (group: string) => string = (group) => group): Extracted {
  return {
    statements: statements.map((one) => ({ ...one, group: rename(one.group), keySpan: map(one.keySpan), valueSpan: one.valueSpan && map(one.valueSpan), span: map(one.span) })),
    ports: ports.map((port) => ({ ...port, group: rename(port.group), span: map(port.span) })),
    problems: problems.map((problem) => ({ ...problem, span: map(problem.span) })),
  };
}

/** All that several texts hold, in their order. */
export function joined(parts: readonly Extracted[]): Extracted {
  return { statements: parts.flatMap(({ statements }) => statements), ports: parts.flatMap(({ ports }) => ports), problems: parts.flatMap(({ problems }) => problems) };
}

/** The end follows the last character, not the one behind it, which may be somewhere else. */
export function mappedSpan({ start, end }: Span, map: (offset: number) => number): Span {
  const first = map(start);
  return { start: first, end: end > start ? Math.max(first, map(end - 1) + 1) : first };
}

/**
 * Where the characters of an indented block stand, whose lines are those of the outer text without their indentation: YAML's `|`, here-documents
 * of Terraform, code in lists. Not for texts whose lines were folded.
 * @param startLine of the outer text that holds the first line of the inner, from 1
 * @param indent in characters; a shorter line counts as empty
 */
export function lineMap(innerText: string, outerText: string, startLine: number, indent: number): (offset: number) => number {
  const inner = lineStarts(innerText);
  const outer = lineStarts(outerText);
  return (offset) => {
    const { line, column } = placeOf(inner, offset);
    const there = Math.min(startLine + line - 1, outer.length);
    return Math.min(offsetOfLine(outer, there) + indent + column - 1, endOfLine(outerText, outer, there));
  };
}
