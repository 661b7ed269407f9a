import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { Errno } from './errno.ts';

it('errno numbers are those of the running system', () => {
  expect(Object.entries(Errno).filter(([code, errno]) => (constants.errno as Record<string, number>)[code] !== errno)).toEqual([]);
});
