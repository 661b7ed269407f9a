import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retriedCodes, retryAfterMs, RetryPolicy, type RetryOptions } from './retry.ts';

const busy = { method: 'GET', failedBefore: 0, statusCode: 503 };

describe('the policy of retries', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'get'])('repeats %s', (method) => {
    expect(new RetryPolicy().next({ ...busy, method })).toBeTypeOf('number');
  });

  it.each(['POST', 'PATCH', 'CONNECT'])('never repeats %s', (method) => {
    expect(new RetryPolicy().next({ ...busy, method })).toBe('not to be repeated');
  });

  it.each([429, 502, 503, 504])('repeats after %i', (statusCode) => {
    expect(new RetryPolicy().next({ ...busy, statusCode })).toBeTypeOf('number');
  });

  it.each([200, 301, 400, 404, 500, 501])('does not repeat after %i', (statusCode) => {
    expect(new RetryPolicy().next({ ...busy, statusCode })).toBe('not to be repeated');
  });

  it.each(retriedCodes)('repeats after %s', (code) => {
    expect(new RetryPolicy().next({ method: 'GET', failedBefore: 0, code })).toBeTypeOf('number');
  });

  it.each(['EADDRNOTAVAIL', 'EADDRINUSE', 'ERR_FOURTUPLE_PORT_BUDGET', 'ERR_FOURTUPLE_ACQUIRE_TIMEOUT', 'ERR_FOURTUPLE_QUEUE_FULL', 'EMFILE', 'UND_ERR_ABORTED', undefined])('does not repeat after %s', (code) => {
    expect(new RetryPolicy().next({ method: 'GET', failedBefore: 0, code })).toBe('not to be repeated');
  });

  it('an answer goes by its status, not by a code', () => {
    expect(new RetryPolicy().next({ method: 'GET', failedBefore: 0, code: 'ECONNRESET', statusCode: 404 })).toBe('not to be repeated');
  });

  it('ends after so many', () => {
    const policy = new RetryPolicy({ maxRetries: 3 });
    expect([0, 1, 2].map((failedBefore) => typeof policy.next({ ...busy, failedBefore }))).toEqual(['number', 'number', 'number']);
    expect(policy.next({ ...busy, failedBefore: 3 })).toBe('often enough');
    expect(new RetryPolicy({ maxRetries: 0 }).next(busy)).toBe('often enough');
  });

  it('waits by chance, up to a time that grows to a limit', () => {
    const waits = (random: number): unknown[] => {
      const policy = new RetryPolicy({ minDelayMs: 100, maxDelayMs: 1000, factor: 3, maxRetries: 9, random: () => random });
      return [0, 1, 2, 3].map((failedBefore) => policy.next({ ...busy, failedBefore }));
    };
    expect(waits(0)).toEqual([0, 0, 0, 0]);
    expect(waits(0.5)).toEqual([50, 150, 450, 500]);
    expect(waits(1)).toEqual([100, 300, 900, 1000]);
  });

  it('no wait is beyond its limit, whatever the options', () => {
    const options = fc.record({ minDelayMs: fc.nat(5000), extra: fc.nat(60_000), factor: fc.double({ min: 1, max: 10, noNaN: true }), random: fc.double({ min: 0, max: 1, noNaN: true }), failedBefore: fc.nat(400) });
    fc.assert(
      fc.property(options, ({ minDelayMs, extra, factor, random, failedBefore }) => {
        const policy = new RetryPolicy({ minDelayMs, maxDelayMs: minDelayMs + extra, factor, maxRetries: 1000, random: () => random });
        const wait = policy.next({ ...busy, failedBefore }) as number;
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(minDelayMs + extra);
      }),
    );
  });

  it('waits as long as Retry-After says, and then by chance', () => {
    const policy = new RetryPolicy({ minDelayMs: 100, random: () => 0.5 });
    expect(policy.next({ ...busy, retryAfter: '7' })).toBe(7050);
    expect(policy.next({ ...busy, retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' }, Date.UTC(2026, 9, 21, 7, 27, 55))).toBe(5050);
    expect(policy.next({ ...busy, retryAfter: '11' })).toBe('too late');
    expect(policy.next({ ...busy, retryAfter: 'soon' })).toBe(50);
  });

  it('a Retry-After that is too late costs nothing of the budget', () => {
    const policy = new RetryPolicy({ budgetBurst: 1 });
    expect(policy.next({ ...busy, retryAfter: '3600' })).toBe('too late');
    expect(policy.next(busy)).toBeTypeOf('number');
    expect(policy.next(busy)).toBe('budget');
    expect(policy.stats()).toEqual({ retries: 1, refusedByBudget: 1 });
  });

  it('each request adds a tenth of a retry: after ten there is one', () => {
    const policy = new RetryPolicy({ budgetBurst: 1 });
    policy.next(busy);
    for (let request = 0; request < 9; request++) policy.sent();
    expect(policy.next(busy)).toBe('budget');
    policy.sent();
    expect(policy.next(busy)).toBeTypeOf('number');
  });

  it('in any order of requests and retries, retries are at most the burst and the share of the requests', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 500 }), fc.integer({ min: 0, max: 20 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, budgetBurst, budgetRatio) => {
        const policy = new RetryPolicy({ budgetBurst, budgetRatio, maxRetries: 1000 });
        let sent = 0;
        for (const isRequest of steps) {
          if (isRequest) {
            sent++;
            policy.sent();
          } else policy.next(busy);
        }
        expect(policy.stats().retries).toBeLessThanOrEqual(budgetBurst + budgetRatio * sent + 1e-6);
      }),
    );
  });

  it.each<[string, RetryOptions]>([
    ['maxRetries', { maxRetries: -1 }],
    ['maxRetries', { maxRetries: 1.5 }],
    ['minDelayMs', { minDelayMs: -1 }],
    ['minDelayMs', { minDelayMs: 20_000 }],
    ['factor', { factor: 0.5 }],
    ['budgetRatio', { budgetRatio: Number.NaN }],
    ['budgetBurst', { budgetBurst: -1 }],
  ])('says which of its options is none: %s', (name, options) => {
    expect(() => new RetryPolicy(options)).toThrow(RangeError);
    expect(() => new RetryPolicy(options)).toThrow(name);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 27);

  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    // The three formats of RFC 9110, 5.6.7.
    ['Sun, 06 Nov 1994 08:49:37 GMT', 10_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 10_000],
    ['Sun Nov  6 08:49:37 1994', 10_000],
    ['Sat, 05 Nov 1994 08:49:37 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['', undefined],
    ['in 5 seconds', undefined],
    ['Sunny 5', undefined],
    ['1e9', undefined],
    ['12345678901', undefined],
  ])('%j', (text, expected) => {
    expect(retryAfterMs(text, now)).toBe(expected);
  });

  it('is never negative, nor no number, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.date({ noInvalidDate: true }).map((date) => date.toUTCString())), (text) => {
        expect(retryAfterMs(text, now) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
