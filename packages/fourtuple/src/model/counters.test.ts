import { describe, expect, it } from 'vitest';
import { counterChanges } from './counters.ts';

describe('counterChanges', () => {
  it('tells what grew and what shrank', () => {
    expect(counterChanges({ up: 1, down: 5, same: 3 }, { up: 4, down: 2, same: 3 })).toEqual({ up: 3, down: -3 });
  });

  it('leaves out what only one side knows: that is no change', () => {
    expect(counterChanges({ gone: 1 }, { born: 9 })).toEqual({});
  });
});
