import { spawnSync } from 'node:child_process';
import { UnsupportedError } from '../../src/kernel/errors.ts';
import { tryToSpread } from '../../src/kernel/bpf/spreader.ts';
import { CgroupError, makeCgroup, removeCgroup } from '../../src/kernel/own-cgroup.ts';
import { bpfObstacle } from './bpf-obstacle.ts';

/** Why nothing can be spread here, or undefined when it can. */
export function spreadObstacle(): string | undefined {
  const obstacle = bpfObstacle();
  if (obstacle !== undefined) return obstacle;
  if (spawnSync('ip', ['-V']).status !== 0) return 'ip of iproute2 is not installed';
  try {
    tryToSpread();
    removeCgroup(makeCgroup());
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof CgroupError) return error.message;
    throw error;
  }
}
