import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortSet } from './port-set.ts';

const port = fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.constantFrom(0, 1, 31, 32, 63, 64, 65504, 65534, 65535), fc.integer({ min: 0, max: 100 }));
const ports = fc.array(port, { maxLength: 40 });

type Change = { readonly kind: 'add' | 'delete'; readonly port: number } | { readonly kind: 'addRange'; readonly low: number; readonly length: number } | { readonly kind: 'addAll' | 'deleteAll'; readonly ports: number[] } | { readonly kind: 'clear' };

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('add' as const, 'delete' as const), port }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('addRange' as const), low: port, length: fc.integer({ min: 0, max: 200 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('addAll' as const, 'deleteAll' as const), ports }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
);

function apply(set: PortSet, model: Set<number>, what: Change): void {
  switch (what.kind) {
    case 'add':
      set.add(what.port);
      model.add(what.port);
      break;
    case 'delete':
      set.delete(what.port);
      model.delete(what.port);
      break;
    case 'addRange': {
      const high = Math.min(65535, what.low + what.length - 1);
      set.addRange(what.low, high);
      for (let each = what.low; each <= high; each++) model.add(each);
      break;
    }
    case 'addAll':
      set.addAll(PortSet.of(what.ports));
      for (const each of what.ports) model.add(each);
      break;
    case 'deleteAll':
      set.deleteAll(PortSet.of(what.ports));
      for (const each of what.ports) model.delete(each);
      break;
    case 'clear':
      set.clear();
      model.clear();
  }
}

const ascending = (model: ReadonlySet<number>): number[] => [...model].sort((left, right) => left - right);

describe('PortSet', () => {
  it('does whatever a Set does', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), ports, (changes, others) => {
        const set = new PortSet();
        const model = new Set<number>();
        for (const each of changes) apply(set, model, each);
        const other = PortSet.of(others);
        expect([...set]).toEqual(ascending(model));
        expect(set.size).toBe(model.size);
        for (const each of others) expect(set.has(each)).toBe(model.has(each));
        expect(set.countCommon(other)).toBe(new Set(others.filter((each) => model.has(each))).size);
        expect(other.countCommon(set)).toBe(set.countCommon(other));
        expect(set.equals(PortSet.of(model))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('reads the list that it writes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 15 }), (changes) => {
        const set = new PortSet();
        const model = new Set<number>();
        for (const each of changes) apply(set, model, each);
        expect([...PortSet.parseList(set.toString())!]).toEqual(ascending(model));
      }),
    );
  });

  it('says that it was never filled only when it holds nothing', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 10 }), (changes) => {
        const set = new PortSet();
        const model = new Set<number>();
        for (const each of changes) apply(set, model, each);
        expect(set.isNeverFilled && model.size > 0).toBe(false);
      }),
    );
  });

  it('is as new after clear()', () => {
    const set = PortSet.of([1, 65_535]);
    set.clear();
    expect([set.isNeverFilled, set.size, [...set]]).toEqual([true, 0, []]);
  });

  it('gives a clone that shares nothing', () => {
    const set = PortSet.of([1, 2]);
    const clone = set.clone();
    clone.add(3);
    set.delete(1);
    expect([[...set], [...clone]]).toEqual([[2], [1, 2, 3]]);
  });

  it('differs from a set with another port', () => {
    expect(PortSet.of([1, 65535]).equals(PortSet.of([1]))).toBe(false);
  });

  it('knows what was written to its bitmap once it is told', () => {
    const set = PortSet.of([7]);
    const clone = set.clone();
    set.bitmap[65_535 >>> 5]! |= 1 << (65_535 & 31);
    set.noteWritten(1, 65_535, 65_535);
    expect([set.size, ...set, clone.size]).toEqual([2, 7, 65_535, 1]);
    // Of the empty one, which all that are empty share, none is written to.
    new PortSet().bitmap[0]! |= 1;
    expect([...new PortSet().addAll(new PortSet()), new PortSet().has(0)]).toEqual([false]);
  });

  it('refuses words of another length', () => {
    expect(() => new PortSet(new Uint32Array(2047))).toThrow(RangeError);
  });

  it('wraps words without copying them', () => {
    const words = new Uint32Array(2048);
    words[2047] = 0x8000_0000;
    expect([...new PortSet(words)]).toEqual([65535]);
  });
});

describe('PortSet.parseList', () => {
  it.each([
    ['', ''],
    ['\n', ''],
    ['8080\n', '8080'],
    ['1,2-4,10', '1-4,10'],
    ['0', '0'],
    ['5,4,3', '3-5'],
    ['1-65535', '1-65535'],
    ['100-100', '100'],
  ])('reads %j as %j', (text, expected) => {
    expect(PortSet.parseList(text)?.toString()).toBe(expected);
  });

  it.each([',', '1,', '1,,2', '1;2', '1 2', '10-5', '65536', '1-65536', '-5', '5-', 'a', '1-2-3', '0x10', '100000'])('refuses %j', (text) => {
    expect(PortSet.parseList(text)).toBeUndefined();
  });
});
