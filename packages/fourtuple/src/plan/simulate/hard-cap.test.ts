import { describe, expect, it } from 'vitest';
import { playSpike, spikeSpans } from './hard-cap.ts';
import { trajectoryOf, type Clock, type Flow } from './trajectory.ts';

const clock: Clock = { steps: 120, stepSeconds: 60, startSeconds: 0 };

function flowWith(seconds: number, factor: number): Flow {
  return { ratePerSecond: 700 / 63.1, curve: { spikes: [{ atSeconds: 3600, seconds, factor }] }, zoneHours: 0, lifetimeSeconds: 2, closingSeconds: 61.1, closingShare: 1 };
}

describe('spikes', () => {
  it('are overloads that end soon, with what follows them', () => {
    const flow = flowWith(240, 2);
    const trajectory = trajectoryOf(flow, clock);
    const spans = spikeSpans(flow, clock, trajectory, 1020, 0, 120);
    expect(spans).toHaveLength(1);
    expect(spans[0]!.from).toBe(60);
    expect(spans[0]!.to).toBeGreaterThan(66);
    // Of steps that the span does not touch there is nothing to tell.
    expect(spikeSpans(flow, clock, trajectory, 1020, 0, 50)).toEqual([]);
    expect(spikeSpans(flow, clock, trajectory, 1020, 62, 63)).toEqual(spans);
  });

  it('are not overloads that stay, nor loads below the limit', () => {
    const long = flowWith(1800, 2);
    expect(spikeSpans(long, clock, trajectoryOf(long, clock), 1020, 0, 120)).toEqual([]);
    const small = flowWith(240, 1.3);
    expect(spikeSpans(small, clock, trajectoryOf(small, clock), 1020, 0, 120)).toEqual([]);
  });

  it('are not what a run begins with', () => {
    const flow = { ...flowWith(240, 2), curve: { spikes: [{ atSeconds: 0, seconds: 120, factor: 3 }] } };
    expect(spikeSpans(flow, clock, trajectoryOf(flow, clock), 1020, 0, 120)).toEqual([]);
  });

  it('are not mistaken where a long overload is cut off by what is looked at', () => {
    const long = flowWith(3000, 2);
    const trajectory = trajectoryOf(long, clock);
    for (let first = 0; first < 120; first += 10) expect(spikeSpans(long, clock, trajectory, 1020, first, first + 10)).toEqual([]);
  });

  it('fill the ports, never more, and lose what finds none', () => {
    const flow = flowWith(240, 2.2);
    const trajectory = trajectoryOf(flow, clock);
    const [span] = spikeSpans(flow, clock, trajectory, 1020, 0, 120);
    const { loss, used } = playSpike(flow, clock, trajectory, span!, 1, 1000);
    expect(Math.max(...used)).toBeLessThanOrEqual(1000 * (1 + 1e-9));
    expect(Math.max(...used)).toBeGreaterThan(999);
    // In the steady state of an overload all but what the ports carry is lost: 1 - 1000/(2.2 * 700).
    expect(loss[3]).toBeCloseTo(1 - 1000 / 1540, 1);
    expect(loss.at(-1)).toBe(0);
    expect(used.at(-1)).toBeCloseTo(700, 0);
  });

  it('lose nothing with room for all', () => {
    const flow = flowWith(240, 2.2);
    const trajectory = trajectoryOf(flow, clock);
    const { loss, used } = playSpike(flow, clock, trajectory, { from: 58, to: 70 }, 1, 2000);
    expect(Math.max(...loss)).toBe(0);
    for (let step = 58; step < 70; step++) {
      const mean = (trajectory.load[step * 4]! + trajectory.load[step * 4 + 1]! + trajectory.load[step * 4 + 2]! + trajectory.load[step * 4 + 3]!) / 4;
      expect(Math.abs(used[step - 58]! / mean - 1)).toBeLessThan(0.02);
    }
  });
});
