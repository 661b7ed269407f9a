import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue } from './event-queue.ts';

describe('EventQueue', () => {
  it('gives back what was put in, the earliest first', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 3000 }), (times) => {
        const queue = new EventQueue();
        times.forEach((time, index) => queue.push(time, index));
        const out: number[] = [];
        while (queue.length > 0) {
          const time = queue.nextTime;
          const item = queue.pop();
          expect(times[item]).toBe(time);
          out.push(time);
        }
        expect(out).toEqual([...times].sort((left, right) => left - right));
        expect(queue.nextTime).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });

  it('stays in order when pushes and pops alternate', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.double({ min: 0, max: 100, noNaN: true })), { maxLength: 300 }), (steps) => {
        const queue = new EventQueue();
        const model: number[] = [];
        const pairs: [number, number][] = [];
        for (const [isPush, time] of steps) {
          if (isPush) {
            queue.push(time, -1);
            model.push(time);
            model.sort((left, right) => left - right);
          } else if (model.length > 0) {
            pairs.push([queue.nextTime, model.shift()!]);
            queue.pop();
          }
        }
        expect(pairs.map(([found]) => found)).toEqual(pairs.map(([, wanted]) => wanted));
      }),
    );
  });
});
