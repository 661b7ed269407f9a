import { describe, expect, it } from 'vitest';
import { Random } from '../../test/support/random.ts';
import { addressesFor, engset, erlangB, erlangC, lnErlangB, lossOver, offeredFor, portsFor, reducedLoad, withRetries } from './index.ts';

/** Inputs of Erlang's formula; FOURTUPLE_FUZZ=100000000 for an hour of them. */
const inputs = Number(process.env['FOURTUPLE_FUZZ'] ?? 1_000_000);
const seed = Number(process.env['FOURTUPLE_SEED'] ?? 1);
/** What rounding may turn round. */
const ROUNDING = 1e-11;

/** Gathers what is wrong: an `expect` for each of a million inputs would take longer than they. */
class Faults {
  readonly #found: string[] = [];

  /** @param hint made only for a fault. */
  unless(holds: boolean, hint: () => string): void {
    if (!holds && this.#found.length < 20) this.#found.push(hint());
  }

  get text(): string {
    return this.#found.join('\n');
  }
}

/** From 1e-low to 1e+high, every order of magnitude alike. */
const logarithmic = (random: Random, low: number, high: number): number => 10 ** (low + random.next() * (high - low));

/** Ports from none to 100,000, whole or not, and a load: around them, or of any size. */
function randomSystem(random: Random): { readonly ports: number; readonly load: number } {
  const size = logarithmic(random, -3, random.chance(0.02) ? 5 : 3);
  const ports = random.chance(0.9) ? Math.round(size) : size;
  const around = ports + (random.next() * 12 - 6) * Math.sqrt(ports);
  const load = random.chance(0.6) ? Math.max(0, around) : random.chance(0.01) ? 0 : logarithmic(random, random.chance(0.1) ? -320 : -6, 6);
  return { ports, load };
}

const isProbability = (value: number): boolean => value >= 0 && value <= 1;
const isClose = (value: number, expected: number, relative: number): boolean => Math.abs(value - expected) <= relative * Math.abs(expected);

describe(`random inputs, seed ${seed}`, () => {
  it(`${inputs.toLocaleString('en')} of Erlang's formula: a probability, between its bounds, monotone, and by its recursion`, { timeout: 60_000 + inputs / 10 }, () => {
    const random = new Random(seed);
    const faults = new Faults();
    for (let input = 0; input < inputs; input++) {
      const { ports, load } = randomSystem(random);
      const loss = erlangB(ports, load);
      const hint = (what: string) => (): string => `B(${ports}, ${load}) = ${loss}: ${what}`;
      faults.unless(isProbability(loss), hint('no probability'));
      // Carried is at most c: B >= 1 - c/a. One port loses a/(1 + a): between, a/(a + c) bounds from above for c >= 1, from below under 1.
      const single = load === 0 && ports === 0 ? 1 : load / (load + ports);
      faults.unless(loss >= (1 - ports / load) * (1 - ROUNDING) || load === 0, hint('below 1 - c/a'));
      faults.unless(ports >= 1 ? loss <= single * (1 + ROUNDING) : loss >= single * (1 - ROUNDING), hint('on the wrong side of a/(a + c)'));
      const next = erlangB(ports + 1, load);
      faults.unless(next <= loss, hint(`rises to ${next} with one port more`));
      const recursion = (load * loss) / (ports + 1 + load * loss);
      faults.unless(recursion < 1e-300 || loss < 1e-300 || isClose(next, recursion, ROUNDING), hint(`the next is ${next}, not ${recursion}`));
      const more = load * (1 + random.next() * 0.1);
      faults.unless(erlangB(ports, more) >= loss * (1 - ROUNDING), hint(`falls with the load, to ${more}`));
      const log = lnErlangB(ports, load);
      faults.unless(log <= 0 && (loss < 1e-300 ? log < -690 : isClose(Math.exp(log), loss, ROUNDING)), hint(`its logarithm is ${log}`));
    }
    expect(faults.text).toBe('');
  });

  it(`${(inputs / 100).toLocaleString('en')} of its inverses: they lead back`, { timeout: 60_000 + inputs / 10 }, () => {
    const random = new Random(seed);
    const faults = new Faults();
    for (let input = 0; input < inputs / 100; input++) {
      const ports = Math.max(1, Math.round(logarithmic(random, 0, random.chance(0.05) ? 5 : 3)));
      const loss = random.chance(0.1) ? random.next() * 0.99 + 1e-3 : logarithmic(random, random.chance(0.1) ? -200 : -12, -0.5);
      const load = offeredFor(ports, loss);
      const hint = (what: string) => (): string => `${ports} ports, loss ${loss}, load ${load}: ${what}`;
      faults.unless(load > 0 && Number.isFinite(load), hint('no load'));
      const back = erlangB(ports, load);
      faults.unless(back <= loss && isClose(back, loss, 1e-10), hint(`loses ${back}`));
      faults.unless(portsFor(load, loss) === ports, hint(`takes ${portsFor(load, loss)} ports`));
      const real = ports - random.next();
      faults.unless(isClose(erlangB(real, offeredFor(real, loss)), loss, 1e-10) || offeredFor(real, loss) < 1e-300, hint(`${real} ports lose otherwise`));
      const found = portsFor(load * (1 + random.next()), loss);
      faults.unless(found >= ports, hint(`more load takes ${found} ports`));
    }
    expect(faults.text).toBe('');
  });

  it('of queues, retries, few workers and several limits', { timeout: 60_000 }, () => {
    const random = new Random(seed);
    const faults = new Faults();
    for (let input = 0; input < 10_000; input++) {
      const ports = Math.round(logarithmic(random, 0, 3));
      const load = ports * random.next() * 1.5;
      const hint = (what: string) => (): string => `${ports} ports, load ${load}: ${what}`;
      const loss = erlangB(ports, load);
      const waits = erlangC(ports, load);
      faults.unless(isProbability(waits) && waits >= loss, hint(`waits with ${waits}, is lost with ${loss}`));

      const retried = random.chance(0.2) ? 1 : random.next();
      const again = withRetries(ports, load, retried);
      if (retried === 1 && load >= ports) faults.unless(again.attempts === Number.POSITIVE_INFINITY, hint('no storm'));
      else faults.unless(again.attempts >= load && isClose(again.attempts * (1 - retried * again.loss), load, 1e-7), hint(`with ${retried} retried: ${JSON.stringify(again)}`));

      const workers = ports + random.between(0, 2 * ports);
      const alpha = logarithmic(random, -3, 2);
      const { time, call } = engset(workers, alpha, ports);
      faults.unless(isProbability(time) && isProbability(call) && call <= time, hint(`${workers} workers, alpha ${alpha}: ${time}, ${call}`));
      // So many workers that do so little are Poisson's.
      faults.unless(Math.abs(engset(1e9, load / 1e9, ports).time - loss) < 1e-5, hint('a crowd of workers is no Erlang'));

      const wide = ports + random.between(0, 50);
      const { resourceLoss, flowLoss } = reducedLoad([{ capacity: ports }, { capacity: wide }], [{ offered: load, through: [0, 1] }, { offered: load / 4, through: [1] }]);
      faults.unless([...resourceLoss, ...flowLoss].every(isProbability), hint(`${ports} and ${wide} ports in a row: ${resourceLoss.join(', ')}; ${flowLoss.join(', ')}`));
      faults.unless(flowLoss[0]! >= Math.max(...resourceLoss) * (1 - ROUNDING), hint('a flow loses less than a limit on its way'));
    }
    expect(faults.text).toBe('');
  });

  it('of several addresses: pooled loses least, random most, and as many as are needed are enough', { timeout: 60_000 }, () => {
    const random = new Random(seed);
    const faults = new Faults();
    const policies = ['least-used', 'retry', 'two-choices', 'round-robin', 'random', 'hash'] as const;
    for (let input = 0; input < 5000; input++) {
      const addresses = random.between(1, 32);
      const ports = random.between(16, 1024);
      const load = addresses * ports * (0.3 + random.next());
      const peakedness = random.chance(0.5) ? 1 : 1 + random.next() * 10;
      const hint = (what: string) => (): string => `${addresses} addresses of ${ports} ports, load ${load}, peakedness ${peakedness}: ${what}`;
      const losses = policies.map((policy) => lossOver(policy, addresses, ports, load, peakedness));
      faults.unless(losses.every(isProbability), hint(losses.join(', ')));
      faults.unless(losses[2]! >= losses[0]! * (1 - ROUNDING) && losses[2]! <= losses[4]!, hint(`two choices lose ${losses[2]}, pooled ${losses[0]}, random ${losses[4]}`));
      faults.unless(losses[3]! <= losses[4]! * (1 + ROUNDING), hint(`round-robin loses ${losses[3]}, random ${losses[4]}`));
      const wanted = logarithmic(random, -9, -1);
      const policy = random.pick(policies);
      const needed = addressesFor(policy, ports, load, wanted, peakedness);
      faults.unless(lossOver(policy, needed, ports, load, peakedness) <= wanted && (needed === 1 || lossOver(policy, needed - 1, ports, load, peakedness) > wanted), hint(`${policy} at ${wanted} takes ${needed}`));
    }
    expect(faults.text).toBe('');
  });
});
