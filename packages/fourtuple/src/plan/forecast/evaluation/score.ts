import type { AlertMethod } from './baselines.ts';
import { exhaustingKinds, harmlessKinds, traceOf, usualWorld, type ExhaustingKind, type HarmlessKind, type Trace, type TraceKind, type World } from './traces.ts';

/** Minutes between two evaluations. */
export const EVERY_MINUTES = 5;
/** An alert that began earlier than this before the exhaustion, and ended again, was not about it: twice the horizon, minutes. */
const ABOUT_MINUTES = 480;

/** What a method did on traces without exhaustion. */
export interface HarmlessScore {
  /** Alerts raised in a day. */
  readonly falseAlarmsADay: number;
  /** Share of the time under alert. */
  readonly alertShare: number;
}

/** What it did on traces with one. */
export interface ExhaustingScore {
  readonly traces: number;
  /** Traces without an alert at the time of the exhaustion. */
  readonly missed: number;
  /** Median of the time from the first alert to the exhaustion, minutes; a missed trace counts as 0. */
  readonly firstLead: number;
  /** Median of the time from which on the alert stayed, minutes; a missed trace counts as 0. */
  readonly steadyLead: number;
  /** Alerts on these traces long before: raised in a day of the time that is more than 8 h before the exhaustion. */
  readonly earlyAlarmsADay: number;
}

export interface Score {
  readonly method: string;
  readonly seeds: number;
  /** Alerts raised in a day, over all harmless traces. */
  readonly falseAlarmsADay: number;
  /** Share of the exhaustions. */
  readonly missedShare: number;
  readonly missed: number;
  readonly exhaustions: number;
  readonly harmless: Readonly<Record<HarmlessKind, HarmlessScore>>;
  readonly exhausting: Readonly<Record<ExhaustingKind, ExhaustingScore>>;
}

/** What the forecast must reach on held-out seeds. Minutes. */
export const bars = { falseAlarmsADay: 0.15, missedShare: 0.08, rampLead: 15 } as const;

export function meetsBars({ falseAlarmsADay, missedShare, exhausting }: Score): boolean {
  return falseAlarmsADay <= bars.falseAlarmsADay && missedShare <= bars.missedShare && exhausting.ramp.firstLead >= bars.rampLead;
}

/** The traces of some seeds: one of each kind for a seed, or of those kinds that are wanted. */
export function tracesOf(seeds: readonly number[], world: World = usualWorld, isWanted: (kind: TraceKind) => boolean = () => true): Trace[] {
  return [...harmlessKinds, ...exhaustingKinds].filter(isWanted).flatMap((kind) => seeds.map((seed) => traceOf(kind, seed, world)));
}

/** Runs a method over traces, and counts. */
export function scoreOf(method: AlertMethod, traces: readonly Trace[]): Score {
  const runs = traces.map((trace) => ({ trace, alerts: alertsOf(method, trace) }));
  const ofKind = (kind: Trace['kind']): typeof runs => runs.filter(({ trace }) => trace.kind === kind);
  const harmless = byKind(harmlessKinds, (kind) => harmlessScore(ofKind(kind).map(({ alerts }) => alerts)));
  const exhausting = byKind(exhaustingKinds, (kind) => exhaustingScore(ofKind(kind).map(({ trace, alerts }) => ({ alerts, exhaustedAt: trace.exhaustedAt! }))));
  const exhaustions = exhaustingKinds.reduce((sum, kind) => sum + exhausting[kind].traces, 0);
  const missed = exhaustingKinds.reduce((sum, kind) => sum + exhausting[kind].missed, 0);
  const allHarmless = runs.filter(({ trace }) => trace.exhaustedAt === undefined).map(({ alerts }) => alerts);
  return { method: method.name, seeds: new Set(traces.map(({ seed }) => seed)).size, falseAlarmsADay: harmlessScore(allHarmless).falseAlarmsADay, missedShare: missed / exhaustions, missed, exhaustions, harmless, exhausting };
}

/** Whether the method alerts, at each evaluation: minute 4, 9, 14 ... */
function alertsOf(method: AlertMethod, { used, capacity }: Trace): boolean[] {
  const isAlerting = method.start(used, capacity);
  return Array.from({ length: Math.floor(used.length / EVERY_MINUTES) }, (_, index) => isAlerting((index + 1) * EVERY_MINUTES - 1));
}

function harmlessScore(runs: readonly (readonly boolean[])[]): HarmlessScore {
  const evaluations = runs.reduce((sum, alerts) => sum + alerts.length, 0);
  const days = (evaluations * EVERY_MINUTES) / 1440;
  const alerting = runs.reduce((sum, alerts) => sum + alerts.filter(Boolean).length, 0);
  return { falseAlarmsADay: runs.reduce((sum, alerts) => sum + raisedIn(alerts), 0) / days, alertShare: alerting / evaluations };
}

function exhaustingScore(runs: readonly { readonly alerts: readonly boolean[]; readonly exhaustedAt: number }[]): ExhaustingScore {
  let missed = 0;
  let early = 0;
  let earlyEvaluations = 0;
  const firstLeads: number[] = [];
  const steadyLeads: number[] = [];
  for (const { alerts, exhaustedAt } of runs) {
    const about = Math.max(0, Math.ceil((exhaustedAt - ABOUT_MINUTES) / EVERY_MINUTES));
    early += raisedIn(alerts.slice(0, about));
    earlyEvaluations += about;
    const isMissed = alerts.at(-1) !== true;
    if (isMissed) missed++;
    const lead = (index: number): number => (isMissed ? 0 : exhaustedAt - ((index + 1) * EVERY_MINUTES - 1));
    firstLeads.push(lead(alerts.indexOf(true, about)));
    steadyLeads.push(lead(alerts.lastIndexOf(false) + 1));
  }
  return { traces: runs.length, missed, firstLead: median(firstLeads), steadyLead: median(steadyLeads), earlyAlarmsADay: early / ((earlyEvaluations * EVERY_MINUTES) / 1440) };
}

function raisedIn(alerts: readonly boolean[]): number {
  return alerts.filter((isAlerting, index) => isAlerting && alerts[index - 1] !== true).length;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function byKind<Kind extends string, Value>(kinds: readonly Kind[], of: (kind: Kind) => Value): Record<Kind, Value> {
  return Object.fromEntries(kinds.map((kind) => [kind, of(kind)])) as Record<Kind, Value>;
}
