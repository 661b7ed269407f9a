import type { AnswerKind } from './competitors.ts';

/** What a competitor counted. */
export interface Answer {
  readonly sockets: number;
  /** Absent where the competitor does not count them. */
  readonly tuples?: number;
}

/** Reads what a program printed; null when that cannot be done. */
export function readAnswer(output: string, kind: AnswerKind): Answer | null {
  switch (kind) {
    case 'number':
      return readNumber(output);
    case 'limit':
      return readLimit(output);
    case 'ports':
      return readPorts(output);
  }
}

function readNumber(output: string): Answer | null {
  const text = output.trim();
  return /^\d+$/.test(text) ? { sockets: Number(text) } : null;
}

function readLimit(output: string): Answer | null {
  const printed = parse(output);
  const sockets = field(printed, 'sockets');
  const tuples = field(printed, 'tuples');
  return typeof sockets === 'number' && typeof tuples === 'number' ? { sockets, tuples } : null;
}

/** ports --json: the outgoing sockets, which are all that the fixture makes but for the server ends of pairs. */
function readPorts(output: string): Answer | null {
  const tuples = field(parse(output), 'tuples');
  if (!Array.isArray(tuples)) return null;
  let sockets = 0;
  for (const tuple of tuples as readonly unknown[]) {
    const used = field(tuple, 'connections');
    if (typeof used !== 'number') return null;
    sockets += used;
  }
  return { sockets, tuples: tuples.length };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)).get(name) : undefined;
}
