import { QuantityError } from './errors.ts';

const seconds: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };
const examples = { number: '470', seconds: '50ms, 2s or 1h', share: '5% or 0.05' } as const;

/**
 * What a person wrote, as a number: `470`, `1e-6`; a time such as `50ms`, `2s`, `1h` (seconds without a unit); a share such
 * as `5%` or `0.05`.
 * @throws QuantityError that says what was expected.
 */
export function quantity(value: unknown, unit: keyof typeof examples, { name, low, high }: { name: string; low: number; high: number }): number {
  const match = typeof value === 'number' ? [String(value), String(value), ''] : typeof value === 'string' ? /^\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?)\s*(%|us|ms|s|m|h|d)?\s*$/i.exec(value) : null;
  const factor = match === null ? Number.NaN : factorOf(match[2] ?? '', unit);
  const number = match === null ? Number.NaN : Number(match[1]) * factor;
  if (Number.isNaN(number)) throw new QuantityError(`${name} is such as ${examples[unit]}, not ${JSON.stringify(value)}`);
  if (!(number >= low && number <= high)) throw new QuantityError(`${name} is from ${low} to ${high}, not ${String(value)}`);
  return number;
}

function factorOf(suffix: string, unit: keyof typeof examples): number {
  if (suffix === '') return 1;
  if (unit === 'share' && suffix === '%') return 0.01;
  return unit === 'seconds' ? (seconds[suffix.toLowerCase()] ?? Number.NaN) : Number.NaN;
}
