import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InodeTable } from './inode-table.ts';

describe('InodeTable', () => {
  it('is a map of which the first entry stays, whatever the numbers', () => {
    const inode = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 0xffff_ffff }), fc.constantFrom(1, 0x8000_0000, 0xffff_ffff));
    fc.assert(
      fc.property(fc.array(inode, { maxLength: 3000 }), fc.nat(5000), (inodes, expected) => {
        const table = new InodeTable(expected);
        const model = new Map<number, number>();
        for (const [owner, number] of inodes.entries()) {
          expect(table.add(number, owner)).toBe(!model.has(number));
          if (!model.has(number)) model.set(number, owner);
        }
        for (const [number, owner] of model) expect(table.find(number)).toBe(owner);
        expect(table.find(0)).toBe(-1);
        const last = inodes.at(-1);
        if (last === undefined) return;
        table.set(last, 77);
        expect(table.find(last)).toBe(77);
        expect([...model].filter(([number, owner]) => number !== last && table.find(number) !== owner)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
