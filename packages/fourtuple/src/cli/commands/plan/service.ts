import { lossCurve, makePlan, parsePlanRequest, remediesFor, sensitivitiesOf, type Plan, type PlanRequest } from '../../../plan/index.ts';
import { lineChartSvg } from '../../../report/index.ts';
import { ExitCode, type CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { Printer } from '../../printer.ts';
import { readSpec } from '../../spec-file.ts';
import { requireWritable, writeWhole } from '../../whole-file.ts';
import type { ServiceFlags } from './command.ts';
import { planDocument } from './document.ts';
import { computed, demandOf, natOf, requestOf, supplyOf } from './request.ts';
import { readHost } from './from-host.ts';
import { printPlan } from './screen.ts';

export async function runPlanService(this: CliContext, flags: ServiceFlags): Promise<void> {
  if (flags.svg !== undefined) requireWritable('--svg', flags.svg);
  const { request, limits } = await requested(flags);
  const plan = computed(() => makePlan(request));
  const printer = new Printer(this, flags);
  this.process.exitCode = plan.headroom >= 1 ? ExitCode.done : ExitCode.notDone;
  if (flags.svg !== undefined) writeWhole(flags.svg, [chartOf(plan)]);
  const found = computed(() => ({ plan, remedies: remediesFor(plan), sensitivities: sensitivitiesOf(request), curve: lossCurve(request, [0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4]), limits }));
  if (flags.json === true) printer.json(planDocument(found));
  else printPlan(printer, found);
  printer.flush();
}

async function requested(flags: ServiceFlags): Promise<{ request: PlanRequest; limits: readonly string[] }> {
  const fromHost = flags.fromHost === true || flags.input !== undefined;
  const ways = [flags.rate !== undefined ? '--rate' : '', flags.services !== undefined ? '--services' : '', fromHost ? (flags.fromHost === true ? '--from-host' : '--input') : ''].filter((way) => way !== '');
  if (flags.fromHost === true && flags.input !== undefined) throw new UsageError('--from-host and --input exclude each other: a recording is another host, or another time');
  if (ways.length === 0) throw new UsageError('plan needs to know what to plan for: --rate N, --services FILE, --from-host, or --input RECORDING');
  if (ways.length > 1) throw new UsageError(`${ways.join(' and ')} exclude each other: each says what the services are`);
  if (!fromHost && (flags.namespace !== undefined || flags.at !== undefined)) throw new UsageError('--namespace and --at belong to --from-host or --input');
  if (flags.services !== undefined) return { request: parsePlanRequest(readSpec(flags.services)), limits: [] };
  if (fromHost) return readHost(flags);
  const host = { ...supplyOf(flags), descriptors: flags.descriptors, conntrackMax: flags.conntrack };
  const service = demandOf({ ...flags, rate: flags.rate!, peakedness: flags.peakedness ?? 1 }, 'service', natOf(flags), flags.bindFirst === true);
  return { request: requestOf([service], host, flags.loss, flags.growth), limits: [] };
}

/** Loss over the rate, up to twice the rate or the safe one, whichever is more. */
function chartOf(plan: Plan): string {
  const { request } = plan;
  const most = Math.max(2, Number.isFinite(plan.headroom) ? plan.headroom * 1.5 : 2);
  const factors = Array.from({ length: 201 }, (_, index) => (index / 200) * most);
  const rate = request.services.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0);
  return lineChartSvg({
    title: `Failing connections by rate; ${plan.binding?.title ?? 'nothing'} limits first`,
    x: { title: 'new connections a second, of all services of a host' },
    y: { title: 'share that fails', scale: 'log' },
    series: [{ name: 'loss', points: lossCurve(request, factors).flatMap(({ factor, loss }) => (loss < 1e-12 ? [] : [[factor * rate, loss] as const])) }],
    marks: [
      { axis: 'x', at: rate, text: 'planned' },
      { axis: 'y', at: request.loss, text: 'allowed' },
    ],
  });
}
