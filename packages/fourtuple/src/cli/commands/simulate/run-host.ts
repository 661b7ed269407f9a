import { closingSeconds } from '../../../plan/hold.ts';
import { expectedOf, HostSimulation, type Distribution, type HostResult, type HostSpec } from '../../../plan/simulate/index.ts';
import { grouped, plural } from '../../../model/index.ts';
import { renderCsv } from '../../../report/index.ts';
import type { CliContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { Printer } from '../../printer.ts';
import type { HostFlags } from './command.ts';
import { hostDocument } from './documents.ts';
import { partColumns, partsChart } from './host-parts.ts';
import { interrupted } from './interrupted.ts';
import { lossText } from './loss-text.ts';
import { Progress } from './progress.ts';
import { requireWritable, writeWhole } from '../../whole-file.ts';

/** Events between two looks at whether somebody wants to stop: some tenths of a second. */
const SLICE = 2_000_000;
const WARM_UP_HOLDS = 10;
const NO_LIMIT = 1e9;

export async function runSimulateHost(this: CliContext, flags: HostFlags): Promise<void> {
  for (const [flag, file] of [['--csv', flags.csv], ['--svg', flags.svg]] as const) if (file !== undefined) requireWritable(flag, file);
  const spec = hostSpec(flags);
  const simulation = makeSimulation(spec);
  const printer = new Printer(this, flags);
  const progress = new Progress(this, flags);
  this.heedSignals();
  for (;;) {
    simulation.run(SLICE);
    if (simulation.isDone) break;
    progress.show(simulation.progress);
    if (!(await this.sleep(0))) {
      progress.end();
      throw interrupted(simulation.progress, 'Fewer --connections end sooner.');
    }
  }
  progress.end();
  const result = simulation.result();
  if (flags.csv !== undefined) writeWhole(flags.csv, [`${renderCsv(partColumns, result.parts).join('\r\n')}\r\n`]);
  if (flags.svg !== undefined) writeWhole(flags.svg, [partsChart(spec, result)]);
  if (flags.json === true) printer.json(hostDocument(spec, result));
  else print(printer, spec, result);
  printer.flush();
}

function makeSimulation(spec: HostSpec): HostSimulation {
  try {
    return new HostSimulation(spec);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`This host cannot be simulated: ${error.message}`);
    throw error;
  }
}

function hostSpec(flags: HostFlags): HostSpec {
  if (flags.batches === 'fixed' && !Number.isInteger(flags.batch)) throw new UsageError(`--batch is a whole number unless --batches is geometric, not ${flags.batch}`);
  if (flags.policy === 'hash' && flags.addresses === 1) throw new UsageError('--policy hash needs more than one address: give --addresses N');
  const seconds = closingSeconds(flags.close);
  const hold = flags.lifetime + flags.closeShare * seconds;
  if (hold === 0) throw new UsageError('connections without lifetime that hold no port afterwards take no port: give --lifetime or another --close');
  return {
    ports: flags.ports,
    addresses: flags.addresses,
    destinations: flags.destinations,
    ratePerSecond: flags.rate,
    batch: flags.batches === 'fixed' ? { kind: 'fixed', size: flags.batch } : { kind: 'geometric', mean: flags.batch },
    curve: {},
    lifetime: lifetimeOf(flags),
    closing: { seconds, share: flags.closeShare },
    policy: flags.policy,
    keys: { count: flags.keys, exponent: flags.zipf },
    retries: { chance: flags.retry, most: flags.mostRetries ?? NO_LIMIT, delaySeconds: flags.retryDelay },
    warmUpSeconds: flags.warmUp ?? WARM_UP_HOLDS * hold,
    connections: flags.connections,
    seed: flags.seed,
  };
}

function lifetimeOf({ lifetime, lifetimes, sigma }: HostFlags): Distribution {
  switch (lifetimes) {
    case 'exponential':
    case 'constant':
      return { kind: lifetimes, mean: lifetime };
    case 'lognormal':
      return { kind: lifetimes, mean: lifetime, sigma };
    case 'hyperexponential':
      // One in ten lasts 8.2 times as long as the mean, the others a fifth of it.
      return { kind: lifetimes, mean: lifetime, share: 0.1, factor: 8.2 };
  }
}

function print(printer: Printer, spec: HostSpec, result: HostResult): void {
  const capacity = spec.ports * spec.addresses * spec.destinations;
  const expected = expectedOf(spec);
  printer.paragraph(`${grouped(result.failures)} of ${plural(result.attempts, 'attempt')} found no port: ${lossText(result.loss.value)}, standard error ${lossText(result.loss.standardError)}.`);
  printer.paragraph(expected === undefined ? 'There is no formula for this.' : `${expected.formula}: ${lossText(expected.loss)} at a load of ${expected.offered.toFixed(1)} ports for each destination, peakedness ${expected.peakedness.toFixed(1)}.`);
  printer.paragraph(`Ports in use: ${result.meanUsed.toFixed(1)} on average, ${grouped(result.mostUsed)} at most, of ${grouped(capacity)}.`);
  if (spec.addresses > 1) printer.paragraph(`Fullest for one destination, by address: ${result.addresses.slice(0, 16).map((address) => grouped(address.mostUsed)).join(', ')}${spec.addresses > 16 ? ', …' : ''} of ${grouped(spec.ports)}.`);
  if (result.abandoned < result.failures) printer.paragraph(`${plural(result.abandoned, 'connection')} of ${grouped(result.connections)} given up, ${grouped(result.failures - result.abandoned)} failures tried again.`);
  if (!printer.isQuiet) printer.paragraph(`${grouped(result.events)} events, ${grouped(result.seconds)} simulated seconds, seed ${spec.seed}.`, { style: 'dim' });
}
