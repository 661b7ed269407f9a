import type { Constraint, Plan, PlannedRemedy, Sensitivity, ServicePlan } from '../../../plan/index.ts';

/** A plan with everything that is shown of it. */
export interface ShownPlan {
  readonly plan: Plan;
  readonly remedies: readonly PlannedRemedy[];
  readonly sensitivities: readonly Sensitivity[];
  /** Loss by a factor on all rates. */
  readonly curve: readonly { readonly factor: number; readonly loss: number }[];
  readonly limits: readonly string[];
}

/** `fourtuple.plan/1` of `plan service`. What has no end is null: a safe rate of services that nothing limits. */
export function planDocument({ plan, remedies, sensitivities, curve, limits }: ShownPlan): Record<string, unknown> {
  const { request } = plan;
  return {
    schema: 'fourtuple.plan/1',
    kind: 'service',
    lossAllowed: request.loss,
    holds: plan.headroom >= 1,
    headroom: finite(plan.headroom),
    monthsLeft: plan.monthsLeft === undefined ? null : finite(plan.monthsLeft),
    growthPerMonth: request.growthPerMonth,
    binding: plan.binding?.id ?? null,
    second: plan.second?.id ?? null,
    host: { usablePorts: request.host.usablePorts, sources: request.host.sources, policy: request.host.policy, hz: request.host.timers.hz },
    services: plan.services.map(serviceDocument),
    constraints: plan.constraints.map(constraintDocument),
    remedies: remedies.map((remedy) => ({ id: remedy.id, title: remedy.title, cost: remedy.cost, headroom: finite(remedy.headroom), loss: remedy.loss, holds: remedy.suffices, bindingThen: remedy.bindingThen ?? null })),
    sensitivities: sensitivities.map(({ what, loss, headroom, suffices }) => ({ what, loss, headroom: finite(headroom), holds: suffices })),
    lossByRate: curve.map(({ factor, loss }) => ({ factor, loss })),
    notes: plan.notes,
    limits,
  };
}

function serviceDocument({ service, holdSeconds, ports, loss, safeRatePerSecond, constraints }: ServicePlan): Record<string, unknown> {
  return {
    name: service.name,
    ratePerSecond: service.ratePerSecond,
    lifetimeSeconds: service.lifetimeSeconds,
    closing: service.closing,
    closingShare: service.closingShare,
    destinations: service.destinations,
    peakedness: service.peakedness,
    bindsFirst: service.bindsFirst,
    nat: service.nat === undefined ? null : { profile: service.nat.profile.name, addresses: service.nat.addresses, hosts: service.nat.hosts },
    holdSeconds,
    ports,
    loss,
    lostPerSecond: loss * service.ratePerSecond,
    safeRatePerSecond: finite(safeRatePerSecond),
    binding: constraints[0]?.id ?? null,
  };
}

export function constraintDocument({ id, title, services, capacity, unit, offered, safeOffered, ratio, loss }: Constraint): Record<string, unknown> {
  return { id, title, services, capacity, unit, offered, safeOffered, ratio: finite(ratio), loss };
}

/** JSON has no infinity. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
