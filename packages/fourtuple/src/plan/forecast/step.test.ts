import { describe, expect, it } from 'vitest';
import { countSinceStep } from './step.ts';

const CAPACITY = 1000;
const since = (oldestFirst: readonly number[]): number => countSinceStep(Float64Array.from(oldestFirst).reverse(), oldestFirst.length, CAPACITY);
const repeated = (count: number, value: (index: number) => number): number[] => Array.from({ length: count }, (_, index) => value(index));
const wobble = (level: number, size: number) => (index: number): number => level + (index % 2 === 0 ? size : -size);

describe('countSinceStep', () => {
  it('leaves a window without a step whole', () => {
    expect(since(repeated(36, wobble(500, 10)))).toBe(36);
    expect(since(repeated(36, (index) => 300 + 10 * index))).toBe(36);
    expect(since([])).toBe(0);
  });

  it.each([12, 20, 30])('cuts behind a step %d blocks ago, upwards and downwards', (ago) => {
    for (const [before, after] of [[300, 500], [500, 300]] as const) {
      const count = since([...repeated(36 - ago, wobble(before, 5)), ...repeated(ago, wobble(after, 5))]);
      expect(count).toBeLessThanOrEqual(ago);
      expect(count).toBeGreaterThanOrEqual(ago - 2);
    }
  });

  it('cuts behind the last of several', () => {
    const count = since([...repeated(10, () => 100), ...repeated(13, () => 400), ...repeated(13, () => 700)]);
    expect(count).toBeGreaterThanOrEqual(11);
    expect(count).toBeLessThanOrEqual(13);
  });

  it('takes neither noise, nor a small change, nor one wild block for a step', () => {
    expect(since(repeated(36, wobble(500, 60)))).toBe(36);
    expect(since([...repeated(18, () => 500), ...repeated(18, () => 570)])).toBe(36);
    expect(since([...repeated(18, () => 500), 900, ...repeated(17, () => 500)])).toBe(36);
  });

  it('sees a step across a gap', () => {
    const count = since([...repeated(15, () => 300), Number.NaN, Number.NaN, ...repeated(19, () => 600)]);
    expect(count).toBeGreaterThanOrEqual(17);
    expect(count).toBeLessThanOrEqual(21);
  });
});
