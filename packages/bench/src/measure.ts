import { spawnSync } from 'node:child_process';
import { measureBinary } from './compile.ts';

export interface Sample {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly maxRssKb: number;
}

export class MeasureError extends Error {
  override readonly name = 'MeasureError';
}

/** Long enough for ss -tanp at 300,000 sockets on a busy machine. */
const timeoutSeconds = 600;
const largestOutput = 1 << 30;

/** One cold run of a command, its standard output thrown away. */
export function measure(command: readonly string[], accept: readonly number[]): Sample {
  const result = spawnSync(measureBinary, ['-t', String(timeoutSeconds), '--', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: largestOutput,
  });
  if (result.status !== 0) throw new MeasureError(`the meter failed: ${lastLine(result.stderr)}`);
  const { status, ...sample } = parseLine(result.stdout);
  if (status === 124) throw new MeasureError(`not done after ${timeoutSeconds} s`);
  if (!accept.includes(status)) {
    throw new MeasureError(`exit status ${status}${result.stderr === '' ? '' : `: ${lastLine(result.stderr)}`}`);
  }
  return sample;
}

/** The output of one unmeasured run. */
export function outputOf(command: readonly string[]): string {
  const [program = '', ...args] = command;
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: largestOutput,
    timeout: timeoutSeconds * 1000,
  });
  if (result.error !== undefined) throw new MeasureError(result.error.message);
  if (result.status !== 0) throw new MeasureError(`exit status ${result.status}: ${lastLine(result.stderr)}`);
  return result.stdout;
}

function parseLine(text: string): Sample & { readonly status: number } {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new MeasureError(`the meter wrote ${text}`);
  const fields = new Map<string, unknown>(Object.entries(value));
  const field = (name: string): number => {
    const number = fields.get(name);
    if (typeof number !== 'number') throw new MeasureError(`the meter wrote no ${name}: ${text}`);
    return number;
  };
  return { wallMs: field('wallMs'), cpuMs: field('cpuMs'), maxRssKb: field('maxRssKb'), status: field('status') };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
