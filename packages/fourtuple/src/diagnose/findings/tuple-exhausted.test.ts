import { describe, expect, it } from 'vitest';
import { established, evidence, filled, severities, timeWait, told } from '../../../test/contract/findings.ts';
import { inspectedOf, many, ownersOf, tcp } from '../../../test/contract/hand-made.ts';
import { tupleExhausted } from './tuple-exhausted.ts';

describe('tuple-exhausted', () => {
  it('is silent while one port is left', () => {
    expect(severities(tupleExhausted, filled(9_999))).toEqual([]);
  });

  it('is critical when none is', () => {
    const [finding] = told(tupleExhausted, filled(10_000));
    expect(finding).toMatchObject({ severity: 'critical', title: '10.0.0.1:many → 10.0.0.9:443 is exhausted: 10,000 of 10,000 source ports used (100 %)' });
    expect(finding!.why).toContain('EADDRNOTAVAIL');
    expect([evidence(finding, 'used'), evidence(finding, 'capacity'), evidence(finding, 'timeWait')]).toEqual([10_000, 10_000, 0]);
  });

  it('counts ports held explicitly against the pool', () => {
    const sockets = [...many(9_000, (index) => established(20_000 + index)), ...many(1_000, (index) => tcp('boundInactive', `10.0.0.5:${29_000 + index}`))];
    expect(severities(tupleExhausted, inspectedOf(sockets, { settings: { range: [20_000, 29_999] } }))).toEqual(['critical']);
  });

  it('fires for every tuple when no port is left to any connect()', () => {
    const sockets = [...many(10, (index) => tcp('boundInactive', `10.0.0.5:${20_000 + index}`)), tcp('established', '10.0.0.1:5000', '10.0.0.9:443'), tcp('established', '10.0.0.1:5001', '10.0.0.8:443')];
    expect(severities(tupleExhausted, inspectedOf(sockets, { settings: { range: [20_000, 20_009] } }))).toEqual(['critical', 'critical']);
  });

  it('does not fire for TIME_WAIT that may be reused', () => {
    expect(severities(tupleExhausted, filled(10_000, { settings: { tcpTwReuse: 1 } }, timeWait))).toEqual([]);
    expect(severities(tupleExhausted, filled(10_000, { settings: { tcpTwReuse: 0 } }, timeWait))).toEqual(['critical']);
  });

  it('names the holders and the TIME_WAIT', () => {
    const [finding] = told(tupleExhausted, filled(10_000, { owners: ownersOf({ 20000: 'app', 20001: 'app', 20002: 'curl' }) }, (port) => (port < 21_000 ? established(port) : timeWait(port))));
    expect(finding!.why).toContain('app/100: 2 connections');
    expect(finding!.why).toContain('curl/101: 1 connection');
    expect(finding!.why).toContain('9,000 in TIME_WAIT');
  });

  it('offers reuse of TIME_WAIT only where that frees something', () => {
    const commands = (make: typeof established): (string | undefined)[] => told(tupleExhausted, filled(10_000, {}, make))[0]!.remedies.map((remedy) => remedy.command);
    expect(commands(timeWait)).toContain('sysctl -w net.ipv4.tcp_tw_reuse=1');
    expect(commands(established)).not.toContain('sysctl -w net.ipv4.tcp_tw_reuse=1');
  });

  it('tells at most ten tuples', () => {
    const sockets = many(15, (index) => tcp('established', '10.0.0.1:20000', `10.0.1.${index}:443`));
    expect(severities(tupleExhausted, inspectedOf(sockets, { settings: { range: [20_000, 20_000] } }))).toHaveLength(10);
  });
});
