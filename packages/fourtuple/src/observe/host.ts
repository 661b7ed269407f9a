import { hostName, kernelRelease, NamespaceLostError, type FoundNamespace } from '../kernel/index.ts';
import { isoTime } from '../model/index.ts';
import { measureSteps, type Measurement, type MeasureOptions } from './measure.ts';
import { LazyOwners } from './owners.ts';
import { goneSentence, prefixed } from './snapshot.ts';

/** A host's namespaces, counted at one moment. */
export interface HostMeasurement {
  readonly takenAt: string;
  readonly kernel: string;
  readonly host: string;
  readonly namespaces: readonly Measurement[];
  readonly limits: readonly string[];
}

/** Counts each namespace in turn, pausing as it goes. One that vanishes meanwhile is told, unless it was the only one. */
export function* measureHostSteps(namespaces: readonly FoundNamespace[], options: MeasureOptions, takenAt: Date): Generator<void, HostMeasurement> {
  const measured: Measurement[] = [];
  const limits: string[] = [];
  const owners = new LazyOwners(options.owners, limits, namespaces.length === 1);
  for (const namespace of namespaces) {
    try {
      const measurement = yield* measureSteps(namespace, options, owners);
      measured.push(measurement);
      limits.push(...prefixed(namespace, namespaces, measurement.usage.limits));
    } catch (error) {
      if (error instanceof NamespaceLostError || namespaces.length === 1) throw error;
      limits.push(goneSentence(namespace, error));
    }
  }
  return { takenAt: isoTime(takenAt), kernel: kernelRelease(), host: hostName(), namespaces: measured, limits: [...new Set(limits)] };
}
