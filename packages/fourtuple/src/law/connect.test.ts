import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, anyGaps, anyHolder, connectedAt, holderAt, listening, objectionTo, resultOf, timeWait, withGaps } from '../../test/support/law-hand-made.ts';
import { PortSet, TcpState, traitsOfRelease } from '../model/index.ts';
import type { Clause, Ruling } from './clause.ts';
import { fourTupleText, isSameFourTuple, judgePort, ruleConnect, ruleConnectBound, connectMayMissOne, rulePool, type ConnectOperation, type ConnectRules, type PortCounts, type PortVerdict } from './connect.ts';
import type { LawHolder } from './holder.ts';

const LOW = 20_000;

function rulesOf(size: number, fields: Partial<ConnectRules> = {}): ConnectRules {
  return { localPortRange: { low: LOW, high: LOW + size - 1 }, reservedPorts: new PortSet(), tcpTwReuse: 0, tcpTwReuseDelayMs: 1000, ...fields };
}

const to = (peer: string, fields: Partial<ConnectOperation> = {}): ConnectOperation => {
  const [address, port] = peer.split(':') as [string, string];
  return { source: addressOf('10.0.0.1'), destination: addressOf(address), destinationPort: Number(port), device: 0, ...fields };
};

function onPorts(...lists: readonly (readonly LawHolder[])[]): (port: number) => readonly LawHolder[] {
  return (port) => lists[port - LOW] ?? [];
}

const PEER = '10.0.0.9:443';
const same = connectedAt('10.0.0.1', PEER);
const elsewhere = connectedAt('10.0.0.1', '10.0.0.9:80');
const listener = holderAt('10.0.0.2', 'R', listening);
const aged = (ageMs: number, fields: Partial<LawHolder> = {}): LawHolder => connectedAt('10.0.0.1', PEER, '', { ...timeWait, ageMs, ...fields });
const reuse: Partial<ConnectRules> = { tcpTwReuse: 1 };

describe('isSameFourTuple', () => {
  it.each<[string, LawHolder, boolean]>([
    ['the very same', same, true],
    ['another source', connectedAt('10.0.0.2', PEER), false],
    ['another destination', connectedAt('10.0.0.1', '10.0.0.8:443'), false],
    ['another destination port', elsewhere, false],
    ['from the mapped address', connectedAt('::ffff:10.0.0.1/6', PEER), true],
    ['UDP', connectedAt('10.0.0.1', PEER, '', { protocol: 'udp' }), false],
    ['a holder with a device', connectedAt('10.0.0.1', PEER, '', { device: 1 }), false],
  ])('%s', (_, holder, expected) => {
    expect(isSameFourTuple(to(PEER), holder)).toBe(expected);
  });

  it('with a device: a holder with the same device, and one with none', () => {
    const operation = to(PEER, { device: 1 });
    expect([isSameFourTuple(operation, connectedAt('10.0.0.1', PEER, '', { device: 1 })), isSameFourTuple(operation, same)]).toEqual([true, true]);
  });
});

describe('judgePort', () => {
  it.each<[string, LawHolder[], ConnectRules, PortVerdict]>([
    ['nobody', [], rulesOf(1), 'free'],
    ['a connection to somewhere else', [elsewhere], rulesOf(1), 'free'],
    ['a UDP socket', [holderAt('0.0.0.0', '', { protocol: 'udp' })], rulesOf(1), 'free'],
    ['a listener, on whatever address', [listener], rulesOf(1), 'explicit'],
    ['a bound socket of the other family', [holderAt('::1/only')], rulesOf(1), 'explicit'],
    ['the very same connection', [same], rulesOf(1), 'taken'],
    ['the very same connection after bind()', [{ ...same, isConnectChosen: false }], rulesOf(1), 'explicit'],
    ['the very same in TIME_WAIT', [aged(50)], rulesOf(1), 'time-wait'],
    ['the very same in TIME_WAIT, old enough', [aged(1001)], rulesOf(1, reuse), 'free'],
    ['the very same in TIME_WAIT, not yet old enough', [aged(1000)], rulesOf(1, reuse), 'time-wait'],
    ['old enough but without timestamps', [aged(1001, { hadTimestamps: false })], rulesOf(1, reuse), 'time-wait'],
    ['old enough, timestamps not known', [aged(1001, { hadTimestamps: undefined })], rulesOf(1, reuse), 'unknown'],
    ['a FIN_WAIT2 bucket, however old', [aged(9000, { state: TcpState.finWait2 })], rulesOf(1, reuse), 'time-wait'],
    ['tcp_tw_reuse 2 without a loopback end', [aged(1001)], rulesOf(1, { tcpTwReuse: 2 }), 'time-wait'],
    ['somebody of whom it is not known how the port came', [{ ...elsewhere, isConnectChosen: undefined }], rulesOf(1), 'unknown'],
    ['the same connection, not known how the port came', [{ ...same, isConnectChosen: undefined }], rulesOf(1), 'taken'],
    ['not known, beside one that is explicit', [{ ...elsewhere, isConnectChosen: undefined }, listener], rulesOf(1), 'explicit'],
  ])('%s', (_, holders, rules, expected) => {
    expect(judgePort(to(PEER), holders, rules)).toBe(expected);
  });

  it('tcp_tw_reuse 2 with a loopback end', () => {
    const holder = connectedAt('127.0.0.1', '127.0.0.1:443', '', { ...timeWait, ageMs: 1001 });
    expect(judgePort(to('127.0.0.1:443', { source: addressOf('127.0.0.1') }), [holder], rulesOf(1, { tcpTwReuse: 2 }))).toBe('free');
  });
});

describe('ruleConnect', () => {
  it.each<[string, (readonly LawHolder[])[], ConnectRules, string, Clause]>([
    ['a free port', [[same], []], rulesOf(2), 'succeeds', 'port-shared'],
    ['a port that is used to somewhere else', [[elsewhere]], rulesOf(1), 'succeeds', 'port-shared'],
    ['a connection to this destination on every port', [[same], [aged(50)]], rulesOf(2), 'EADDRNOTAVAIL', 'four-tuples-taken'],
    ['an explicit holder on every port', [[listener], [holderAt('::1/only')]], rulesOf(2), 'EADDRNOTAVAIL', 'ports-explicit'],
    ['one of each', [[listener], [same]], rulesOf(2), 'EADDRNOTAVAIL', 'ports-explicit-or-taken'],
    ['every port reserved', [], rulesOf(2, { reservedPorts: PortSet.of([LOW, LOW + 1]) }), 'EADDRNOTAVAIL', 'range-reserved'],
    ['one port reserved, the other taken', [[], [same]], rulesOf(2, { reservedPorts: PortSet.of([LOW]) }), 'EADDRNOTAVAIL', 'four-tuples-taken'],
    ['one of three ports left', [[same], [], [same]], rulesOf(3), 'unknown', 'odd-range'],
    ['two of three ports left', [[same], [], []], rulesOf(3), 'succeeds', 'port-shared'],
    ['not known of the only port', [[{ ...elsewhere, isConnectChosen: undefined }]], rulesOf(1), 'unknown', 'ports-explicit-or-taken'],
    ['not known of one port, the other free', [[{ ...elsewhere, isConnectChosen: undefined }], []], rulesOf(2), 'succeeds', 'port-shared'],
  ])('%s', (_, lists, rules, result, clause) => {
    const ruling = ruleConnect(to(PEER), onPorts(...lists), rules);
    expect([resultOf(ruling), ruling.clause]).toEqual([result, clause]);
  });

  it('with a range of its own a socket tries every port', () => {
    expect(ruleConnect(to(PEER, { ownRange: { low: LOW, high: LOW + 2 } }), onPorts([same], [], [same]), rulesOf(8))).toMatchObject({ outcome: 'succeeds', clause: 'port-shared' });
  });

  it('looks at its own range alone', () => {
    const within = (low: number, high: number): string => resultOf(ruleConnect(to(PEER, { ownRange: { low, high } }), onPorts([same], [same]), rulesOf(4)));
    expect([within(LOW, LOW + 1), within(LOW + 1, LOW + 2)]).toEqual(['EADDRNOTAVAIL', 'succeeds']);
  });

  it('names those that took a port from it, and nobody else', () => {
    expect(ruleConnect(to(PEER), onPorts([elsewhere, listener], [elsewhere, same]), rulesOf(2)).holders).toEqual([listener, same]);
  });
});

describe('rulePool', () => {
  const none: PortCounts = { free: 0, reserved: 0, explicit: 0, taken: 0, 'time-wait': 0, unknown: 0 };

  it.each<[string, Partial<PortCounts>, boolean, string, Clause]>([
    ['one free of an even range', { free: 1, taken: 3 }, false, 'succeeds', 'port-shared'],
    ['one free of an odd range', { free: 1, taken: 2 }, true, 'unknown', 'odd-range'],
    ['nothing but TIME_WAIT', { 'time-wait': 4 }, false, 'EADDRNOTAVAIL', 'four-tuples-taken'],
    ['nothing but reserved', { reserved: 4 }, false, 'EADDRNOTAVAIL', 'range-reserved'],
    ['one unknown, the others taken', { unknown: 1, taken: 3 }, false, 'unknown', 'ports-explicit-or-taken'],
  ])('%s', (_, counts, canMissOne, result, clause) => {
    const ruling = { ...rulePool({ ...none, ...counts }, canMissOne), holders: [] };
    expect([resultOf(ruling), ruling.clause]).toEqual([result, clause]);
  });
});

describe('ruleConnectBound', () => {
  it.each<[string, LawHolder[], string, Clause]>([
    ['nobody', [], 'succeeds', 'four-tuple-free'],
    ['a connection to somewhere else, and a listener', [elsewhere, listener], 'succeeds', 'four-tuple-free'],
    ['exactly this one', [same], 'EADDRNOTAVAIL', 'four-tuple-taken'],
    ['exactly this one, explicit', [{ ...same, isConnectChosen: false }], 'EADDRNOTAVAIL', 'four-tuple-taken'],
    ['in TIME_WAIT, at once and whatever tcp_tw_reuse says', [aged(0)], 'succeeds', 'time-wait-taken-over'],
    ['a FIN_WAIT2 bucket', [aged(0, { state: TcpState.finWait2 })], 'succeeds', 'time-wait-taken-over'],
    ['in TIME_WAIT without timestamps', [aged(9000, { hadTimestamps: false })], 'EADDRNOTAVAIL', 'time-wait-not-reusable'],
    ['in TIME_WAIT, timestamps not known', [aged(0, { hadTimestamps: undefined })], 'unknown', 'time-wait-not-reusable'],
  ])('%s', (_, holders, result, clause) => {
    const ruling = ruleConnectBound(to(PEER), holders);
    expect([resultOf(ruling), ruling.clause]).toEqual([result, clause]);
  });
});

describe('fourTupleText', () => {
  it('shows both ends, or the one that there is', () => {
    expect([fourTupleText({ ...same, port: 40_000 }), fourTupleText(listener), fourTupleText(connectedAt('::1/6', '::1:443'))]).toEqual(['10.0.0.1:40000 → 10.0.0.9:443', '10.0.0.2:8080', '[::1]:8080 → [::1]:443']);
  });
});

describe('what is not known', () => {
  const anyConnectHolder = fc.tuple(anyHolder('tcp'), fc.boolean()).map(([holder, isHere]) => (isHere && holder.remotePort !== 0 ? { ...holder, address: addressOf('10.0.0.1') } : holder));

  it('connect(): a ruling is certain exactly where every way of filling the gaps says the same', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyConnectHolder, fc.nat({ max: 2 })), { maxLength: 4 }), fc.integer({ min: 1, max: 3 }), fc.nat({ max: 1 }), anyGaps, (placed, size, tcpTwReuse, where) => {
        const { gapped, filled } = withGaps(placed.map(([holder]) => holder), where);
        const rule = (holders: readonly LawHolder[]): Ruling => ruleConnect(to(PEER), (port) => holders.filter((_, index) => placed[index]![1] % size === port - LOW), rulesOf(size, { tcpTwReuse }));
        expect(objectionTo(rule(gapped), filled.map(rule))).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('connect() of a bound socket: the same', () => {
    fc.assert(
      fc.property(fc.array(anyConnectHolder, { maxLength: 4 }), anyGaps, (holders, where) => {
        const { gapped, filled } = withGaps(holders, where);
        const rule = (one: readonly LawHolder[]): Ruling => ruleConnectBound(to(PEER), one);
        expect(objectionTo(rule(gapped), filled.map(rule))).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an older kernel', () => {
  const kernel = traitsOfRelease('6.12.117');

  it('may keep a port that a gone explicit holder had: not known', () => {
    expect([judgePort(to(PEER), [elsewhere], rulesOf(1, { kernel })), judgePort(to(PEER), [], rulesOf(1, { kernel }))]).toEqual(['unknown', 'free']);
  });

  it('lets a TIME_WAIT of an earlier second go: within one, not known', () => {
    const ages = [1, 999, 1001].map((ageMs) => judgePort(to(PEER), [aged(ageMs)], rulesOf(1, { ...reuse, kernel: { ...kernel, portsRecover: true } })));
    expect(ages).toEqual(['unknown', 'unknown', 'free']);
  });

  it('may miss one port of an odd range of its own, before 6.8', () => {
    const own = { low: LOW, high: LOW + 2 };
    expect([undefined, own].map((range) => ['6.7.12', '6.8.0'].map((release) => connectMayMissOne(own, range, traitsOfRelease(release))))).toEqual([[true, true], [true, false]]);
  });
});

describe('an accepted connection', () => {
  const accepted = connectedAt('10.0.0.1', '10.0.0.8:5000', 'R', { isConnectChosen: false, isAccepted: true });

  it('keeps its port explicit beside a listener, and perhaps without one', () => {
    expect([judgePort(to(PEER), [accepted, listener], rulesOf(1)), judgePort(to(PEER), [accepted, elsewhere], rulesOf(1))]).toEqual(['explicit', 'unknown']);
  });
});

describe('one four-tuple twice, on two devices', () => {
  const onDevice = connectedAt('10.0.0.1', PEER, '', { device: 1 });
  const operation = to(PEER, { device: 1 });
  const usedTimestamps = aged(2000, { hadTimestamps: true });

  it('of which one may be taken over is not decided: the kernel goes by the first that it meets', () => {
    expect(judgePort(operation, [onDevice, usedTimestamps], rulesOf(1, reuse))).toBe('unknown');
    expect(ruleConnectBound(operation, [onDevice, usedTimestamps]).outcome).toBe('unknown');
    expect(ruleConnectBound(operation, [aged(2000, { hadTimestamps: false }), usedTimestamps]).outcome).toBe('unknown');
  });

  it('of which none may is taken', () => {
    expect(judgePort(operation, [onDevice, aged(50)], rulesOf(1))).toBe('taken');
    expect(ruleConnectBound(operation, [onDevice, same]).outcome).toBe('fails');
  });
});
