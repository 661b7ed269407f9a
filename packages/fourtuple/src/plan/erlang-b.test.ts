import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectDigits } from '../../test/support/digits.ts';
import { erlangB, lnErlangB, offeredFor, portsFor } from './erlang-b.ts';

// [c, a, B], all digits as given by 40-digit arithmetic.
describe('erlangB, to the last digit', () => {
  it.each([
    [1, 1, '0.5'],
    [2, 1, '0.2'],
    [5, 3, '0.110054347826087'],
    [10, 5, '0.0183845703366481'],
    [10, 10, '0.214582343107347'],
    [20, 12, '0.00979563942006408'],
    [20, 15, '0.0455932155898'],
    [50, 40, '0.0186906711096'],
    [100, 80, '0.0039920286045532'],
    [100, 100, '0.075700452710861'],
    [200, 180, '0.0103249952049823'],
    [200, 200, '0.0543524228386'],
    [1000, 900, '5.92986267014622e-5'],
    [1000, 1000, '0.0248119176461604'],
    [28_232, 28_000, '9.923276746650e-4'],
    [28_232, 28_232, '0.0047336403983819'],
    [64_512, 64_000, '0.00020818705101369'],
    [64_512, 64_512, '0.0031348060699141'],
    [1e6, 999_000, '2.874213757769e-4'],
    [1e6, 1e6, '7.974603068556e-4'],
    [1e6, 1.1e6, '0.09091817981924'],
    [10.5, 8.3, '0.112695330417473'],
    [0.5, 2, '0.825978944395875'],
    [0.64, 0.001, '0.0133654171821417'],
    [282.32, 270, '0.022966404172519'],
    [1500.25, 1480, '0.0127045153522048'],
    [0.001, 100, '0.99999009805866'],
  ])('B(%d, %d) = %s', (ports, load, expected) => {
    expectDigits(erlangB(ports, load), expected);
  });

  it.each([
    [28_232, 14_000, '-5575.93274795129'],
    [28_232, 27_000, '-33.7328766150562'],
    [64_512, 60_000, '-172.007879125639'],
    [1000, 500, '-197.520080065972'],
    [100, 10, '-143.480866256159'],
    [1e6, 9e5, '-5368.34235172182'],
    [1e6, 5e5, '-193155.007253841'],
    [1e8, 1e6, '-361517028.728088'],
    [5000.5, 10, '-26091.3254229508'],
  ])('ln B(%d, %d) = %s', (ports, load, expected) => {
    expectDigits(lnErlangB(ports, load), expected);
  });

  it('of loads close to the smallest number is a^c/Γ(c+1)', () => {
    expectDigits(erlangB(0.5, 1e-300), '1.128379167096e-150');
    expectDigits(erlangB(1.5, 1e-100), '7.52252778064e-151');
    expect(erlangB(0.5, Number.MIN_VALUE)).toBeGreaterThan(1e-162);
    expect(erlangB(1e-9, 1e-320)).toBeGreaterThan(0.999999);
    expect([lnErlangB(1e8, 1e-49), lnErlangB(1e9, 1e-51), lnErlangB(0.5, Number.MIN_VALUE)].every((value) => Number.isFinite(value) && value < -300)).toBe(true);
  });

  it('lies between its bounds, falls with more ports, grows with load, and is never NaN', () => {
    const ports = fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.double({ min: 1e-9, max: 2000, noNaN: true }));
    const load = fc.oneof(fc.constant(0), fc.double({ min: 1e-200, max: 80_000, noNaN: true }));
    fc.assert(
      fc.property(ports, load, (c, a) => {
        const loss = erlangB(c, a);
        expect(loss).toBeGreaterThanOrEqual(Math.max(0, 1 - c / Math.max(a, 1e-300)) * (1 - 1e-12));
        expect(loss).toBeLessThanOrEqual(1);
        expect(erlangB(c + 1, a)).toBeLessThanOrEqual(loss);
        expect(erlangB(c, a * 1.001 + 1e-9)).toBeGreaterThanOrEqual(loss * (1 - 1e-11));
      }),
      { numRuns: 20_000 },
    );
  });

  it('continues from one whole number to the next', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0.01, max: 4000, noNaN: true }), (c, a) => {
        // B(c, a) = a B(c-1, a) / (c + a B(c-1, a)), also between whole numbers.
        const step = (servers: number): number => (a * erlangB(servers - 1, a)) / (servers + a * erlangB(servers - 1, a));
        for (const servers of [c, c + 0.37]) {
          const loss = erlangB(servers, a);
          expect(loss <= 1e-290 || Math.abs(step(servers) / loss - 1) < 1e-9).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it.each([[-1, 1], [1, -1], [Number.NaN, 1], [1, Number.POSITIVE_INFINITY]])('refuses B(%d, %d)', (ports, load) => {
    expect(() => erlangB(ports, load)).toThrow(RangeError);
  });
});

const losses = [1e-2, 1e-3, 1e-4, 1e-6, 1e-9];

describe('offeredFor', () => {
  it.each([
    [10, [4.4612, 3.092, 2.2601, 1.2948, 0.6057]],
    [64, [50.6026, 44.1557, 39.7839, 33.6255, 27.3777]],
    [100, [84.0642, 75.242, 69.2647, 60.7456, 51.883]],
    [128, [110.5664, 100.1174, 93.0589, 82.9601, 72.3477]],
    [512, [485.9056, 459.6225, 442.6277, 418.3497, 392.1672]],
    [1024, [995.16, 953.63, 927.77, 891.24, 851.8]],
    [28_232, [28_434.92, 28_000.83, 27_810.83, 27_574.7, 27_331.32]],
    [55_000, [55_467.11, 54_730.24, 54_442.73, 54_100.35, 53_753.3]],
    [64_512, [65_073.96, 64_234.58, 63_916.72, 63_542.46, 63_164.74]],
    [440_000, [444_346.52, 439_854.61, 438_734.77, 437_631.18, 436_586.85]],
  ])('%d ports', (ports, loads) => {
    // Four decimals are given, or two: each is met to the last.
    expect(losses.map((loss, index) => Math.abs(offeredFor(ports, loss) - loads[index]!) <= (ports < 1000 ? 5.01e-5 : 5.01e-3))).toEqual([true, true, true, true, true]);
  });
});

describe('offeredFor, at its ends', () => {
  it('finds loads of any size', () => {
    expectDigits(offeredFor(10, 1e-6), '1.29482074218815');
    expectDigits(offeredFor(1000, 0.5), '1998.00397625229');
    // One port: a = p/(1 - p).
    expectDigits(offeredFor(1, 1e-300), '1e-300');
    expectDigits(offeredFor(1, 0.99) / 99, '1.000000000000');
    expect([offeredFor(0, 0.5), offeredFor(1e-3, 1e-9)]).toEqual([0, 0]);
    expectDigits(offeredFor(1e9, 0.99) / 1e11, '1.00000000');
  });
});

describe('portsFor', () => {
  it.each([
    [1, [5, 6, 7, 10, 12]],
    [10, [18, 21, 24, 29, 35]],
    [100, [117, 128, 137, 149, 165]],
    [1000, [1029, 1072, 1100, 1141, 1186]],
    [10_000, [9970, 10_170, 10_273, 10_410, 10_556]],
    [60_000, [59_489, 60_275, 60_581, 60_945, 61_315]],
    [1e6, [990_099, 999_697, 1_001_692, 1_003_463, 1_005_083]],
  ])('a load of %d', (load, ports) => {
    expect(losses.map((loss) => portsFor(load, loss))).toEqual(ports);
  });

  it('is the least that suffices', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 5000, noNaN: true }), fc.constantFrom(...losses), (load, loss) => {
        const ports = portsFor(load, loss);
        expect(erlangB(ports, load)).toBeLessThanOrEqual(loss);
        expect(ports <= 1 || erlangB(ports - 1, load) > loss).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('says when there are not so many ports', () => {
    expect(() => portsFor(1e9, 1e-9)).toThrow('takes more than 1000000000 ports');
  });
});
