import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAsker, anyGaps, anyHolder, askerAt, connectedAt, holderAt, listening, objectionTo, resultOf, timeWait, withGaps } from '../../test/support/law-hand-made.ts';
import { defaultLocalPortRange, PortSet } from '../model/index.ts';
import { isMappedOnV6Only, ruleBind, ruleListen, v6OnlyAfterBind, type BindOperation, type BindRules } from './bind.ts';
import { BindBucket } from './bucket.ts';
import type { Clause } from './clause.ts';
import type { LawHolder, PortSocket } from './holder.ts';

const rules: BindRules = { localPortRange: defaultLocalPortRange, reservedPorts: new PortSet(), autobindReuse: false, unprivilegedPortStart: 1024 };
const udp = { protocol: 'udp' } as const;

describe('ruleBind: TCP', () => {
  it.each<[string, BindOperation, LawHolder[], string, Clause]>([
    ['nobody there', askerAt('10.0.0.1'), [], 'succeeds', 'port-free'],
    ['only UDP there', askerAt('10.0.0.1'), [holderAt('10.0.0.1', '', udp)], 'succeeds', 'port-free'],
    ['another address', askerAt('10.0.0.1'), [holderAt('10.0.0.2')], 'succeeds', 'addresses-apart'],
    ['[::1] beside a listener on 0.0.0.0', askerAt('::1/6'), [holderAt('0.0.0.0', '', listening)], 'succeeds', 'addresses-apart'],
    ['0.0.0.0 beside a connection of ::1', askerAt('0.0.0.0'), [connectedAt('::1/6', '::1:443')], 'EADDRINUSE', 'neither-reuses'],
    ['another device', askerAt('0.0.0.0', '', { device: 1 }), [holderAt('0.0.0.0', '', { device: 2 })], 'succeeds', 'devices-apart'],
    ['the same device', askerAt('0.0.0.0', '', { device: 1 }), [holderAt('0.0.0.0', '', { device: 1 })], 'EADDRINUSE', 'neither-reuses'],
    ['a device beside none', askerAt('0.0.0.0', '', { device: 1 }), [holderAt('0.0.0.0')], 'EADDRINUSE', 'neither-reuses'],
    ['none beside a device', askerAt('0.0.0.0'), [holderAt('0.0.0.0', '', { device: 1 })], 'EADDRINUSE', 'neither-reuses'],
    ['SO_REUSEADDR on both', askerAt('10.0.0.1', 'R'), [holderAt('10.0.0.1', 'R')], 'succeeds', 'both-reuse-address'],
    ['SO_REUSEADDR on both, of two users', askerAt('10.0.0.1', 'R', { uid: 1000 }), [connectedAt('10.0.0.1', '10.0.0.9:443', 'R')], 'succeeds', 'both-reuse-address'],
    ['SO_REUSEADDR on both, and TIME_WAIT', askerAt('10.0.0.1', 'R'), [connectedAt('10.0.0.1', '10.0.0.9:443', 'R', timeWait)], 'succeeds', 'both-reuse-address'],
    ['SO_REUSEPORT on both', askerAt('10.0.0.1', 'P'), [holderAt('10.0.0.1', 'P')], 'succeeds', 'both-reuse-port'],
    ['SO_REUSEPORT on both, one listens', askerAt('10.0.0.1', 'P'), [holderAt('10.0.0.1', 'P', listening)], 'succeeds', 'both-reuse-port'],
    ['SO_REUSEPORT on both, TIME_WAIT has no user', askerAt('10.0.0.1', 'P', { uid: 1000 }), [connectedAt('10.0.0.1', '10.0.0.9:443', 'P', timeWait)], 'succeeds', 'both-reuse-port'],
    ['a listener without flags', askerAt('10.0.0.1'), [holderAt('0.0.0.0', '', listening)], 'EADDRINUSE', 'holder-listens'],
    ['SO_REUSEADDR on both, one listens', askerAt('10.0.0.1', 'R'), [holderAt('10.0.0.1', 'R', listening)], 'EADDRINUSE', 'holder-listens'],
    ['the holder lacks SO_REUSEADDR', askerAt('10.0.0.1', 'R'), [connectedAt('10.0.0.1', '10.0.0.9:443')], 'EADDRINUSE', 'holder-lacks-reuse-address'],
    ['the holder lacks SO_REUSEADDR, TIME_WAIT or not', askerAt('10.0.0.1', 'R'), [connectedAt('10.0.0.1', '10.0.0.9:443', '', timeWait)], 'EADDRINUSE', 'holder-lacks-reuse-address'],
    ['the new one lacks SO_REUSEADDR', askerAt('10.0.0.1'), [holderAt('10.0.0.1', 'R')], 'EADDRINUSE', 'new-lacks-reuse-address'],
    ['no flags', askerAt('10.0.0.1'), [holderAt('10.0.0.1')], 'EADDRINUSE', 'neither-reuses'],
    ['one flag each', askerAt('10.0.0.1', 'P'), [holderAt('10.0.0.1', 'R')], 'EADDRINUSE', 'new-lacks-reuse-address'],
    ['SO_REUSEPORT of two users', askerAt('10.0.0.1', 'P', { uid: 1000 }), [holderAt('10.0.0.1', 'P')], 'EADDRINUSE', 'reuse-port-other-user'],
    ['both flags, a listener of another user', askerAt('10.0.0.1', 'RP', { uid: 1000 }), [holderAt('10.0.0.1', 'RP', listening)], 'EADDRINUSE', 'reuse-port-other-user'],
    ['an address of nobody’s', askerAt('192.0.2.9', '', { isLocalAddress: false }), [], 'EADDRNOTAVAIL', 'address-not-local'],
    ['a low port', askerAt('10.0.0.1', '', { port: 80, isPrivileged: false }), [], 'EACCES', 'port-privileged'],
    ['a low port, with the privilege', askerAt('10.0.0.1', '', { port: 80 }), [], 'succeeds', 'port-free'],
    ['the first port that is not low', askerAt('10.0.0.1', '', { port: 1024, isPrivileged: false }), [], 'succeeds', 'port-free'],
    ['IPv4 asks for the address before the privilege', askerAt('192.0.2.9', '', { port: 80, isPrivileged: false, isLocalAddress: false }), [], 'EADDRNOTAVAIL', 'address-not-local'],
    ['IPv6 asks for the privilege before the address', askerAt('2001:db8::9/6', '', { port: 80, isPrivileged: false, isLocalAddress: false }), [], 'EACCES', 'port-privileged'],
    ['a mapped address, IPv6 only', askerAt('::ffff:10.0.0.1/only'), [], 'EINVAL', 'mapped-on-v6only'],
  ])('%s', (_, asker, holders, result, clause) => {
    const ruling = ruleBind(asker, holders, rules);
    expect([resultOf(ruling), ruling.clause]).toEqual([result, clause]);
  });

  it('names those in the way, and a listener first', () => {
    const [apart, bound, listener] = [holderAt('10.0.0.2'), holderAt('10.0.0.1', 'R'), holderAt('0.0.0.0', 'R', listening)] as const;
    const ruling = ruleBind(askerAt('10.0.0.1'), [apart, bound, listener], rules);
    expect(ruling).toEqual({ outcome: 'fails', errno: 'EADDRINUSE', clause: 'holder-listens', holders: [bound, listener] });
  });

  it('names those that were met and let pass rather than those that were not met', () => {
    const holders = [holderAt('10.0.0.2'), holderAt('10.0.0.1', 'R')];
    expect(ruleBind(askerAt('10.0.0.1', 'R'), holders, rules)).toEqual({ outcome: 'succeeds', errno: undefined, clause: 'both-reuse-address', holders });
  });

  it('lets in whom the bucket remembers, though a holder stands in the way', () => {
    const holder = holderAt('10.0.0.1', 'R');
    const bucket = new BindBucket();
    const gone = { isConnectChosen: false };
    bucket.bind(holder, { isConnectChosen: false });
    bucket.bind(askerAt('10.0.0.1', 'RP'), gone);
    bucket.leave(gone);
    expect(resultOf(ruleBind(askerAt('10.0.0.1', 'P'), [holder], rules))).toBe('EADDRINUSE');
    expect(ruleBind(askerAt('10.0.0.1', 'P'), [holder], rules, bucket)).toEqual({ outcome: 'succeeds', errno: undefined, clause: 'bucket-lets-in', holders: [holder] });
    expect(ruleListen(askerAt('10.0.0.1', 'P'), [holder], bucket).clause).toBe('bucket-lets-in');
    expect(resultOf(ruleBind(askerAt('10.0.0.1', 'p'), [holder], rules, bucket))).toBe('unknown');
    expect(resultOf(ruleBind(askerAt('10.0.0.1', 'P', { uid: 1000 }), [holder], rules, bucket))).toBe('EADDRINUSE');
  });

  it.each<[string, BindOperation, LawHolder[], string, Clause]>([
    ['whether the new one has SO_REUSEADDR', askerAt('10.0.0.1', 'r'), [holderAt('10.0.0.1', 'R')], 'unknown', 'new-lacks-reuse-address'],
    ['whether the new one has SO_REUSEADDR, where the holder has it not', askerAt('10.0.0.1', 'r'), [holderAt('10.0.0.1')], 'EADDRINUSE', 'holder-lacks-reuse-address'],
    ['whether the holder has SO_REUSEADDR', askerAt('10.0.0.1', 'R'), [holderAt('10.0.0.1', 'r')], 'unknown', 'holder-lacks-reuse-address'],
    ['whether the holder has it, where it listens', askerAt('10.0.0.1', 'R'), [holderAt('10.0.0.1', 'r', listening)], 'EADDRINUSE', 'holder-listens'],
    ['any flag of a listener', askerAt('10.0.0.1', 'RP'), [holderAt('10.0.0.1', 'rp', listening)], 'unknown', 'holder-listens'],
    ['whose the holder is', askerAt('10.0.0.1', 'P'), [holderAt('10.0.0.1', 'P', { uid: undefined })], 'unknown', 'neither-reuses'],
    ['whose the new one is, between two users', askerAt('0.0.0.0', 'P', { uid: undefined }), [holderAt('10.0.0.1', 'P'), holderAt('10.0.0.2', 'P', { uid: 1000 })], 'EADDRINUSE', 'reuse-port-other-user'],
    ['whether the holder is IPv6 only', askerAt('10.0.0.1'), [holderAt('::/?')], 'unknown', 'neither-reuses'],
    ['whether the new one is IPv6 only, for a mapped address', askerAt('::ffff:10.0.0.1/?'), [], 'unknown', 'mapped-on-v6only'],
    ['anything, beside another that is in the way for certain', askerAt('10.0.0.1', 'R'), [holderAt('10.0.0.1', 'r'), holderAt('10.0.0.1')], 'EADDRINUSE', 'holder-lacks-reuse-address'],
  ])('not known: %s', (_, asker, holders, result, clause) => {
    const ruling = ruleBind(asker, holders, rules);
    expect([resultOf(ruling), ruling.clause]).toEqual([result, clause]);
  });
});

describe('ruleListen', () => {
  it('asks once more: of two that share by SO_REUSEADDR only the first may listen', () => {
    const socket = askerAt('10.0.0.1', 'R');
    expect(ruleListen(socket, [holderAt('10.0.0.1', 'R')]).outcome).toBe('succeeds');
    expect(ruleListen(socket, [holderAt('10.0.0.1', 'R', listening)])).toMatchObject({ outcome: 'fails', errno: 'EADDRINUSE', clause: 'holder-listens' });
    expect(ruleListen(socket, []).clause).toBe('port-free');
  });
});

describe('what bind() makes of a socket', () => {
  it.each([
    ['2001:db8::1/6', true],
    ['::1/?', true],
    ['::/6', false],
    ['::/only', true],
    ['::/?', undefined],
    ['::ffff:10.0.0.1/6', false],
    ['10.0.0.1', false],
  ])('%s: IPv6 only %s', (place, expected) => {
    expect(v6OnlyAfterBind(askerAt(place))).toBe(expected);
  });

  it.each([
    ['::ffff:10.0.0.1/only', true],
    ['::ffff:10.0.0.1/?', undefined],
    ['::ffff:10.0.0.1/6', false],
    ['10.0.0.1', false],
    ['::1/only', false],
  ])('%s: a mapped address on an IPv6-only socket: %s', (place, expected) => {
    expect(isMappedOnV6Only(askerAt(place))).toBe(expected);
  });
});

describe('ruleBind: UDP', () => {
  const asker = (place: string, flags = '', fields: Partial<BindOperation> = {}): BindOperation => askerAt(place, flags, { ...udp, ...fields });
  const holder = (place: string, flags = '', fields: Partial<LawHolder> = {}): LawHolder => holderAt(place, flags, { ...udp, ...fields });

  it.each<[string, BindOperation, LawHolder[], string, Clause]>([
    ['nobody there', asker('10.0.0.1'), [], 'succeeds', 'port-free'],
    ['only TCP there', asker('10.0.0.1'), [holderAt('10.0.0.1', '', listening)], 'succeeds', 'port-free'],
    ['no flags', asker('10.0.0.1'), [holder('0.0.0.0')], 'EADDRINUSE', 'udp-holder'],
    ['another address', asker('10.0.0.1'), [holder('10.0.0.2')], 'succeeds', 'addresses-apart'],
    ['another device', asker('0.0.0.0', '', { device: 1 }), [holder('0.0.0.0', '', { device: 2 })], 'succeeds', 'addresses-apart'],
    ['SO_REUSEADDR on both', asker('10.0.0.1', 'R'), [holder('10.0.0.1', 'R')], 'succeeds', 'both-reuse-address'],
    ['SO_REUSEADDR on one', asker('10.0.0.1', 'R'), [holder('10.0.0.1')], 'EADDRINUSE', 'udp-holder'],
    ['SO_REUSEPORT on both', asker('10.0.0.1', 'P'), [holder('10.0.0.1', 'P')], 'succeeds', 'both-reuse-port'],
    ['SO_REUSEPORT of two users', asker('10.0.0.1', 'P', { uid: 1000 }), [holder('10.0.0.1', 'P')], 'EADDRINUSE', 'udp-holder'],
    ['the youngest shares, the older would not', asker('10.0.0.1', 'P'), [holder('10.0.0.1', 'R'), holder('10.0.0.1', 'RP')], 'succeeds', 'both-reuse-port'],
    ['the youngest does not share, the older would', asker('10.0.0.1', 'P'), [holder('10.0.0.1', 'RP'), holder('10.0.0.1', 'R')], 'EADDRINUSE', 'udp-holder'],
    ['IPv6 with SO_REUSEPORT comes last, even the youngest', asker('0.0.0.0', 'P'), [holder('10.0.0.1', 'R'), holder('::/6', 'RP')], 'EADDRINUSE', 'udp-holder'],
    ['127.0.0.6 beside a connection of ::1', asker('127.0.0.6'), [holder('::1/6')], 'EADDRINUSE', 'udp-holder'],
    ['127.0.0.1 beside a connection of ::1', asker('127.0.0.1'), [holder('::1/6')], 'succeeds', 'addresses-apart'],
    ['a low port', asker('10.0.0.1', '', { port: 53, isPrivileged: false }), [], 'EACCES', 'port-privileged'],
    ['not known whether an IPv6 socket has SO_REUSEPORT, which is its place too', asker('0.0.0.0', 'P', { uid: 1000 }), [holder('10.0.0.1', 'P', { uid: 1000 }), holder('::/6', 'p')], 'unknown', 'udp-holder'],
    ['not known, and in the way in either place', asker('0.0.0.0', ''), [holder('10.0.0.1', 'P'), holder('::/6', 'p')], 'EADDRINUSE', 'udp-holder'],
    ['not known whether the first is met, and the second is in the way as well', asker('10.0.0.1'), [holder('10.0.0.1'), holder('::/?')], 'EADDRINUSE', 'udp-holder'],
    ['not known whether the only one is met', asker('10.0.0.1'), [holder('::/?')], 'unknown', 'udp-holder'],
  ])('%s', (_, one, holders, result, clause) => {
    const ruling = ruleBind(one, holders, rules);
    expect([resultOf(ruling), ruling.clause]).toEqual([result, clause]);
  });
});

const manyRuns = { numRuns: 2000 };

describe('what is not known', () => {
  it.each(['tcp', 'udp'] as const)('%s: a ruling is certain exactly where every way of filling the gaps says the same', (protocol) => {
    fc.assert(
      fc.property(anyAsker(protocol), fc.array(anyHolder(protocol), { maxLength: 3 }), anyGaps, (asker, holders, where) => {
        const { gapped, filled } = withGaps<[BindOperation, ...LawHolder[]]>([asker, ...holders], where);
        const rule = ([one, ...others]: [BindOperation, ...LawHolder[]]): ReturnType<typeof ruleBind> => ruleBind(one, others, rules);
        expect(objectionTo(rule(gapped), filled.map(rule))).toBeUndefined();
      }),
      manyRuns,
    );
  });

  /** The bucket of sockets that came in this order, of which some left again. */
  function bucketOf(sockets: readonly PortSocket[], left: readonly boolean[]): BindBucket {
    const bucket = new BindBucket();
    const members = sockets.map((socket) => {
      const member = { isConnectChosen: false };
      bucket.bind(socket, member);
      return member;
    });
    members.forEach((member, index) => left[index] === true && bucket.leave(member));
    return bucket;
  }

  const anyLeft = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });

  it('with a bucket that was followed: the same, for what is not known of the new socket', () => {
    fc.assert(
      fc.property(anyAsker('tcp'), fc.array(anyHolder('tcp'), { maxLength: 3 }), anyLeft, anyGaps, (asker, holders, left, where) => {
        const { gapped, filled } = withGaps<[BindOperation]>([asker], where);
        const bucket = bucketOf(holders, left);
        const staying = holders.filter((_, index) => left[index] !== true);
        const rule = ([one]: [BindOperation]): ReturnType<typeof ruleBind> => ruleBind(one, staying, rules, bucket);
        expect(objectionTo(rule(gapped), filled.map(rule))).toBeUndefined();
      }),
      manyRuns,
    );
  });

  it('with a bucket of sockets of which not all is known: never certain and wrong', () => {
    fc.assert(
      fc.property(anyAsker('tcp'), fc.array(anyHolder('tcp'), { maxLength: 3 }), anyLeft, anyGaps, (asker, holders, left, where) => {
        const { gapped, filled } = withGaps<[BindOperation, ...LawHolder[]]>([asker, ...holders], where);
        const rule = ([one, ...others]: [BindOperation, ...LawHolder[]]): ReturnType<typeof ruleBind> => ruleBind(one, others.filter((_, index) => left[index] !== true), rules, bucketOf(others, left));
        const ruling = rule(gapped);
        fc.pre(ruling.outcome !== 'unknown');
        expect(objectionTo(ruling, filled.map(rule))).toBeUndefined();
      }),
      manyRuns,
    );
  });

  it('listen(): the same', () => {
    fc.assert(
      fc.property(anyAsker('tcp'), fc.array(anyHolder('tcp'), { maxLength: 3 }), anyGaps, (socket, holders, where) => {
        const { gapped, filled } = withGaps<[PortSocket, ...LawHolder[]]>([socket, ...holders], where);
        const rule = ([one, ...others]: [PortSocket, ...LawHolder[]]): ReturnType<typeof ruleListen> => ruleListen(one, others);
        expect(objectionTo(rule(gapped), filled.map(rule))).toBeUndefined();
      }),
      manyRuns,
    );
  });
});
