import { describe, expect, it } from 'vitest';
import { piecesOf } from './live.ts';

describe('piecesOf', () => {
  it.each([['', ['']], ['3306', ['3306']], ['1-65535', ['1-65535']]])('%j is one', (list, pieces) => {
    expect(piecesOf(list)).toEqual(pieces);
  });

  it('cuts a long list at commas into what the kernel reads of one write', () => {
    const list = Array.from({ length: 20_000 }, (_, index) => 1 + 3 * index).join(',');
    const pieces = piecesOf(list);
    expect(pieces.join(',')).toBe(list);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(4000);
    expect(pieces.every((piece) => /^\d+(,\d+)*$/.test(piece))).toBe(true);
  });
});
