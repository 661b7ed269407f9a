import { describe, expect, it } from 'vitest';
import { kernelTraits, ProcFs, tryKernelTraits } from '../../src/kernel/index.ts';
import { defaultLocalPortRange } from '../../src/model/index.ts';
import { because } from '../support/because.ts';
import { socketsNow } from '../support/everything.ts';
import { enterFreshNamespace, liveTestObstacle } from '../support/namespace.ts';

const obstacle = liveTestObstacle();

describe(`what this kernel does otherwise than others${because(obstacle)}`, () => {
  it.skipIf(obstacle !== undefined)('is found out by trying it, as its release says, and leaves no socket', () => {
    enterFreshNamespace();
    const byRelease = kernelTraits(new ProcFs());
    expect(tryKernelTraits(defaultLocalPortRange)).toEqual(byRelease);
    expect(socketsNow()).toEqual([]);
  });
});
