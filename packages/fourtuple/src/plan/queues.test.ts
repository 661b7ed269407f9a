import { describe, expect, it } from 'vitest';
import { expectDigits } from '../../test/support/digits.ts';
import { erlangB } from './erlang-b.ts';
import { engset, erlangC, hayward, meanWait, peakednessOfBatches, poolSize, reducedLoad, waitsLonger, withRetries } from './queues.ts';

const expectClose = (value: number, expected: number, relative: number): void => expect(Math.abs(value - expected) / expected).toBeLessThan(relative);

describe('erlangC and the mean wait', () => {
  it.each([
    [5, 3, '0.2361516035', '0.118076'],
    [10, 8, '0.4091801508', '0.204590'],
    [20, 16, '0.2560777938', '0.0640194'],
    [50, 45, '0.3638644672', '0.0727729'],
    [100, 90, '0.2169404809', '0.0216940'],
  ])('(%d, %d): %s, %s', (servers, offered, waits, wait) => {
    expectDigits(erlangC(servers, offered), waits);
    expectDigits(meanWait(servers, offered), wait);
  });

  it('is certain from a = c on', () => {
    expect([erlangC(3, 3), meanWait(3, 3), waitsLonger(3, 4, 100)]).toEqual([1, Number.POSITIVE_INFINITY, 1]);
  });
});

describe('engset', () => {
  it.each([
    [20, 0.5, 10, '0.0563811983736', '0.0416981508514'],
    [200, 1, 100, '0.106685398103', '0.101282705238'],
    [10, 0.3, 5, '0.045015349149', '0.0290637298548'],
  ])('%d workers, alpha %d, %d ports', (workers, alpha, ports, time, call) => {
    const result = engset(workers, alpha, ports);
    expectDigits(result.time, time);
    expectDigits(result.call, call);
  });

  it('fails every call where there is no port', () => {
    expect([engset(1, 2, 0), engset(5, 0.1, 0)]).toEqual([{ time: 1, call: 1 }, { time: 1, call: 1 }]);
  });

  it.each([[2.5, 1, 1], [-1, 1, 1], [10, Number.NaN, 5], [10, Number.POSITIVE_INFINITY, 5], [10, 1, Number.NaN]])('refuses (%d, %d, %d)', (workers, alpha, ports) => {
    expect(() => engset(workers, alpha, ports)).toThrow(RangeError);
  });

  it('loses no call when there is a port for every worker', () => {
    expect(engset(10, 2, 10).call).toBe(0);
    expect(engset(10, 2, 11)).toEqual({ time: 0, call: 0 });
  });
});

describe('poolSize', () => {
  it.each([
    [500, 0.02, 0.005, 0.01, 17],
    [500, 0.02, 0.02, 0.01, 14],
    [100, 0.05, 0.01, 0.01, 11],
    [1000, 0.1, 0.05, 0.001, 111],
    [20, 0.5, 0.1, 0.01, 17],
    [5000, 0.01, 0.001, 0.01, 64],
  ])('%d requests a second of %d s, waiting over %d s with probability %d: %d', (rate, seconds, wait, probability, size) => {
    expect(poolSize(rate * seconds, wait / seconds, probability)).toBe(size);
  });
});

describe('poolSize, at its ends', () => {
  it('is found for a million busy connections', () => {
    const size = poolSize(1e6, 0, 1e-6);
    expect(waitsLonger(size, 1e6, 0)).toBeLessThanOrEqual(1e-6);
    expect(waitsLonger(size - 1, 1e6, 0)).toBeGreaterThan(1e-6);
  });

  it.each([[10, 0, 0], [10, 0, -1], [10, -1, 0.1], [10, Number.NaN, 0.1], [Number.NaN, 0, 0.1]])('refuses (%d, %d, %d)', (offered, wait, probability) => {
    expect(() => poolSize(offered, wait, probability)).toThrow(RangeError);
  });
});

describe('withRetries', () => {
  it.each([
    [100, 80, 1, '80.35', '4.3596e-3'],
    [100, 90, 0.9, '93.50', '0.041634'],
    [100, 100, 0.9, '126.59', '0.23341'],
    [28_232, 28_000, 1, '28039.26', '1.4000e-3'],
    [28_232, 30_000, 0.9, '45926.36', '0.38531'],
    // Where plain iteration has not arrived after 10,000 rounds.
    [100, 99.9, 1, '1097.802413980', '0.9090000179'],
    [100, 99.999, 1, '100097.998', '0.999000989'],
  ])('(%d, %d, %d): %s attempts, loss %s', (ports, offered, retried, attempts, loss) => {
    const result = withRetries(ports, offered, retried);
    expectDigits(result.attempts, attempts);
    expectDigits(result.loss, loss);
  });

  it('stands by its equation close to a storm: all ports but a tenth of one, and one given up in 1,000', () => {
    for (const [ports, offered, retried] of [[28_232, 28_231.9, 1], [100, 200, 0.9999], [28_232, 28_000, 0.999]] as const) {
      const { attempts, loss } = withRetries(ports, offered, retried);
      expectClose(attempts * (1 - retried * loss), offered, 1e-9);
    }
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses a share of %d', (retried) => {
    expect(() => withRetries(100, 80, retried)).toThrow(RangeError);
  });

  it('is a storm when all are tried again and the load does not fit', () => {
    expect(withRetries(28_232, 30_000, 1).attempts).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('hayward', () => {
  it.each([
    [64, [0.6899, 0.5689, 0.3679, 0.2053, 0.004, 0]],
    [1024, [0.9313, 0.8977, 0.8303, 0.7554, 0.4758, 0.3149]],
    [28_232, [0.9918, 0.9867, 0.9756, 0.9625, 0.9032, 0.8575]],
    [64_512, [0.9957, 0.9926, 0.9858, 0.9776, 0.94, 0.9103]],
  ])('%d ports: the usable share at a loss of 1e-3', (ports, shares) => {
    for (const [index, z] of [1, 2, 5, 10, 50, 100].entries()) {
      const share = shares[index]!;
      // The shares are rounded to four digits: the loss must cross 1e-3 inside them.
      expect(hayward(ports, Math.max(0, share - 5.01e-5) * ports, z)).toBeLessThan(1e-3);
      expect(hayward(ports, (share + 5.01e-5) * ports, z)).toBeGreaterThan(1e-3);
    }
  });

  it('of batches of ten with constant holds', () => {
    expectClose(hayward(1000, 900, peakednessOfBatches(10, 100, 'constant')), 0.027, 0.05);
  });

  it('is Erlang for Poisson arrivals', () => {
    expect(hayward(100, 90, 1)).toBe(erlangB(100, 90));
    expect(() => hayward(100, 90, 0.5)).toThrow(RangeError);
  });
});

describe('reducedLoad', () => {
  it('of one resource is Erlang', () => {
    expectClose(reducedLoad([{ capacity: 100 }], [{ offered: 100, through: [0] }]).resourceLoss[0]!, erlangB(100, 100), 1e-9);
  });

  it('finds a loss near nothing as exactly as a large one', () => {
    const { resourceLoss, flowLoss } = reducedLoad([{ capacity: 100 }], [{ offered: 40, through: [0] }]);
    expectClose(resourceLoss[0]!, erlangB(100, 40), 1e-11);
    expectClose(flowLoss[0]!, erlangB(100, 40), 1e-11);
    expect(flowLoss[0]!).toBeLessThan(1e-15);
  });

  it('refuses a way through what is not there', () => {
    expect(() => reducedLoad([{ capacity: 1 }], [{ offered: 1, through: [1] }])).toThrow(RangeError);
  });

  it('lets a narrow resource spare the wide one behind it', () => {
    const { resourceLoss, flowLoss } = reducedLoad([{ capacity: 50 }, { capacity: 100 }], [{ offered: 90, through: [0, 1] }]);
    expect(resourceLoss[1]).toBeLessThan(1e-6);
    expectClose(flowLoss[0]!, erlangB(50, 90), 1e-4);
  });
});
