import { makePlan, scaled, type PlanRequest } from './planner.ts';

/** What a wrong estimate would mean. */
export interface Sensitivity {
  /** `twice the rate` */
  readonly what: string;
  /** Loss of the service that loses most. */
  readonly loss: number;
  /** See `Plan.headroom`. */
  readonly headroom: number;
  readonly suffices: boolean;
}

/** The plan with each estimate wrong by a factor, 2 unless said otherwise. */
export function sensitivitiesOf(request: PlanRequest, factor = 2): Sensitivity[] {
  const times = factor === 2 ? 'twice' : `${factor} times`;
  const part = factor === 2 ? 'half' : `1/${factor} of`;
  const each = (change: (service: PlanRequest['services'][number]) => Partial<PlanRequest['services'][number]>): PlanRequest => ({ ...request, services: request.services.map((service) => ({ ...service, ...change(service) })) });
  const cases: [string, PlanRequest][] = [
    [`${times} the rate`, scaled(request, factor)],
    [`${part} the rate`, scaled(request, 1 / factor)],
    [`${times} the lifetime`, each(({ lifetimeSeconds }) => ({ lifetimeSeconds: lifetimeSeconds * factor }))],
    [`${times} the peakedness`, each(({ peakedness }) => ({ peakedness: peakedness * factor }))],
  ];
  return cases.map(([what, changed]) => {
    const plan = makePlan(changed);
    return { what, loss: Math.max(0, ...plan.services.map((one) => one.loss)), headroom: plan.headroom, suffices: plan.headroom >= 1 };
  });
}

/** Loss by rate, for a chart: factors of the rates that were asked for, and the loss of the service that loses most. */
export function lossCurve(request: PlanRequest, factors: readonly number[]): { readonly factor: number; readonly loss: number }[] {
  return factors.map((factor) => ({ factor, loss: Math.max(0, ...makePlan(scaled(request, factor)).services.map((one) => one.loss)) }));
}
