import { afterEach, describe, expect, it } from 'vitest';
import { ProcTree } from '../../test/contract/proc-tree.ts';
import { CAP_NET_BIND_SERVICE, hasCapability } from './capabilities.ts';

let tree: ProcTree | undefined;
afterEach(() => tree?.remove());

describe('hasCapability', () => {
  it.each([
    ['CapEff:\t000001ffffffffff\n', CAP_NET_BIND_SERVICE, true],
    ['CapEff:\t0000000000000400\n', CAP_NET_BIND_SERVICE, true],
    ['CapEff:\t0000000000000000\n', CAP_NET_BIND_SERVICE, false],
    ['CapEff:\tfffffffffffffbff\n', CAP_NET_BIND_SERVICE, false],
    // Above what a number can hold exactly.
    ['CapEff:\t8000000000000000\n', 63, true],
    ['CapInh:\t0000000000000400\nCapPrm:\t0000000000000400\nCapEff:\t0000000000000000\n', CAP_NET_BIND_SERVICE, false],
    ['Name:\tx\n', CAP_NET_BIND_SERVICE, undefined],
  ])('%j: %i is %s', (status, capability, expected) => {
    tree = new ProcTree({ 'self/status': `Name:\tx\n${status}` });
    expect(hasCapability(tree.proc, capability)).toBe(expected);
  });

  it('is not known without /proc', () => {
    tree = new ProcTree();
    expect(hasCapability(tree.proc, 0)).toBeUndefined();
  });
});
