import type { AlertMethod } from './baselines.ts';
import { coverageOf } from './coverage.ts';
import { adjustedMethod, bareMethod, baselineMethods, combinedMethod, helpedMethod, withHysteresis } from './methods.ts';
import type { OtherScore } from './other-worlds.ts';
import { meetsBars, type Score } from './score.ts';
import { exhaustingKinds, harmlessKinds, type Trace } from './traces.ts';

/** Every method of the published table, the forecast first. */
export const reportedMethods: readonly AlertMethod[] = [combinedMethod, adjustedMethod, bareMethod, ...baselineMethods.flatMap((method) => [method, withHysteresis(method)]), helpedMethod];

/** Methods of which the table by kind is shown. */
const detailed: ReadonlySet<string> = new Set([combinedMethod, adjustedMethod, ...baselineMethods.map(withHysteresis)].map(({ name }) => name));

/**
 * The scores as Markdown: a table over all kinds, one of false alarms by kind, one of leads by kind, one of the ranges, and one
 * of other tuples.
 */
export function reportOf(scores: readonly Score[], traces: readonly Trace[], others: readonly OtherScore[]): string {
  const shown = scores.filter(({ method }) => detailed.has(method));
  return [
    table(
      ['method', 'false alarms a day', 'missed', 'ramp: first alert before', 'time under alert on harmless series', 'all three bars'],
      scores.map((score) => [score.method, decimal(score.falseAlarmsADay), `${score.missed} of ${score.exhaustions}`, minutes(score.exhausting.ramp.firstLead), percent(alertShare(score)), meetsBars(score) ? 'met' : 'not met']),
    ),
    'False alarms a day by kind of series:',
    table(['method', ...harmlessKinds], shown.map((score) => [score.method, ...harmlessKinds.map((kind) => decimal(score.harmless[kind].falseAlarmsADay))])),
    'Missed, and minutes from the first alert / from the beginning of the alert that stayed to the exhaustion (medians; missed ones count as 0):',
    table(
      ['method', ...exhaustingKinds, 'alerts a day long before'],
      shown.map((score) => [score.method, ...exhaustingKinds.map((kind) => lead(score, kind)), decimal(meanOf(exhaustingKinds.map((kind) => score.exhausting[kind].earlyAlarmsADay)))]),
    ),
    'The range that is told with an alert (combined, in the last eight hours): how often the exhaustion came within it, sooner, or later:',
    table(
      ['kind', 'within', 'sooner', 'later', 'alert without a trend to tell of'],
      exhaustingKinds.map((kind) => {
        const { within, sooner, later, withoutRange } = coverageOf(kind, traces);
        return [kind, percent(within), percent(sooner), percent(later), percent(withoutRange)];
      }),
    ),
    'Other tuples than the one that the rules were set on (without daily90; 25 of the seeds):',
    table(
      ['ports', 'peakedness', 'target', 'false alarms a day', 'missed', 'ramp: first alert before'],
      others.map(({ capacity, peakedness, target, falseAlarmsADay, missedShare, rampLead }) => [
        capacity.toLocaleString('en'),
        String(peakedness),
        target === capacity ? 'c' : `a(c, 1e-3, z) = ${percent(target / capacity)}`,
        decimal(falseAlarmsADay),
        percent(missedShare),
        minutes(rampLead),
      ]),
    ),
  ].join('\n\n');
}

function lead(score: Score, kind: (typeof exhaustingKinds)[number]): string {
  const { missed, firstLead, steadyLead } = score.exhausting[kind];
  return `${missed} missed, ${Math.round(firstLead)} / ${Math.round(steadyLead)}`;
}

function alertShare(score: Score): number {
  return meanOf(harmlessKinds.map((kind) => score.harmless[kind].alertShare));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function decimal(value: number): string {
  return value.toFixed(2);
}

function minutes(value: number): string {
  return `${Math.round(value)} min`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
