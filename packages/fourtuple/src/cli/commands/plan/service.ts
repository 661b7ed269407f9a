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
  if (flags.svg !== undefined) writeWhole(flags.svg, [chartOf(plan)]);
  const found = computed(() => ({ plan, remedies: remediesFor(plan), sensitivities: sensitivitiesOf(request), curve: lossCurve(request, [0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4]), limits }));
  this.process.exitCode = plan.headroom >= 1 ? ExitCode.done : ExitCode.notDone;
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
  refuseOthers(flags, ways[0]!);
  if (flags.services !== undefined) return { request: parsePlanRequest(readSpec(flags.services)), limits: [] };
  if (fromHost) return readHost(flags);
  const host = { ...supplyOf(flags), descriptors: flags.descriptors, conntrackMax: flags.conntrack };
  const service = demandOf({ ...flags, rate: flags.rate!, peakedness: flags.peakedness ?? 1 }, 'service', natOf(flags), flags.bindFirst === true);
  return { request: requestOf([service], host, flags.loss, flags.growth), limits: [] };
}

/** Flags that say nothing where the services come from elsewhere: better refused than passed over. */
function refuseOthers(flags: ServiceFlags, way: string): void {
  if (way === '--rate') return;
  const ofService = { '--lifetime': flags.lifetime !== 0.05, '--close': flags.close !== 'we', '--close-share': flags.closeShare !== 1, '--destinations': flags.destinations !== 1, '--bind-first': flags.bindFirst === true, '--range': flags.range !== undefined, '--reserved': flags.reserved !== undefined, '--sources': flags.sources !== 1, '--nat': flags.nat !== undefined, '--nat-addresses': flags.natAddresses !== 1, '--hosts': flags.hosts !== 1 };
  const ofFile = { '--loss': flags.loss !== 1e-6, '--growth': flags.growth !== 0, '--peakedness': flags.peakedness !== undefined, '--policy': flags.policy !== 'least-used', '--hz': flags.hz !== 250, '--conntrack': flags.conntrack !== undefined, '--descriptors': flags.descriptors !== undefined };
  const refused = Object.entries(way === '--services' ? { ...ofService, ...ofFile } : ofService).filter(([, isGiven]) => isGiven);
  if (refused.length > 0) throw new UsageError(`${refused.map(([name]) => name).join(', ')} cannot be combined with ${way}, which says that itself`);
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
