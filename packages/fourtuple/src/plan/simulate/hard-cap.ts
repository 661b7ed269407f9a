import { decayOf, DelayLine, QUARTERS, smallSteps, type Clock, type Flow, type Trajectory } from './trajectory.ts';

/** From this load over capacity on, a group is overloaded. */
export const OVERLOAD = 1.02;
/** An overload shorter than so many holds is a spike. */
const SPIKE_HOLDS = 6;

/** Steps of which the losses of one host are those of a hard cap. */
export interface SpikeSpan {
  readonly from: number;
  /** First step after it. */
  readonly to: number;
}

function holdOf(flow: Flow): number {
  return flow.lifetimeSeconds + flow.closingShare * flow.closingSeconds;
}

/** Steps in which a spike is still felt after it: until what it left behind is gone. */
function recoverySteps(flow: Flow, clock: Clock): number {
  return Math.ceil((flow.closingSeconds + 3 * flow.lifetimeSeconds) / clock.stepSeconds) + 1;
}

/** Steps of overload that are still a spike. */
export function longestSpike(flow: Flow, clock: Clock): number {
  return (SPIKE_HOLDS * holdOf(flow)) / clock.stepSeconds;
}

/** How far beyond a block of steps one has to look, to know its spikes. */
export function spikeReach(flow: Flow, clock: Clock): number {
  return Math.ceil(longestSpike(flow, clock)) + recoverySteps(flow, clock) + 1;
}

/**
 * Where the load of a host is above its capacity only for a while. Overloads that last are none: their loss is that of
 * the formula, as the load has time to settle.
 * @param limit load of a host of weight 1 at which this one is overloaded.
 * @returns spans that overlap the steps asked for, each with the recovery after it.
 */
export function spikeSpans(flow: Flow, clock: Clock, trajectory: Trajectory, limit: number, first: number, last: number): SpikeSpan[] {
  const reach = spikeReach(flow, clock);
  const recovery = recoverySteps(flow, clock);
  const most = longestSpike(flow, clock);
  const end = Math.min(clock.steps, last + reach);
  const spans: SpikeSpan[] = [];
  for (let step = Math.max(0, first - reach); step < end; step++) {
    if (trajectory.peak[step]! <= limit) continue;
    const from = step;
    while (step < end && trajectory.peak[step]! > limit) step++;
    // One that began at the edge of what was looked at may be longer than it seems: it is, by the reach. One of the first
    // moment has lasted for ever: a run begins in a steady state.
    if (step - from > most || from === 0) continue;
    const to = Math.min(clock.steps, step + recovery);
    const before = spans.at(-1);
    if (before !== undefined && before.to >= from) spans[spans.length - 1] = { from: before.from, to };
    else spans.push({ from, to });
  }
  return spans.filter((span) => span.to > first && span.from < last);
}

/** What a span does to one tuple, per step: share of the connections lost, and ports in use. */
export interface SpikeLoss {
  readonly loss: Float64Array;
  readonly used: Float64Array;
}

/**
 * A group with a hard cap: connections come in as long as there is room, and what is not let in leaves no TIME_WAIT behind.
 * @param weight load of the tuple over that of the flow.
 */
export function playSpike(flow: Flow, clock: Clock, trajectory: Trajectory, span: SpikeSpan, weight: number, capacity: number): SpikeLoss {
  const parts = smallSteps(clock.stepSeconds);
  const partsOfQuarter = parts / QUARTERS;
  const width = clock.stepSeconds / parts;
  const { kept, stays } = decayOf(flow.lifetimeSeconds, width);
  const phi = flow.closingShare;
  // Early enough that the queue is filled with what really closed.
  const start = Math.max(0, span.from - Math.ceil(flow.closingSeconds / clock.stepSeconds) - 1);
  const closesBefore = trajectory.closes[Math.max(0, start - 1)]!;
  const held = (phi * closesBefore * flow.closingSeconds) / clock.stepSeconds;
  // A load just above its ports is not yet a spike: it begins with all of them in use.
  const scale = Math.min(weight, capacity / (trajectory.open[start]! + held));
  const queue = new DelayLine(flow.closingSeconds, width, (scale * phi * closesBefore) / parts);
  // Of what closes in a small step, this much is held at its end.
  const entering = phi * Math.min(1, flow.closingSeconds / width);
  let open = scale * trajectory.open[start]!;
  const result: SpikeLoss = { loss: new Float64Array(span.to - span.from), used: new Float64Array(span.to - span.from) };
  for (let step = start; step < span.to; step++) {
    let wanted = 0;
    let accepted = 0;
    let used = 0;
    for (let part = 0; part < parts; part++) {
      const rate = weight * trajectory.rate[step * QUARTERS + Math.floor(part / partsOfQuarter)]!;
      const asked = rate * width;
      const ofOld = open * kept + entering * open * (1 - kept) + queue.held - queue.leaving;
      const eachNew = stays + entering * (1 - stays);
      const room = eachNew > 0 ? Math.max(0, (capacity - ofOld) / eachNew) : Number.POSITIVE_INFINITY;
      const taken = Math.min(asked, room);
      const next = open * kept + taken * stays;
      queue.push(phi * (open + taken - next));
      open = next;
      wanted += asked;
      accepted += taken;
      used += open + queue.held;
    }
    if (step < span.from) continue;
    result.loss[step - span.from] = wanted > 0 ? Math.max(0, 1 - accepted / wanted) : 0;
    result.used[step - span.from] = used / parts;
  }
  return result;
}
