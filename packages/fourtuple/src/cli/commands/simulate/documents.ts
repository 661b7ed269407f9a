import { expectedOf, type FleetSeries, type HostResult, type HostSpec } from '../../../plan/simulate/index.ts';

const schema = 'fourtuple.simulate/1';

/** `fourtuple.simulate/1`, described by schemas/simulate.schema.json. */
export function hostDocument(spec: HostSpec, result: HostResult): Record<string, unknown> {
  const expected = expectedOf(spec);
  return {
    schema,
    kind: 'host',
    seed: spec.seed,
    host: {
      ports: spec.ports,
      addresses: spec.addresses,
      destinations: spec.destinations,
      ratePerSecond: spec.ratePerSecond,
      batch: spec.batch,
      lifetime: spec.lifetime,
      closing: spec.closing,
      policy: spec.policy,
      keys: spec.policy === 'hash' ? spec.keys : null,
      retries: spec.retries,
      warmUpSeconds: spec.warmUpSeconds,
      connections: result.connections,
      attempts: result.attempts,
      failures: result.failures,
      abandoned: result.abandoned,
      loss: result.loss.value,
      standardError: result.loss.standardError,
      meanUsed: result.meanUsed,
      mostUsed: result.mostUsed,
      perAddress: result.addresses,
      simulatedSeconds: result.seconds,
      events: result.events,
      expected: expected ?? null,
    },
    fleet: null,
    services: [],
    series: [],
  };
}

/** The same of a fleet. Series are lists of numbers, one a step. */
export function fleetDocument(series: FleetSeries): Record<string, unknown> {
  const { spec } = series;
  const steps = Array.from({ length: spec.steps }, (_, step) => step);
  const totals = series.totals();
  return {
    schema,
    kind: 'fleet',
    seed: spec.seed,
    host: null,
    fleet: {
      hosts: spec.hosts.reduce((sum, { count }) => sum + count, 0),
      tuples: totals.tuples,
      steps: spec.steps,
      stepSeconds: spec.stepSeconds,
      startHour: spec.startHour,
      offered: totals.offered,
      carried: totals.offered - totals.lost,
      lost: totals.lost,
      peakUsed: totals.peakUsed,
    },
    *services() {
      for (const one of series.summaries()) yield JSON.stringify({ ...one, carried: one.offered - one.lostAtHost - one.lostAtNat });
    },
    *series() {
      for (const [service, { name }] of spec.services.entries()) {
        const numbers = (value: (step: number) => number): number[] => steps.map((step) => rounded(value(step)));
        yield JSON.stringify({
          service: name,
          offered: numbers((step) => series.value('offered', service, step)),
          carried: numbers((step) => series.value('offered', service, step) - series.value('lostAtHost', service, step) - series.value('lostAtNat', service, step)),
          lostAtHost: numbers((step) => series.value('lostAtHost', service, step)),
          lostAtNat: numbers((step) => series.value('lostAtNat', service, step)),
          used: numbers((step) => series.value('used', service, step)),
          worstUsed: numbers((step) => series.value('worstUsed', service, step)),
          worstLoss: numbers((step) => series.value('worstLoss', service, step)),
        });
      }
    },
  };
}

/** Six digits: more would be noise, and twice the file. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
