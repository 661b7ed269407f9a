import { medianOfFirst } from '../quantile.ts';
import { slopeQuartiles } from '../slope.ts';

/** A method that alerts: started for each series, then asked minute by minute. */
export interface AlertMethod {
  readonly name: string;
  /** @returns a function of the newest sample's position, which says whether the method fires; called for every evaluation, in order */
  start(used: Float64Array, capacity: number): (newest: number) => boolean;
}

const HORIZON_MINUTES = 240;

/** More than this share of the ports is in use. */
export function levelMethod(share: number): AlertMethod {
  return { name: `level > ${Math.round(100 * share)} %`, start: (used, capacity) => (newest) => used[newest]! > share * capacity };
}

/** Fires when any of them does. */
export function anyMethod(methods: readonly AlertMethod[]): AlertMethod {
  return {
    name: methods.map(({ name }) => name).join(' or '),
    start: (used, capacity) => {
      const started = methods.map((method) => method.start(used, capacity));
      return (newest) => started.some((fires) => fires(newest));
    },
  };
}

/**
 * Prometheus' predict_linear(x[window], 4h) >= capacity: least squares over the window, carried on from the newest time.
 * Before a full window it uses what there is, as Prometheus does.
 */
export function predictLinearMethod(hours: number): AlertMethod {
  return {
    name: `predict_linear[${hours}h], 4h`,
    start: (used, capacity) => (newest) => {
      const first = Math.max(0, newest - 60 * hours + 1);
      const count = newest - first + 1;
      let sum = 0;
      let weighted = 0;
      for (let at = first; at <= newest; at++) {
        sum += used[at]!;
        weighted += used[at]! * (at - newest);
      }
      const meanTime = -(count - 1) / 2;
      const spread = (count * (count * count - 1)) / 12;
      const slope = count < 2 ? 0 : (weighted - meanTime * sum) / spread;
      return sum / count + slope * (HORIZON_MINUTES - meanTime) >= capacity;
    },
  };
}

/** The median slope of all pairs of 5-min or longer medians, carried on from the newest median. */
export function theilSenMethod(hours: number): AlertMethod {
  const pointMinutes = 5 * Math.ceil((hours * 12) / 48);
  const count = (hours * 60) / pointMinutes;
  const points = new Float64Array(count);
  const scratch = new Float64Array(pointMinutes);
  return {
    name: `Theil-Sen ${hours} h, 4h`,
    start: (used, capacity) => (newest) => {
      for (let point = 0; point < count; point++) {
        const last = newest - point * pointMinutes;
        for (let index = 0; index < pointMinutes; index++) scratch[index] = used[last - index] ?? Number.NaN;
        points[point] = last - pointMinutes + 1 < 0 ? Number.NaN : medianOfFirst(scratch, pointMinutes);
      }
      const { median } = slopeQuartiles(points, count, 6);
      return points[0]! + (median / pointMinutes) * HORIZON_MINUTES >= capacity;
    },
  };
}
