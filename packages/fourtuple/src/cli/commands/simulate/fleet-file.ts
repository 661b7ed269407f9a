import { FleetSpecError, parseFleet, type FleetSpec } from '../../../plan/simulate/index.ts';
import { UsageError } from '../../errors.ts';
import { readSpec } from '../../spec-file.ts';

/** Reads the description of a fleet. @throws UsageError that says in one sentence what is wrong. */
export function readFleet(path: string, seed: number | undefined): FleetSpec {
  try {
    const spec = parseFleet(readSpec(path));
    return seed === undefined ? spec : { ...spec, seed };
  } catch (error) {
    if (error instanceof FleetSpecError) throw new UsageError(`${path}: ${error.message}`);
    if (error instanceof ReferenceError) throw new UsageError(`${path} is not YAML or JSON: ${error.message}`);
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw new UsageError(`The description of the fleet cannot be read: ${(error as Error).message}`);
    throw error;
  }
}
