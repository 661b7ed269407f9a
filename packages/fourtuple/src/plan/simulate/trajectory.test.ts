import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayLine, QUARTERS, trajectoryOf, type Clock, type Flow } from './trajectory.ts';

const flow: Flow = { ratePerSecond: 100, curve: {}, zoneHours: 0, lifetimeSeconds: 2, closingSeconds: 61.1, closingShare: 1 };
const clock: Clock = { steps: 60, stepSeconds: 60, startSeconds: 0 };

describe('DelayLine', () => {
  it('holds what entered within its time', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 20, noNaN: true }), fc.double({ min: 0.5, max: 3, noNaN: true }), fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 60 }), (seconds, width, entering) => {
        const line = new DelayLine(seconds, width, 0);
        entering.forEach((amount, index) => {
          const before = line.held;
          const leaving = line.leaving;
          line.push(amount);
          // What entered in a small step came evenly in it: that much of it is younger than the time.
          const wanted = entering.slice(0, index + 1).reduce((sum, one, at) => sum + one * Math.min(1, Math.max(0, seconds / width - (index - at))), 0);
          expect(line.held).toBeCloseTo(wanted, 6);
          expect(line.held).toBeCloseTo(before - leaving + amount * Math.min(1, seconds / width), 6);
        });
      }),
    );
  });

  it('begins full', () => {
    expect(new DelayLine(61.1, 1, 100).held).toBeCloseTo(6110, 9);
    expect(new DelayLine(0, 1, 100).held).toBe(0);
  });
});

describe('the load over time', () => {
  it('stays at rate times hold when the rate does not change', () => {
    const { load, peak, open, closes } = trajectoryOf(flow, clock);
    for (const value of [...load, ...peak]) expect(value).toBeCloseTo(100 * 63.1, 6);
    expect(open[59]).toBeCloseTo(200, 6);
    expect(closes[59]).toBeCloseTo(6000, 6);
  });

  it('is linear in the rate', () => {
    const curve = { daily: { swing: 0.6, peakHour: 1 }, spikes: [{ atSeconds: 600, seconds: 90, factor: 3 }] };
    const one = trajectoryOf({ ...flow, curve }, clock);
    const three = trajectoryOf({ ...flow, curve, ratePerSecond: 300 }, clock);
    one.load.forEach((load, quarter) => expect(three.load[quarter]! / load).toBeCloseTo(3, 9));
  });

  it('follows a step by the lifetime and then the hold after it', () => {
    const curve = { spikes: [{ atSeconds: 600, seconds: 3000, factor: 2 }] };
    const { load } = trajectoryOf({ ...flow, curve, lifetimeSeconds: 0 }, clock);
    const at = (seconds: number): number => load[(seconds / 60) * QUARTERS]!;
    // The mean of a quarter of 15 s: half of what comes in it.
    expect(at(600)).toBeCloseTo(6110 + 100 * 7.5, 0);
    expect(at(660)).toBeCloseTo(2 * 6110, -1);
    expect(at(3600 - 60)).toBeCloseTo(2 * 6110, 6);
  });

  it('does not depend much on the length of a step', () => {
    const curve = { daily: { swing: 0.8, peakHour: 12 } };
    const day = (stepSeconds: number): number => {
      const { load } = trajectoryOf({ ...flow, curve }, { steps: 86_400 / stepSeconds, stepSeconds, startSeconds: 0 });
      return load.reduce((sum, value) => sum + value, 0) / load.length;
    };
    expect(day(600) / day(60)).toBeCloseTo(1, 3);
    expect(day(10) / day(60)).toBeCloseTo(1, 3);
  });
});
