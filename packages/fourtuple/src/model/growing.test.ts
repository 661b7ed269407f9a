import { describe, expect, it } from 'vitest';
import { f64, i8, u16, u32, u8 } from './growing.ts';

const LENGTHS = [0, 1, 255, 256, 257, 1023, 1024, 1025, 65_535, 65_536, 65_537, 131_072, 131_073, 200_000];

describe('Column', () => {
  it.each(LENGTHS)('keeps %i values, across every change of chunk', (length) => {
    const column = u32();
    for (let index = 0; index < length; index++) column.push(Math.imul(index, 2654435761) >>> 0);
    const array = column.toArray();
    expect(column.length).toBe(length);
    expect(array.length).toBe(length);
    const wrong = Array.from(array.keys()).filter((index) => array[index] !== Math.imul(index, 2654435761) >>> 0 || column.at(index) !== array[index]);
    expect(wrong).toEqual([]);
  });

  it.each(LENGTHS)('keeps %i values that were written at its tail, some by some', (length) => {
    const column = u32();
    let written = 0;
    for (let size = 1; written < length; size = (size % 1000) + 7) {
      const { tail, end } = column;
      const count = Math.min(size, tail.length - end, length - written);
      expect(count).toBeGreaterThan(0);
      for (let index = 0; index < count; index++) tail[end + index] = written + index;
      column.wrote(count);
      written += count;
    }
    expect(column.length).toBe(length);
    expect(column.toArray().every((value, index) => value === index)).toBe(true);
    column.push(5);
    expect([column.at(length), column.length]).toEqual([5, length + 1]);
  });

  it('changes a value in any chunk', () => {
    const column = u16();
    for (let index = 0; index < 140_000; index++) column.push(1);
    for (const index of [0, 300, 65_535, 65_536, 139_999]) column.set(index, 7);
    const array = column.toArray();
    expect([0, 300, 65_535, 65_536, 139_999].map((index) => array[index])).toEqual([7, 7, 7, 7, 7]);
    expect(array.reduce((sum, value) => sum + value, 0)).toBe(140_000 + 5 * 6);
  });

  it('starts again empty after clear(), however large it was', () => {
    const column = u8();
    for (let index = 0; index < 140_000; index++) column.push(9);
    column.clear();
    expect(column.length).toBe(0);
    for (let index = 0; index < 70_000; index++) column.push(index & 255);
    const array = column.toArray();
    expect(array.length).toBe(70_000);
    expect(array.findIndex((value, index) => value !== (index & 255))).toBe(-1);
  });

  it('holds signed and large values in the columns that are for them', () => {
    const signed = i8();
    const wide = f64();
    for (const value of [-1, 0, 1]) signed.push(value);
    for (const value of [-1, Number.MAX_SAFE_INTEGER]) wide.push(value);
    expect([...signed.toArray()]).toEqual([-1, 0, 1]);
    expect([...wide.toArray()]).toEqual([-1, Number.MAX_SAFE_INTEGER]);
  });
});
