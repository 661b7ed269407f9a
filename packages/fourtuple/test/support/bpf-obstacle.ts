import { FailedConnectCounter } from '../../src/kernel/bpf/failed-connects.ts';
import { UnsupportedError } from '../../src/kernel/errors.ts';
import { liveTestObstacle } from './namespace.ts';

/** Why BPF programs cannot run here, or undefined when they can. */
export function bpfObstacle(): string | undefined {
  const obstacle = liveTestObstacle();
  if (obstacle !== undefined) return obstacle;
  try {
    new FailedConnectCounter().close();
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedError) return error.message;
    throw error;
  }
}
