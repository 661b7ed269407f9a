import { describe, expect, it } from 'vitest';
import { Random } from '../../test/support/random.ts';
import { WordTable } from './word-table.ts';

function put(table: WordTable, words: readonly number[]): void {
  words.forEach((word, index) => (table.key[index] = word));
}

describe.each([
  ['few values, many repetitions', 1, 20_000],
  ['neighbouring values', 4, 300],
  ['all of 32 bits', 5, 0x1_0000_0000],
] as const)('WordTable: %s', (_, width, values) => {
  it('numbers 100,000 keys as a Map does', () => {
    const random = new Random(width);
    const table = new WordTable(width);
    const model = new Map<string, number>();
    const keys: number[][] = [];
    let wrong = 0;
    for (let count = 0; count < 100_000; count++) {
      const words = Array.from({ length: width }, () => random.between(0, values - 1));
      const name = words.join();
      put(table, words);
      const found = table.find();
      if (found !== (model.get(name) ?? -1)) wrong++;
      if (!model.has(name)) {
        model.set(name, model.size);
        keys.push(words);
      }
      if (table.intern() !== model.get(name)) wrong++;
    }
    expect(wrong).toBe(0);
    expect(table.size).toBe(model.size);
    expect(keys.filter((words, id) => words.some((word, index) => table.word(id, index) !== word))).toEqual([]);
  });
});

describe('WordTable', () => {
  it('looks without adding', () => {
    const table = new WordTable(2);
    put(table, [1, 2]);
    expect(table.find()).toBe(-1);
    expect(table.size).toBe(0);
  });

  it('tells a key of zeros from none', () => {
    const table = new WordTable(2);
    expect(table.find()).toBe(-1);
    expect(table.intern()).toBe(0);
    expect(table.find()).toBe(0);
  });

  it('tells the order of words', () => {
    const table = new WordTable(2);
    put(table, [1, 2]);
    table.intern();
    put(table, [2, 1]);
    expect(table.find()).toBe(-1);
  });

  it('numbers four words the same by internFour() and by intern(), in any mixture', () => {
    const random = new Random(4);
    const table = new WordTable(4);
    const model = new Map<string, number>();
    let wrong = 0;
    for (let count = 0; count < 20_000; count++) {
      const words = Array.from({ length: 4 }, () => (random.chance(0.5) ? random.between(0, 8) : random.between(0xffff_fff0, 0xffff_ffff)));
      const name = words.join();
      if (!model.has(name)) model.set(name, model.size);
      put(table, words);
      const id = random.chance(0.5) ? table.intern() : table.internFour(words[0]!, words[1]!, words[2]!, words[3]!);
      if (id !== model.get(name)) wrong++;
    }
    expect([wrong, table.size]).toEqual([0, model.size]);
  });

  it.each([0, 1, 2, 3])('tells keys apart that differ in word %i alone', (differing) => {
    const table = new WordTable(4);
    const ids = Array.from({ length: 20_000 }, (_, value) => {
      const words = [7, 7, 7, 7].map((word, index) => (index === differing ? value : word));
      return table.internFour(words[0]!, words[1]!, words[2]!, words[3]!);
    });
    expect(ids.findIndex((id, value) => id !== value)).toBe(-1);
  });

  it('starts numbering again after clear()', () => {
    const table = new WordTable(1);
    for (let word = 0; word < 5000; word++) {
      put(table, [word]);
      table.intern();
    }
    table.clear();
    put(table, [4999]);
    expect([table.size, table.find(), table.intern(), table.size]).toEqual([0, -1, 0, 1]);
  });
});
