import type { AnswerKind } from './competitors.ts';

/** How many sockets a program saw, from what it printed; null when that cannot be read. */
export function socketsCounted(output: string, kind: AnswerKind): number | null {
  switch (kind) {
    case 'number':
      return readNumber(output);
    case 'limit':
      return readField(output, 'sockets');
    case 'ports':
      return readPorts(output);
  }
}

function readNumber(output: string): number | null {
  const text = output.trim();
  return /^\d+$/.test(text) ? Number(text) : null;
}

function readField(output: string, name: string): number | null {
  const value = field(parse(output), name);
  return typeof value === 'number' ? value : null;
}

/** ports --json: the sockets of all tuples. Those of the fixture are all outgoing, from ports of the range. */
function readPorts(output: string): number | null {
  const tuples = field(parse(output), 'tuples');
  if (!Array.isArray(tuples)) return null;
  let sum = 0;
  for (const tuple of tuples as readonly unknown[]) {
    const used = field(tuple, 'connections');
    if (typeof used !== 'number') return null;
    sum += used;
  }
  return sum;
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
