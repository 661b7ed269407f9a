import { describe, expect, it } from 'vitest';
import { many, ownersOf, settingsOf, tableOf, tcp, udp, usageOf, type SocketFields, type World } from '../../test/contract/hand-made.ts';
import type { SocketCursor } from '../model/index.ts';
import { ledgerOf, PortLedger } from './port-ledger.ts';
import type { BindPoolUsage, TupleUsage } from './types.ts';

const range = { settings: { range: [30_000, 30_009] } } as const satisfies World;

/** An outgoing connection from 10.0.0.1 to 10.0.0.9:443. */
const outgoing = (port: number, fields: SocketFields = {}): SocketCursor => tcp('established', `10.0.0.1:${port}`, '10.0.0.9:443', { inode: port, ...fields });
const timeWait = (port: number, fields: SocketFields = {}): SocketCursor => tcp('timeWait', `10.0.0.1:${port}`, '10.0.0.9:443', fields);
const listener = (at: string, fields: SocketFields = {}): SocketCursor => tcp('listen', at, undefined, { inode: 1, v6Only: 0, ...fields });

const brief = ({ source, destination, destinationPort, used, free, capacity }: TupleUsage): string => `${source.toString()} ${destination.toString()}:${destinationPort} ${used}+${free}=${capacity}`;
const tuples = (sockets: SocketCursor[], world: World = range): string[] => usageOf(sockets, world).tuples.top().map(brief);

function bindPool(sockets: SocketCursor[], source: string, protocol: BindPoolUsage['protocol'] = 'tcp', world: World = range): Pick<BindPoolUsage, 'used' | 'free' | 'capacity' | 'ratio'> | undefined {
  const pool = usageOf(sockets, world).bindPools.find((one) => one.protocol === protocol && one.source.toString() === source);
  return pool && { used: pool.used, free: pool.free, capacity: pool.capacity, ratio: pool.ratio };
}

describe('an empty namespace', () => {
  const usage = usageOf([], range);

  it('has every pool free', () => {
    expect(usage.tuples.length).toBe(0);
    expect(usage.bindPools.map((pool) => `${pool.protocol} ${pool.source.toString()} ${pool.used} ${pool.free}`)).toEqual(['tcp 0.0.0.0 0 10', 'tcp :: 0 10', 'udp 0.0.0.0 0 10', 'udp :: 0 10']);
  });

  it('counts nothing', () => {
    expect(usage.sockets).toEqual({ total: 0, established: 0, synSent: 0, timeWait: 0, listen: 0, boundIdle: 0, other: 0, accepted: 0, udp: 0 });
    expect([usage.usablePorts, usage.reservedPorts, usage.poisonedPorts]).toEqual([10, 0, 0]);
  });
});

describe('outgoing connections', () => {
  it('take a port of their own tuple alone', () => {
    const sockets = [outgoing(30_000), outgoing(30_001), tcp('established', '10.0.0.1:30000', '10.0.0.9:80'), tcp('established', '10.0.0.2:30000', '10.0.0.9:443'), tcp('synSent', '10.0.0.1:30000', '10.0.0.8:443')];
    expect(tuples(sockets)).toEqual(['10.0.0.1 10.0.0.9:443 2+8=10', '10.0.0.1 10.0.0.9:80 1+9=10', '10.0.0.2 10.0.0.9:443 1+9=10', '10.0.0.1 10.0.0.8:443 1+9=10']);
  });

  it('are counted in every state but LISTEN', () => {
    const states = ['established', 'synSent', 'finWait1', 'finWait2', 'closeWait', 'lastAck', 'closing'] as const;
    expect(tuples(states.map((state, index) => tcp(state, `10.0.0.1:${30_000 + index}`, '10.0.0.9:443')))).toEqual(['10.0.0.1 10.0.0.9:443 7+3=10']);
  });

  it('are told by state, each tuple for itself', () => {
    const sockets = [outgoing(30_000), timeWait(30_001), timeWait(30_002), ...many(3, (index) => tcp('established', `10.0.0.1:${30_004 + index}`, '10.0.0.8:80')), tcp('timeWait', '10.0.0.1:30008', '10.0.0.8:80'), tcp('synSent', '10.0.0.2:30000', '10.0.0.8:80')];
    expect(usageOf(sockets, range).tuples.top().map((tuple) => [tuple.connections, tuple.established, tuple.timeWait])).toEqual([
      [4, 3, 1],
      [3, 1, 2],
      [1, 0, 0],
    ]);
  });

  it('exhaust the pool exactly', () => {
    const usage = usageOf(many(10, (index) => outgoing(30_000 + index)), range);
    expect(usage.tuples.at(0)).toMatchObject({ used: 10, free: 0, ratio: 1, connections: 10, established: 10 });
  });

  it('outside the range take nothing of the pool', () => {
    const usage = usageOf([outgoing(30_000), outgoing(20_000)], range);
    expect(usage.tuples.at(0)).toMatchObject({ used: 1, connections: 2 });
  });

  it('on reserved ports take nothing of the pool', () => {
    expect(tuples([outgoing(30_000), outgoing(30_001)], { settings: { range: [30_000, 30_009], reserved: '30001,30005' } })).toEqual(['10.0.0.1 10.0.0.9:443 1+7=8']);
  });

  it('over IPv6 and over mapped IPv4 are counted by their address', () => {
    const sockets = [tcp('established', '[2001:db8::1]:30000', '[2001:db8::9]:443'), outgoing(30_001), outgoing(30_002, { family: 10 })];
    expect(tuples(sockets)).toEqual(['10.0.0.1 10.0.0.9:443 2+8=10', '2001:db8::1 2001:db8::9:443 1+9=10']);
  });

  it('name their processes, the one with most ports first', () => {
    const usage = usageOf([outgoing(30_000), outgoing(30_001), outgoing(30_002), timeWait(30_003)], { ...range, owners: ownersOf({ 30000: 'curl', 30001: 'app', 30002: 'app' }) });
    expect(usage.tuples.at(0).holders.map((holder) => `${holder.owner.command} ${holder.ports} ${holder.explicit} ${holder.isEstimate}`)).toEqual(['app 2 0 false', 'curl 1 0 false']);
  });

  it('of a sampled process are estimated by its weight', () => {
    const owners = { ...ownersOf({ 30000: 'app' }), weights: [20] };
    expect(usageOf([outgoing(30_000)], { ...range, owners }).tuples.at(0).holders).toMatchObject([{ ports: 20, isEstimate: true }]);
  });

  it('come fullest first', () => {
    const sockets = [tcp('established', '10.0.0.1:30000', '10.0.0.3:1'), ...many(3, (index) => tcp('established', `10.0.0.1:${30_000 + index}`, '10.0.0.4:1')), ...many(2, (index) => tcp('established', `10.0.0.1:${30_000 + index}`, '10.0.0.5:1'))];
    expect(usageOf(sockets, range).tuples.top(2).map((tuple) => tuple.used)).toEqual([3, 2]);
  });
});

describe('TIME_WAIT', () => {
  it('counts as used while it may not be reused', () => {
    expect(usageOf([timeWait(30_000)], { settings: { range: [30_000, 30_009], tcpTwReuse: 0 } }).tuples.at(0)).toMatchObject({ used: 1, timeWait: 1, reusableTimeWait: 0 });
  });

  it('counts as free once connect() may take it over', () => {
    const world = { settings: { range: [30_000, 30_009], tcpTwReuse: 1 } } as const;
    const old = { expiresMs: 58_000 };
    const young = { expiresMs: 59_500 };
    expect(usageOf([timeWait(30_000, old), timeWait(30_001, young), outgoing(30_002)], world).tuples.at(0)).toMatchObject({ used: 2, free: 8, timeWait: 2, reusableTimeWait: 1, connections: 3 });
  });

  it('is reusable by default on loopback alone', () => {
    const sockets = [tcp('timeWait', '127.0.0.1:30000', '127.0.0.1:80'), timeWait(30_001)];
    expect(usageOf(sockets, range).tuples.top().map((tuple) => `${tuple.source.toString()} ${tuple.used} ${tuple.reusableTimeWait}`)).toEqual(['10.0.0.1 1 0', '127.0.0.1 0 1']);
  });

  it('on an explicitly held port is not counted as reusable: the port is lost anyway', () => {
    const usage = usageOf([tcp('timeWait', '127.0.0.1:30000', '127.0.0.1:80'), tcp('boundInactive', '10.0.0.5:30000')], range);
    expect(usage.tuples.at(0)).toMatchObject({ capacity: 9, used: 0, reusableTimeWait: 0, explicit: 1 });
  });
});

describe('accepted connections', () => {
  const client = (port: number): SocketCursor => tcp('established', '10.0.0.1:443', `10.0.0.7:${port}`, { inode: port });

  it('of a live listener are counted, and are no tuples', () => {
    const usage = usageOf([listener('0.0.0.0:443'), client(50_000), client(50_001)], range);
    expect(usage.sockets).toMatchObject({ accepted: 2, established: 2, listen: 1, total: 3 });
    expect(usage.tuples.length).toBe(0);
  });

  it.each([
    ['0.0.0.0:443', '10.0.0.1:443', true],
    ['10.0.0.1:443', '10.0.0.1:443', true],
    ['10.0.0.2:443', '10.0.0.1:443', false],
    ['[::]:443', '10.0.0.1:443', true],
    ['[::]:443', '[2001:db8::1]:443', true],
    ['0.0.0.0:443', '[2001:db8::1]:443', false],
    ['[2001:db8::1]:443', '[2001:db8::1]:443', true],
    ['[2001:db8::1]:443', '[2001:db8::2]:443', false],
    ['0.0.0.0:80', '10.0.0.1:443', false],
  ])('a listener on %s accepted the connection at %s: %s', (at, local, expected) => {
    const remote = local.startsWith('[') ? '[2001:db8::7]:50000' : '10.0.0.7:50000';
    expect(usageOf([listener(at), tcp('established', local, remote)], range).sockets.accepted).toBe(expected ? 1 : 0);
  });

  it('a v6only listener on [::] accepts no IPv4', () => {
    expect(usageOf([listener('[::]:443', { v6Only: 1 }), client(50_000)], range).sockets.accepted).toBe(0);
    expect(usageOf([listener('[::]:443', { v6Only: -1 }), client(50_000)], { settings: { range: [30_000, 30_009], bindV6Only: true } }).sockets.accepted).toBe(0);
    expect(usageOf([listener('[::]:443', { v6Only: -1 }), client(50_000)], range).sockets.accepted).toBe(1);
  });

  it('of a listener that is gone, outside the range: several from one local endpoint were accepted', () => {
    const usage = usageOf([client(50_000), client(50_001), client(50_002)], range);
    expect(usage.tuples.length).toBe(0);
    expect(usage.sockets.accepted).toBe(2);
  });

  it('a single connection from a port outside the range may be outgoing', () => {
    expect(tuples([tcp('established', '10.0.0.1:4000', '10.0.0.9:443')])).toEqual(['10.0.0.1 10.0.0.9:443 0+10=10']);
  });

  it('of a listener that is gone, inside the range: the port is lost, and no tuple is shown for the client', () => {
    const usage = usageOf([tcp('established', '10.0.0.1:30005', '10.0.0.7:50000')], { ...range, probes: { explicit: [30_005] } });
    expect(usage.poisonedPorts).toBe(1);
    expect(usage.tuples.length).toBe(0);
  });

  it('and their listener inside the range take the port from every connect()', () => {
    const usage = usageOf([listener('10.0.0.1:30005'), tcp('established', '10.0.0.1:30005', '10.0.0.7:50000'), outgoing(30_000)], range);
    expect(usage.tuples.top().map(brief)).toEqual(['10.0.0.1 10.0.0.9:443 1+8=9']);
    expect(usage.poisoned).toMatchObject([{ kind: 'listener', evidence: 'listening', ports: 1, examples: [30_005] }]);
  });
});

describe('explicitly held ports', () => {
  it('a bound socket takes its port from every tuple', () => {
    const usage = usageOf([tcp('boundInactive', '10.0.0.5:30003', undefined, { inode: 9 }), outgoing(30_000)], { ...range, owners: ownersOf({ 9: 'idler' }) });
    expect(usage.tuples.at(0)).toMatchObject({ capacity: 9, used: 1, free: 8 });
    expect(usage.poisoned).toMatchObject([{ kind: 'bound-idle', evidence: 'bound-idle', ports: 1, examples: [30_003], owner: { command: 'idler' } }]);
    expect(usage.sockets.boundIdle).toBe(1);
  });

  it('outside the range, or reserved, a bound socket takes nothing', () => {
    const usage = usageOf([tcp('boundInactive', '10.0.0.5:20000'), tcp('boundInactive', '10.0.0.5:30003'), outgoing(30_000)], { settings: { range: [30_000, 30_009], reserved: '30003' } });
    expect(usage.tuples.at(0).capacity).toBe(9);
    expect(usage.poisonedPorts).toBe(0);
  });

  it('a connection that the kernel calls explicit is one, and no longer uses the pool', () => {
    const usage = usageOf([outgoing(30_000), outgoing(30_001)], { ...range, probes: { explicit: [30_000], shared: [30_001] }, owners: ownersOf({ 30000: 'app', 30001: 'app' }) });
    expect(usage.tuples.at(0)).toMatchObject({ capacity: 9, used: 1, free: 8, explicit: 1, connections: 2, holders: [{ ports: 2, explicit: 1 }] });
    expect(usage.poisoned).toMatchObject([{ kind: 'bound-connected', evidence: 'probed', ports: 1, owner: { command: 'app' } }]);
  });

  it('their TIME_WAIT has no process', () => {
    const usage = usageOf([timeWait(30_000)], { ...range, probes: { explicit: [30_000] } });
    expect(usage.poisoned).toMatchObject([{ kind: 'time-wait', evidence: 'probed', owner: undefined }]);
  });

  it('are grouped by who holds them and how, the largest group first, with a few examples', () => {
    const sockets = [...many(7, (index) => tcp('boundInactive', `10.0.0.5:${30_000 + index}`, undefined, { inode: 5 })), listener('0.0.0.0:30008', { inode: 6 })];
    const usage = usageOf(sockets, { ...range, owners: ownersOf({ 5: 'idler', 6: 'server' }) });
    expect(usage.poisoned.map((group) => `${group.owner!.command} ${group.kind} ${group.ports} ${group.examples.join()}`)).toEqual(['idler bound-idle 7 30000,30001,30002,30003,30004', 'server listener 1 30008']);
  });

  it('one port with a listener and a bound socket is the listener\'s', () => {
    expect(usageOf([tcp('boundInactive', '10.0.0.5:30003'), listener('10.0.0.6:30003')], range).poisoned.map((group) => group.kind)).toEqual(['listener']);
  });

  it('when they are all of them, no tuple has a pool: full, of capacity 0', () => {
    const usage = usageOf([...many(10, (index) => tcp('boundInactive', `10.0.0.5:${30_000 + index}`)), outgoing(20_000)], range);
    expect(usage.tuples.at(0)).toMatchObject({ capacity: 0, used: 0, free: 0, ratio: 1 });
  });

  it('everything reserved: pools of capacity 0 are full', () => {
    const usage = usageOf([outgoing(30_000)], { settings: { range: [30_000, 30_009], reserved: '30000-30009' } });
    expect(usage.usablePorts).toBe(0);
    expect(usage.tuples.at(0)).toMatchObject({ capacity: 0, ratio: 1, free: 0 });
    expect(usage.bindPools.every((pool) => pool.capacity === 0 && pool.ratio === 1)).toBe(true);
  });
});

describe('bind pools', () => {
  it('lose a port to every connection of their source, whatever the destination', () => {
    const sockets = [outgoing(30_000), tcp('established', '10.0.0.1:30001', '10.0.0.8:80'), tcp('established', '10.0.0.2:30002', '10.0.0.8:80')];
    expect(bindPool(sockets, '10.0.0.1')).toEqual({ used: 2, free: 8, capacity: 10, ratio: 0.2 });
    expect(bindPool(sockets, '10.0.0.2')).toMatchObject({ used: 1 });
    expect(bindPool(sockets, '0.0.0.0')).toMatchObject({ used: 3 });
    expect(bindPool(sockets, '::')).toMatchObject({ used: 3 });
  });

  it('count a port once, however many connections share it', () => {
    expect(bindPool([outgoing(30_000), tcp('established', '10.0.0.1:30000', '10.0.0.8:80')], '10.0.0.1')).toMatchObject({ used: 1 });
  });

  it('of one address do not meet holders of another', () => {
    expect(bindPool([tcp('boundInactive', '10.0.0.5:30000'), outgoing(30_001)], '10.0.0.1')).toMatchObject({ used: 1 });
  });

  it('of every address meet holders on the wildcard', () => {
    const sockets = [listener('0.0.0.0:30000'), outgoing(30_001), tcp('established', '[2001:db8::1]:30002', '[2001:db8::9]:443')];
    expect(bindPool(sockets, '10.0.0.1')).toMatchObject({ used: 2 });
    expect(bindPool(sockets, '2001:db8::1')).toMatchObject({ used: 1 });
  });

  it('of IPv4 meet a dual-stack [::], and not a v6only one', () => {
    expect(bindPool([listener('[::]:30000'), outgoing(30_001)], '10.0.0.1')).toMatchObject({ used: 2 });
    expect(bindPool([listener('[::]:30000', { v6Only: 1 }), outgoing(30_001)], '10.0.0.1')).toMatchObject({ used: 1 });
    expect(bindPool([listener('[::]:30000', { v6Only: 1 })], '::')).toMatchObject({ used: 1 });
    expect(bindPool([listener('[::]:30000', { v6Only: 1 })], '0.0.0.0')).toMatchObject({ used: 0 });
  });

  it('of 0.0.0.0 meet an IPv6 socket that is not v6only, even on an address', () => {
    const bound = (v6Only: number): SocketCursor[] => [tcp('boundInactive', '[2001:db8::1]:30000', undefined, { v6Only })];
    expect(bindPool(bound(0), '0.0.0.0')).toMatchObject({ used: 1 });
    expect(bindPool(bound(1), '0.0.0.0')).toMatchObject({ used: 0 });
  });

  it.each(['2001:db8::1', '::1', '::1:0:0:1', '0:0:1::1'])('of 0.0.0.0 lose a port to a connection of %s, until a bind() trial has shown otherwise', (address) => {
    const sockets = [tcp('established', `[${address}]:30000`, '[2001:db8::9]:443')];
    const ledger = ledgerOf(tableOf(sockets), settingsOf(range.settings));
    expect(ledger.planBindProbes()).toEqual([{ protocol: 'tcp', port: 30_000 }]);
    expect(bindPool(sockets, '0.0.0.0')).toMatchObject({ used: 1 });
    ledger.takeBindProbe({ protocol: 'tcp', port: 30_000 }, true);
    expect(ledger.finish({ inode: 1, name: 'x' }).bindPools[0]).toMatchObject({ used: 0 });
  });

  it('of 0.0.0.0 keep the port of a v6only listener, unless a bind() trial shows a connection there that it did not accept', () => {
    const sockets = [listener('[::]:30000', { v6Only: 1 }), tcp('timeWait', '[2001:db8::1]:30000', '[2001:db8::9]:443')];
    const ledger = ledgerOf(tableOf(sockets), settingsOf(range.settings));
    expect(ledger.planBindProbes()).toEqual([{ protocol: 'tcp', port: 30_000 }]);
    expect(bindPool(sockets, '0.0.0.0')).toMatchObject({ used: 0 });
    ledger.takeBindProbe({ protocol: 'tcp', port: 30_000 }, false);
    expect(ledger.finish({ inode: 1, name: 'x' }).bindPools[0]).toMatchObject({ used: 1 });
  });

  it('are not tried beside a listener that has the port on IPv4 too', () => {
    const sockets = [listener('[::]:30000', { v6Only: 0 }), tcp('established', '[2001:db8::1]:30000', '[2001:db8::9]:443')];
    expect(ledgerOf(tableOf(sockets), settingsOf(range.settings)).planBindProbes()).toEqual([]);
  });

  it('are not tried for a mapped IPv4 connection, which holds its port on IPv4', () => {
    expect(ledgerOf(tableOf([outgoing(30_000, { family: 10 })]), settingsOf(range.settings)).planBindProbes()).toEqual([]);
  });

  it('are not tried where an IPv4 socket holds the port anyway', () => {
    const sockets = [tcp('established', '[2001:db8::1]:30000', '[2001:db8::9]:443'), outgoing(30_000)];
    expect(ledgerOf(tableOf(sockets), settingsOf(range.settings)).planBindProbes()).toEqual([]);
  });
});

describe('UDP', () => {
  it('owns a port for each socket, connected or not, on its own count', () => {
    const sockets = [udp('0.0.0.0:30000'), udp('10.0.0.1:30001', '10.0.0.9:53'), udp('10.0.0.1:30002', '10.0.0.8:53')];
    expect(bindPool(sockets, '0.0.0.0', 'udp')).toMatchObject({ used: 3 });
    expect(bindPool(sockets, '10.0.0.1', 'udp')).toMatchObject({ used: 3 });
    expect(bindPool(sockets, '0.0.0.0', 'tcp')).toMatchObject({ used: 0 });
    expect(usageOf(sockets, range).sockets).toMatchObject({ udp: 3, total: 0 });
  });

  it('takes nothing from TCP, nor TCP from it', () => {
    const usage = usageOf([udp('0.0.0.0:30000'), outgoing(30_001)], range);
    expect(usage.tuples.at(0).capacity).toBe(10);
    expect(usage.bindPools.find((pool) => pool.protocol === 'udp')!.used).toBe(1);
  });

  it('on a v6only wildcard does not hold the port on IPv4; unknown, the namespace decides', () => {
    expect(bindPool([udp('[::]:30000', undefined, { v6Only: 1 })], '0.0.0.0', 'udp')).toMatchObject({ used: 0 });
    expect(bindPool([udp('[::]:30000')], '0.0.0.0', 'udp')).toMatchObject({ used: 1 });
    expect(bindPool([udp('[::]:30000')], '0.0.0.0', 'udp', { settings: { range: [30_000, 30_009], bindV6Only: true } })).toMatchObject({ used: 0 });
  });
});

describe('sockets bound to a device', () => {
  const onDevice = (port: number, interfaceIndex: number): SocketCursor => outgoing(port, { interfaceIndex });

  it('have four-tuples of their own', () => {
    const usage = usageOf([onDevice(30_000, 2), onDevice(30_000, 3)], range);
    expect(usage.tuples.top().map((tuple) => [tuple.device, tuple.used])).toEqual([
      [2, 1],
      [3, 1],
    ]);
  });

  it('also lose the ports of the same tuple without a device, and not the reverse', () => {
    const usage = usageOf([onDevice(30_000, 2), onDevice(30_001, 2), outgoing(30_001), outgoing(30_002), outgoing(30_003)], range);
    expect(Object.fromEntries(usage.tuples.top().map((tuple) => [tuple.device, tuple.used]))).toEqual({ 0: 3, 2: 4 });
  });
});

describe('ranges of every shape', () => {
  it.each([
    [[30_000, 30_000], '', 1],
    [[30_000, 30_002], '', 3],
    [[1, 65_535], '', 65_535],
    [[1024, 65_535], '8080,9090', 64_510],
    [[30_000, 30_009], '1-29999', 10],
  ] as const)('%j with %j reserved: a pool of %i', (bounds, reserved, capacity) => {
    const usage = usageOf([outgoing(bounds[0])], { settings: { range: bounds, reserved } });
    expect(usage.tuples.at(0)).toMatchObject({ capacity, used: 1, free: capacity - 1 });
    expect(usage.usablePorts).toBe(capacity);
    expect(usage.reservedPorts).toBe(bounds[1] - bounds[0] + 1 - capacity);
  });
});

describe('listeners', () => {
  it('are told apart by the range', () => {
    const usage = usageOf([listener('0.0.0.0:30005'), listener('0.0.0.0:80'), listener('[::]:80'), listener('0.0.0.0:30007')], { settings: { range: [30_000, 30_009], reserved: '30007' } });
    expect(usage.listeners.map((one) => `${one.address.toString()}:${one.port}`)).toEqual(['0.0.0.0:80', ':::80', '0.0.0.0:30005', '0.0.0.0:30007']);
    expect(usage.listenersInRange.map((one) => one.port)).toEqual([30_005]);
  });

  it('that share a port by SO_REUSEPORT are one entry', () => {
    expect(usageOf([listener('0.0.0.0:80'), listener('0.0.0.0:80')], range).listeners).toHaveLength(1);
  });
});

describe('connectionOn', () => {
  it('finds who sits on a port', () => {
    const usage = usageOf([outgoing(30_000), outgoing(30_001)], { ...range, owners: ownersOf({ 30001: 'app' }) });
    const found = usage.connectionOn(30_001)!;
    expect(`${found.source.toString()} ${found.destination.toString()}:${found.destinationPort} ${found.owner!.command}`).toBe('10.0.0.1 10.0.0.9:443 app');
    expect(usage.connectionOn(30_002)).toBeUndefined();
  });

  it('does not take an accepted connection for somebody in the way', () => {
    expect(usageOf([listener('0.0.0.0:30005'), tcp('established', '10.0.0.1:30005', '10.0.0.7:50000')], range).connectionOn(30_005)).toBeUndefined();
  });
});

describe('a dump that starts again', () => {
  it('leaves nothing behind of what it delivered before', () => {
    const settings = settingsOf(range.settings);
    const ledger = new PortLedger(settings, { trackInodes: true });
    const connections = [outgoing(30_000), outgoing(30_001, { noPort: 1 }), tcp('established', '10.0.0.1:443', '10.0.0.7:1'), tcp('established', '10.0.0.1:443', '10.0.0.7:2'), tcp('established', '[2001:db8::1]:30002', '[2001:db8::9]:443'), timeWait(30_004)];
    for (let attempt = 0; attempt < 3; attempt++) {
      ledger.listeners.reset();
      ledger.listeners.accept(listener('0.0.0.0:80'));
    }
    for (let attempt = 0; attempt < 3; attempt++) {
      ledger.others.reset();
      for (const socket of [...connections, tcp('boundInactive', '10.0.0.5:30009')]) ledger.others.accept(socket);
    }
    for (let attempt = 0; attempt < 3; attempt++) {
      ledger.udp.reset();
      ledger.udp.accept(udp('0.0.0.0:30000'));
    }
    const again = ledger.finish({ inode: 7, name: 'here' });
    const once = usageOf([listener('0.0.0.0:80'), tcp('boundInactive', '10.0.0.5:30009'), ...connections, udp('0.0.0.0:30000')], range);
    expect(again.tuples.top()).toEqual(once.tuples.top());
    expect(again.bindPools).toEqual(once.bindPools);
    expect(again.sockets).toEqual(once.sockets);
    expect(again.poisoned).toEqual(once.poisoned);
  });
});

describe('the sum of many connections', () => {
  it('is drawn in parts, none of which is left out', () => {
    const processes = ['one', 'two', 'three'] as const;
    const places = Array.from({ length: 2500 }, (_, index) => index);
    // One process after the other; each third port is held explicitly, each connection of the second tuple on one such.
    const sockets = many(5000, (index) => tcp('established', `10.0.0.1:${30_000 + (index % 2500)}`, index < 2500 ? '10.0.0.9:443' : '10.0.0.8:443', { inode: index + 1 }));
    const explicit = places.map((index) => 30_000 + index).filter((port) => port % 3 === 0);
    const ledger = ledgerOf(tableOf(sockets), settingsOf({ range: [30_000, 32_999] }));
    const owners = ownersOf(Object.fromEntries(sockets.map(({ inode }) => [inode, processes[(inode - 1) % 3]!])));
    const steps = ledger.finishSteps({ inode: 1, name: 'here' }, { explicit, shared: [] }, owners);
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) pauses++;
    expect(pauses).toBeGreaterThan(8);
    const [first, second] = step.value.tuples.top();
    for (const [tuple, begin] of [[first, 0], [second, 2500]] as const) {
      expect(tuple).toMatchObject({ connections: 2500, explicit: explicit.length, used: 2500 - explicit.length, capacity: 3000 - explicit.length });
      const held = processes.map((name, at) => {
        const ports = places.filter((index) => (begin + index) % 3 === at).map((index) => 30_000 + index);
        return `${name} ${ports.length} ${ports.filter((port) => port % 3 === 0).length}`;
      });
      expect(tuple!.holders.map(({ owner, ports, explicit: poisoned }) => `${owner.command} ${ports} ${poisoned}`).toSorted()).toEqual(held.toSorted());
    }
    expect(step.value.poisoned.map(({ ports }) => ports).reduce((sum, ports) => sum + ports, 0)).toBe(explicit.length);
  });
});

describe('hasNameableSockets', () => {
  const isNameable = (...sockets: SocketCursor[]): boolean => ledgerOf(tableOf(sockets), settingsOf(range.settings)).hasNameableSockets;

  it('is false when no report would name a process', () => {
    expect(isNameable()).toBe(false);
    expect(isNameable(listener('0.0.0.0:80'), tcp('established', '10.0.0.1:80', '10.0.0.7:5'))).toBe(false);
  });

  it('is true for a connection, and for a listener inside the range', () => {
    expect(isNameable(outgoing(30_000))).toBe(true);
    expect(isNameable(listener('0.0.0.0:30005'))).toBe(true);
  });
});
