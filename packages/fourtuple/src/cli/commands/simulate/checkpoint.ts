import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fleetFields, type FleetSeries, type FleetSpec } from '../../../plan/simulate/index.ts';
import { UsageError } from '../../errors.ts';

const kind = 'fourtuple.fleet-checkpoint/1';

/** A run is continued only as what it was begun: the description, the seed, the fields that are kept. */
function fingerprintOf(spec: FleetSpec): string {
  return createHash('sha256').update(JSON.stringify([fleetFields, spec])).digest('hex');
}

/**
 * Blocks that are done, a line each after a first line that says of which run. A line that an interruption cut off is
 * not taken, and its block computed again.
 */
export class Checkpoint {
  readonly #path: string;

  /** @throws UsageError when the file does not fit what was asked. */
  constructor(path: string, series: FleetSeries, isResumed: boolean) {
    this.#path = path;
    const head = `${JSON.stringify({ kind, fingerprint: fingerprintOf(series.spec) })}\n`;
    if (!existsSync(path)) {
      if (isResumed) throw new UsageError(`There is nothing to resume: ${path} does not exist.`);
      writeFileSync(path, head);
      return;
    }
    if (!isResumed) throw new UsageError(`${path} exists already: --resume goes on with it, or remove it.`);
    const [first = '', ...lines] = readFileSync(path, 'utf8').split('\n');
    const known = parsed(first);
    if (known?.kind !== kind) throw new UsageError(`${path} is no checkpoint of a fleet.`);
    if (known.fingerprint !== fingerprintOf(series.spec)) throw new UsageError(`${path} is the checkpoint of another run: the description of the fleet or the seed has changed.`);
    const whole = lines.filter((line) => restore(series, line));
    // What was cut off must not run into the next line.
    writeFileSync(path, [first, ...whole, ''].join('\n'));
  }

  add(block: number, numbers: Float64Array): void {
    appendFileSync(this.#path, `${JSON.stringify({ block, data: Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64') })}\n`);
  }

  /** The run is over and its results are written. */
  remove(): void {
    rmSync(this.#path, { force: true });
  }
}

interface Line {
  readonly kind?: unknown;
  readonly fingerprint?: unknown;
  readonly block?: unknown;
  readonly data?: unknown;
}

function parsed(line: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function restore(series: FleetSeries, line: string): boolean {
  const value = parsed(line);
  if (value === undefined || typeof value.block !== 'number' || typeof value.data !== 'string') return false;
  const bytes = Buffer.from(value.data, 'base64');
  if (bytes.length % 8 !== 0) return false;
  try {
    series.put(value.block, new Float64Array(new Uint8Array(bytes).buffer));
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
