import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAsker, anyGaps, anyHolder, askerAt, connectedAt, holderAt, listening, objectionTo, resultOf, timeWait, withGaps } from '../../test/support/law-hand-made.ts';
import { PortSet } from '../model/index.ts';
import { ruleBindAny, type BindAnyOperation } from './bind-any.ts';
import type { BindRules } from './bind.ts';
import type { Clause, Ruling } from './clause.ts';
import type { LawHolder } from './holder.ts';

const LOW = 20_000;

/** A range of so many ports, from 20000 on. */
function rulesOf(size: number, fields: Partial<BindRules> = {}): BindRules {
  return { localPortRange: { low: LOW, high: LOW + size - 1 }, reservedPorts: new PortSet(), autobindReuse: false, unprivilegedPortStart: 1024, ...fields };
}

const reserved = (...ports: number[]): Partial<BindRules> => ({ reservedPorts: PortSet.of(ports) });
const relaxed: Partial<BindRules> = { autobindReuse: true };

/** Holders by port: the first list is on port 20000. */
function onPorts(...lists: readonly (readonly LawHolder[])[]): (port: number) => readonly LawHolder[] {
  return (port) => lists[port - LOW] ?? [];
}

describe('ruleBindAny', () => {
  const udp = { protocol: 'udp' } as const;
  const client = connectedAt('10.0.0.1', '10.0.0.9:443');
  const sharing = connectedAt('10.0.0.1', '10.0.0.9:443', 'R');

  it.each<[string, BindAnyOperation, (readonly LawHolder[])[], BindRules, string, Clause]>([
    ['a free port', askerAt('10.0.0.1'), [[client], []], rulesOf(2), 'succeeds', 'port-found'],
    ['a port held on another address alone', askerAt('10.0.0.1'), [[holderAt('10.0.0.2', '', listening)]], rulesOf(1), 'succeeds', 'port-found'],
    ['a port held on another device alone', askerAt('10.0.0.1', '', { device: 1 }), [[holderAt('10.0.0.1', '', { device: 2 })]], rulesOf(1), 'succeeds', 'port-found'],
    ['a connection on every port, to whatever destination', askerAt('10.0.0.1'), [[client], [client]], rulesOf(2), 'EADDRINUSE', 'range-held'],
    ['the wildcard meets every holder', askerAt('0.0.0.0'), [[holderAt('10.0.0.2')]], rulesOf(1), 'EADDRINUSE', 'range-held'],
    ['flags do not help', askerAt('10.0.0.1', 'RP'), [[connectedAt('10.0.0.1', '10.0.0.9:443', 'RP', timeWait)]], rulesOf(1), 'EADDRINUSE', 'range-held'],
    ['ip_autobind_reuse with SO_REUSEADDR on both', askerAt('10.0.0.1', 'R'), [[sharing]], rulesOf(1, relaxed), 'succeeds', 'port-found'],
    ['ip_autobind_reuse without SO_REUSEADDR on the new one', askerAt('10.0.0.1'), [[sharing]], rulesOf(1, relaxed), 'EADDRINUSE', 'range-held'],
    ['ip_autobind_reuse without SO_REUSEADDR on the holder', askerAt('10.0.0.1', 'R'), [[client]], rulesOf(1, relaxed), 'EADDRINUSE', 'range-held'],
    ['ip_autobind_reuse beside a listener', askerAt('10.0.0.1', 'R'), [[holderAt('10.0.0.1', 'R', listening)]], rulesOf(1, relaxed), 'EADDRINUSE', 'range-held'],
    ['ip_autobind_reuse with SO_REUSEPORT on both as well', askerAt('10.0.0.1', 'RP'), [[holderAt('10.0.0.1', 'RP')]], rulesOf(1, relaxed), 'EADDRINUSE', 'range-held'],
    ['ip_autobind_reuse with SO_REUSEPORT of two users as well', askerAt('10.0.0.1', 'RP', { uid: 1000 }), [[holderAt('10.0.0.1', 'RP')]], rulesOf(1, relaxed), 'succeeds', 'port-found'],
    ['only UDP there', askerAt('10.0.0.1'), [[holderAt('10.0.0.1', '', udp)]], rulesOf(1), 'succeeds', 'port-found'],
    ['every port reserved', askerAt('10.0.0.1'), [], rulesOf(2, reserved(LOW, LOW + 1)), 'EADDRINUSE', 'range-reserved'],
    ['one port reserved, the other held', askerAt('10.0.0.1'), [[], [client]], rulesOf(2, reserved(LOW)), 'EADDRINUSE', 'range-held'],
    ['one of three ports left', askerAt('10.0.0.1'), [[client], [], [client]], rulesOf(3), 'unknown', 'odd-range'],
    ['two of three ports left', askerAt('10.0.0.1'), [[client], [], []], rulesOf(3), 'succeeds', 'port-found'],
    ['an address of nobody’s', askerAt('192.0.2.9', '', { isLocalAddress: false }), [], rulesOf(2), 'EADDRNOTAVAIL', 'address-not-local'],
    ['a mapped address, IPv6 only', askerAt('::ffff:10.0.0.1/only'), [], rulesOf(2), 'EINVAL', 'mapped-on-v6only'],
    ['a mapped address, perhaps IPv6 only', askerAt('::ffff:10.0.0.1/?'), [], rulesOf(2), 'unknown', 'mapped-on-v6only'],
    ['UDP minds SO_REUSEADDR', askerAt('10.0.0.1', 'R', udp), [[holderAt('10.0.0.1', 'R', udp)]], rulesOf(1), 'succeeds', 'port-found'],
    ['UDP minds SO_REUSEPORT', askerAt('10.0.0.1', 'P', udp), [[holderAt('10.0.0.1', 'P', udp)]], rulesOf(1), 'succeeds', 'port-found'],
    ['UDP without flags', askerAt('10.0.0.1', '', udp), [[holderAt('10.0.0.1', 'RP', udp)]], rulesOf(1), 'EADDRINUSE', 'range-held'],
    ['not known whether it meets the only holder', askerAt('10.0.0.1'), [[holderAt('::/?')]], rulesOf(1), 'unknown', 'range-held'],
  ])('%s', (_, operation, lists, rules, result, clause) => {
    const ruling = ruleBindAny(operation, onPorts(...lists), rules);
    expect([resultOf(ruling), ruling.clause]).toEqual([result, clause]);
  });

  it('searches a range of the socket’s own', () => {
    const holders = onPorts([client], [], [client]);
    const within = (low: number, high: number): Ruling => ruleBindAny({ ...askerAt('10.0.0.1'), ownRange: { low, high } }, holders, rulesOf(4));
    expect([within(LOW, LOW), within(LOW, LOW + 1), within(LOW + 2, LOW + 2), within(LOW + 2, LOW + 9)].map(resultOf)).toEqual(['EADDRINUSE', 'succeeds', 'EADDRINUSE', 'succeeds']);
  });

  it('says EAGAIN for a UDP connect()', () => {
    const holders = onPorts([holderAt('10.0.0.1', '', udp)]);
    expect(ruleBindAny(askerAt('0.0.0.0', '', udp), holders, rulesOf(1), 'EAGAIN')).toMatchObject({ outcome: 'fails', errno: 'EAGAIN', clause: 'range-held' });
  });

  it('names everybody who takes a port', () => {
    const other = holderAt('0.0.0.0', '', listening);
    expect(ruleBindAny(askerAt('10.0.0.1'), onPorts([client], [other]), rulesOf(2)).holders).toEqual([client, other]);
  });
});

describe('what is not known', () => {
  it.each(['tcp', 'udp'] as const)('%s: a ruling is certain exactly where every way of filling the gaps says the same', (protocol) => {
    fc.assert(
      fc.property(anyAsker(protocol), fc.array(fc.tuple(anyHolder(protocol), fc.nat({ max: 2 })), { maxLength: 3 }), fc.integer({ min: 1, max: 3 }), fc.boolean(), anyGaps, (asker, placed, size, autobindReuse, where) => {
        const { gapped, filled } = withGaps<[BindAnyOperation, ...LawHolder[]]>([asker, ...placed.map(([holder]) => holder)], where);
        const rule = ([one, ...others]: [BindAnyOperation, ...LawHolder[]]): Ruling => ruleBindAny(one, (port) => others.filter((_, index) => placed[index]![1] % size === port - LOW), rulesOf(size, { autobindReuse }));
        expect(objectionTo(rule(gapped), filled.map(rule))).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });
});
