import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closings, defaultDemand, defaultSupply, lossCurve, makePlan, natProfiles, policies, portsOfHost, remediesFor, scaled, sensitivitiesOf, type HostSupply, type PlanRequest, type ServiceDemand } from './index.ts';

const service = (fields: Partial<ServiceDemand> = {}): ServiceDemand => ({ name: 'web', ratePerSecond: 470, ...defaultDemand, ...fields });
const ask = (services: readonly ServiceDemand[], host: Partial<HostSupply> = {}, fields: Partial<PlanRequest> = {}): PlanRequest => ({ services, host: { ...defaultSupply, ...host }, loss: 1e-6, growthPerMonth: 0, ...fields });
const nat = (name: string, fields: Partial<NonNullable<ServiceDemand['nat']>> = {}): ServiceDemand['nat'] => ({ profile: natProfiles.get(name)!, addresses: 1, hosts: 1, ...fields });

describe('makePlan', () => {
  it('of 470 a second that we close: 28,740.5 ports, 1.93 % fail, safe up to 450.9 a second', () => {
    const plan = makePlan(ask([service()]));
    const [web] = plan.services;
    expect(web!.ports).toBeCloseTo(28_740.5, 1);
    expect(web!.loss).toBeCloseTo(1.9333e-2, 5);
    expect(web!.safeRatePerSecond).toBeCloseTo(450.94, 1);
    expect(plan.binding?.id).toBe('source-ports');
    expect(plan.headroom).toBeCloseTo(450.94 / 470, 4);
  });

  it('of connections that the other side closes: the ports of those that live', () => {
    const plan = makePlan(ask([service({ ratePerSecond: 1000, closing: 'peer' })]));
    expect(plan.services[0]!.ports).toBeCloseTo(50, 9);
    expect(plan.headroom).toBeGreaterThan(100);
  });

  it.each([
    [28_232, 450.94],
    [64_512, 1039.12],
    [55_000, 884.72],
    [1024, 14.57],
    [64, 0.55],
  ])('safe rate of %d ports: %d a second', (usablePorts, expected) => {
    expect(makePlan(ask([service()], { usablePorts })).services[0]!.safeRatePerSecond / expected).toBeCloseTo(1, 2);
  });

  it('names the binding limit and the second one', () => {
    const plan = makePlan(ask([service({ ratePerSecond: 100, nat: nat('linux-masquerade', { hosts: 3 }) })], { conntrackMax: 262_144, descriptors: 1024 }));
    expect(plan.constraints.map(({ id }) => id)).toEqual(['nat-ports', 'source-ports', 'conntrack', 'descriptors']);
    expect([plan.binding?.id, plan.second?.id]).toEqual(['nat-ports', 'source-ports']);
  });

  it('adds up what services share, and each connection needs all of its limits', () => {
    const plan = makePlan(ask([service({ name: 'a', bindsFirst: true, ratePerSecond: 200 }), service({ name: 'b', bindsFirst: true, ratePerSecond: 250 }), service({ name: 'c', ratePerSecond: 1 })]));
    expect(plan.binding).toMatchObject({ id: 'bind-pool', services: ['a', 'b'] });
    // c has 61 ports more, which bind() cannot have.
    expect(plan.binding!.offered).toBeCloseTo(451 * 61.15, 3);
    expect(plan.services.map(({ loss }) => loss > 1e-6)).toEqual([true, true, false]);
  });

  it('counts ports that bind() takes away from connect(), and the other way round', () => {
    const mixed = makePlan(ask([service({ ratePerSecond: 400 }), service({ name: 'binder', ratePerSecond: 200, bindsFirst: true })]));
    // 24,460 and 12,230 of 28,232: measured, 60 of 100 ports on one side leave 40 to the other.
    expect(mixed.headroom).toBeLessThan(28_232 / (600 * 61.15));
    expect(mixed.constraints.find(({ id }) => id === 'source-ports')!.capacity).toBeCloseTo(28_232 - 12_230, 0);
    expect(mixed.constraints.find(({ id }) => id === 'bind-pool')!.offered).toBeCloseTo(600 * 61.15, 3);
    const scaledDown = makePlan(scaled(mixed.request, mixed.headroom));
    expect(scaledDown.headroom).toBeCloseTo(1, 3);
  });

  it('does not charge a limit with what another one refused already', () => {
    const { services } = makePlan(ask([service({ ratePerSecond: 1500, nat: nat('aws-nat-gateway') })]));
    expect(services[0]!.loss).toBeCloseTo(1 - 28_232 / (1500 * 61.15), 2);
  });

  it('adds up what services share in a NAT', () => {
    const one = makePlan(ask([service({ ratePerSecond: 6, nat: nat('cgn-vyos-example') })]));
    const two = makePlan(ask([service({ name: 'a', ratePerSecond: 3, nat: nat('cgn-vyos-example') }), service({ name: 'b', ratePerSecond: 3, nat: nat('cgn-vyos-example') })]));
    expect(two.headroom).toBeCloseTo(one.headroom, 9);
    const gateway = (rate: number, name: string): ServiceDemand => service({ name, ratePerSecond: rate, destinations: 1000, lifetimeSeconds: 1000, closing: 'peer', nat: nat('azure-nat-gateway', { hosts: 100, addresses: 16 }) });
    expect(makePlan(ask([gateway(12, 'a'), gateway(12, 'b')])).headroom).toBeCloseTo(makePlan(ask([gateway(24, 'a')])).headroom, 9);
  });

  it.each([
    ['azure-lb-manual', 400, 1, 160],
    ['azure-lb-default-snat', 400, 1, 128],
    ['gcp-nat-dynamic', 1000, 300, 19_353],
    ['gcp-nat-static', 1008, 1, 64],
  ])('%s gives each of %d hosts behind %d addresses %d ports', (name, hosts, addresses, ports) => {
    expect(portsOfHost(natProfiles.get(name)!, addresses, hosts)).toBe(ports);
  });

  it('spreads over destinations, but not where bind() comes first', () => {
    const offered = (fields: Partial<ServiceDemand>): number => makePlan(ask([service({ destinations: 4, ...fields })])).constraints[0]!.offered;
    expect(offered({})).toBeCloseTo(470 * 61.15 * 0.25, 3);
    expect(offered({ bindsFirst: true })).toBeCloseTo(470 * 61.15, 3);
  });

  it('says what is not a limit: TIME_WAIT that is skipped, the slow half, a NAT with fewer addresses', () => {
    const { notes } = makePlan(ask([service({ ratePerSecond: 400, nat: nat('aws-nat-gateway', { addresses: 9 }) })], { timeWaitBuckets: 10_000 }));
    expect(notes).toEqual([expect.stringContaining('above 164 closes/s'), expect.stringContaining('above half of its ports connect() becomes slow'), expect.stringContaining('takes 8 addresses at most')]);
  });

  it('counts the months until the headroom is used up', () => {
    const { monthsLeft, headroom } = makePlan(ask([service({ ratePerSecond: 300 })], {}, { growthPerMonth: 0.05 }));
    expect(1.05 ** monthsLeft!).toBeCloseTo(headroom, 9);
    expect(makePlan(ask([service()], {}, { growthPerMonth: 0.05 })).monthsLeft).toBe(0);
    expect(makePlan(ask([service({ ratePerSecond: 1 })], {}, { growthPerMonth: -0.05 })).monthsLeft).toBe(Number.POSITIVE_INFINITY);
    expect(makePlan(ask([service()])).monthsLeft).toBeUndefined();
  });

  it('of nothing holds, and of no ports does not', () => {
    expect(makePlan(ask([service({ ratePerSecond: 0 })])).headroom).toBe(Number.POSITIVE_INFINITY);
    expect(makePlan(ask([service()], { usablePorts: 0 }))).toMatchObject({ headroom: 0, binding: { loss: 1 } });
  });
});

const anyService: fc.Arbitrary<ServiceDemand> = fc.record({
  name: fc.constantFrom('a', 'b'),
  ratePerSecond: fc.double({ min: 0, max: 3000, noNaN: true }),
  lifetimeSeconds: fc.double({ min: 0, max: 600, noNaN: true }),
  closing: fc.constantFrom(...closings),
  closingShare: fc.double({ min: 0, max: 1, noNaN: true }),
  destinations: fc.integer({ min: 1, max: 50 }),
  peakedness: fc.double({ min: 1, max: 200, noNaN: true }),
  bindsFirst: fc.boolean(),
  nat: fc.option(fc.record({ profile: fc.constantFrom(...natProfiles.values()), addresses: fc.integer({ min: 1, max: 8 }), hosts: fc.integer({ min: 1, max: 100 }) }), { nil: undefined }),
});
const anyRequest = fc.record({ services: fc.array(anyService, { minLength: 1, maxLength: 2 }), usablePorts: fc.integer({ min: 0, max: 64_512 }), sources: fc.integer({ min: 1, max: 20 }), policy: fc.constantFrom(...policies), loss: fc.double({ min: 1e-9, max: 0.3, noNaN: true }) }).map(({ services, usablePorts, sources, policy, loss }) => ask(services, { usablePorts, sources, policy, descriptors: 100_000, conntrackMax: 262_144 }, { loss }));

describe('a plan of anything', () => {
  it('has no NaN, no loss outside 0 to 1, and limits in order', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const plan = makePlan(request);
        for (const one of plan.constraints) {
          expect([one.offered, one.safeOffered, one.ratio, one.loss].some(Number.isNaN)).toBe(false);
          expect(one.loss >= 0 && one.loss <= 1).toBe(true);
        }
        const ratios = plan.constraints.map(({ ratio }) => ratio);
        expect(ratios).toEqual(ratios.toSorted((left, right) => right - left));
        for (const { loss } of plan.services) expect(loss >= 0 && loss <= 1).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('loses no more than is allowed exactly where it holds', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const clear = makePlan(request).constraints.filter(({ ratio }) => Math.abs(ratio - 1) > 1e-6);
        expect(clear.map(({ lossAlone }) => lossAlone <= request.loss)).toEqual(clear.map(({ ratio }) => ratio < 1));
      }),
      { numRuns: 400 },
    );
  });

  it('loses more with a higher rate', () => {
    fc.assert(
      fc.property(anyRequest, fc.double({ min: 1, max: 5, noNaN: true }), (request, factor) => {
        const [one, more] = [request, scaled(request, factor)].map((asked) => Math.max(...makePlan(asked).services.map(({ loss }) => loss)));
        expect(more! - one!).toBeGreaterThanOrEqual(-1e-12);
      }),
      { numRuns: 200 },
    );
  });
});

describe('remediesFor', () => {
  it('computes each, the cheapest first', () => {
    const remedies = remediesFor(makePlan(ask([service()])));
    expect(remedies.map(({ id }) => id)).toEqual(['pool', 'close-by-peer', 'tw-reuse', 'destinations', 'range', 'sources']);
    expect(remedies.every(({ suffices, loss }) => suffices && loss <= 1e-6)).toBe(true);
    expect(remedies.find(({ id }) => id === 'range')!.headroom).toBeCloseTo(1039.12 / 470, 3);
    expect(remedies.find(({ id }) => id === 'sources')!.title).toContain('2 source addresses');
  });

  it('of 1,000 a second: 3 source addresses, chosen at random or not', () => {
    for (const policy of ['random', 'least-used'] as const) expect(remediesFor(makePlan(ask([service({ ratePerSecond: 1000 })], { policy }))).find(({ id }) => id === 'sources')!.title).toContain('3 source addresses');
  });

  it('asks for IP_BIND_ADDRESS_NO_PORT where bind() comes first, and for what else is short', () => {
    const short = makePlan(ask([service({ ratePerSecond: 100, lifetimeSeconds: 20, destinations: 10, bindsFirst: true })], { descriptors: 1000 }));
    expect(short.binding?.id).toBe('descriptors');
    expect(remediesFor(short).find(({ id }) => id === 'descriptors')).toMatchObject({ suffices: true, bindingThen: 'file descriptors of the process' });
    const bound = makePlan(ask([service({ destinations: 10, bindsFirst: true })]));
    expect(remediesFor(bound).find(({ id }) => id === 'no-port')!.headroom / bound.headroom).toBeCloseTo(10, 6);
  });

  it('counts the addresses of a NAT that are enough, up to what it can have', () => {
    const addresses = (hosts: number): string | undefined => remediesFor(makePlan(ask([service({ ratePerSecond: 100, nat: nat('aws-nat-gateway', { hosts }) })]))).find(({ id }) => id === 'nat-addresses')?.title;
    expect(addresses(20)).toBe('3 NAT addresses');
    expect(addresses(80)).toBeUndefined();
  });

  it('does not promise bind() a TIME_WAIT, nor a pool to connections that live long', () => {
    expect(remediesFor(makePlan(ask([service({ bindsFirst: true })]))).map(({ id }) => id)).not.toContain('tw-reuse');
    expect(makePlan(ask([service({ bindsFirst: true, closing: 'we-reused' })])).services[0]!.holdSeconds).toBeCloseTo(61.15, 6);
    const [pool] = remediesFor(makePlan(ask([service({ name: 'short', ratePerSecond: 600 }), service({ name: 'ws', ratePerSecond: 7, lifetimeSeconds: 3600 })])));
    expect(pool).toMatchObject({ id: 'pool', suffices: true, title: expect.stringMatching(/a pool of \d+ \(short\) connections/) as string });
  });

  it('makes a pool larger for requests in bursts', () => {
    const size = (peakedness: number): number => Number(/a pool of (\d+)/.exec(remediesFor(makePlan(ask([service({ ratePerSecond: 430, peakedness })])))[0]!.title)![1]);
    expect(size(50)).toBeGreaterThan(2 * size(1));
  });

  it('leaves out what does not help', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const plan = makePlan(request);
        for (const remedy of remediesFor(plan)) {
          expect(remedy.headroom).toBeGreaterThanOrEqual(plan.headroom * (1 - 1e-6));
          expect(remedy.suffices).toBe(remedy.headroom >= 1);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('sensitivitiesOf and lossCurve', () => {
  it('say what a wrong estimate means', () => {
    const request = ask([service({ ratePerSecond: 300 })]);
    expect(sensitivitiesOf(request).map(({ what, suffices }) => [what, suffices])).toEqual([['twice the rate', false], ['half the rate', true], ['twice the lifetime', true], ['twice the peakedness', true]]);
    expect(sensitivitiesOf(request, 3)[0]!.what).toBe('3 times the rate');
    expect(lossCurve(request, [1, 2])[1]!.loss).toBeCloseTo(sensitivitiesOf(request)[0]!.loss, 12);
  });
});
