import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PortWarnings, type PortWarning } from './warnings.ts';

describe('warnings of ports', () => {
  let told: PortWarning[] = [];

  beforeEach(() => {
    told = [];
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  function watch(hasCliff: boolean): (used: number, destination?: string) => string[] {
    const warnings = new PortWarnings(hasCliff, (warning) => told.push(warning));
    return (used, destination = '192.0.2.1') => {
      told = [];
      warnings.look('10.0.0.5', destination, 443, used, 1000);
      return told.map(({ kind }) => kind);
    };
  }

  it('come once at each level', () => {
    const look = watch(true);
    expect([499, 500, 501, 799, 800, 801, 1000].map((used) => look(used))).toEqual([[], ['cliff'], [], [], ['nearly-exhausted'], [], []]);
  });

  it('both at once, if it comes that fast', () => {
    expect(watch(true)(900)).toEqual(['cliff', 'nearly-exhausted']);
  });

  it('do not come again when the use goes up and down a little', () => {
    const look = watch(true);
    look(800);
    expect([780, 800, 720, 800, 700, 800].map((used) => look(used))).toEqual([[], [], [], [], [], []]);
  });

  it('come again after the use was well below', () => {
    const look = watch(true);
    look(800);
    expect([699, 800].map((used) => look(used))).toEqual([[], ['nearly-exhausted']]);
    expect([399, 499, 500, 800].map((used) => look(used))).toEqual([[], [], ['cliff'], ['nearly-exhausted']]);
  });

  it('have no cliff where the kernel goes port by port', () => {
    const look = watch(false);
    expect([500, 799, 800].map((used) => look(used))).toEqual([[], [], ['nearly-exhausted']]);
  });

  it('are of each destination by itself', () => {
    const look = watch(false);
    expect([look(800), look(800, '192.0.2.2'), look(800)]).toEqual([['nearly-exhausted'], ['nearly-exhausted'], []]);
  });

  it('come again when the tuple was forgotten', () => {
    const warnings = new PortWarnings(true, (warning) => told.push(warning));
    warnings.forget('*', '2001:db8::1', 443);
    warnings.look('*', '2001:db8::1', 443, 900, 1000);
    warnings.forget('*', '2001:db8::1', 443);
    warnings.look('*', '2001:db8::1', 443, 900, 1000);
    expect(told).toHaveLength(4);
    expect(told[3]!.message).toBe('900 of the 1,000 ports to [2001:db8::1]:443 are in use by this process: when none is left, connect() fails by EADDRNOTAVAIL. Reuse connections, or give more source addresses');
    expect(told[2]!.message).toBe('900 of the 1,000 ports to [2001:db8::1]:443 are in use by this process: above half of them every connect() costs 10 to 100 times more');
  });

  it('without a listener, the first one of the process is a warning of it; the channel has all', () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const published: unknown[] = [];
    const listen = (message: unknown): void => void published.push(message);
    subscribe('fourtuple.pool.warning', listen);
    const warnings = new PortWarnings(true, undefined);
    for (const destination of ['192.0.2.1', '192.0.2.2']) warnings.look('10.0.0.5', destination, 443, 500, 1000);
    unsubscribe('fourtuple.pool.warning', listen);
    expect(emit.mock.calls).toEqual([['500 of the 1,000 ports from 10.0.0.5 to 192.0.2.1:443 are in use by this process: above half of them every connect() costs 10 to 100 times more', { type: 'FourtupleWarning', code: 'FOURTUPLE_CLIFF' }]]);
    expect(published).toMatchObject([{ kind: 'cliff', destination: '192.0.2.1' }, { kind: 'cliff', destination: '192.0.2.2', used: 500, capacity: 1000 }]);
  });
});
