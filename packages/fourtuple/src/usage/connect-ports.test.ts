import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settingsOf, tableOf, tcp, type SettingsFields } from '../../test/contract/hand-made.ts';
import { ruleConnect, TIME_WAIT_MS, type ConnectOperation, type LawHolder, type PortVerdict } from '../law/index.ts';
import { judgePort } from '../law/connect.ts';
import { Address, TcpState, type SocketCursor } from '../model/index.ts';
import { ledgerOf } from './port-ledger.ts';
import type { ConnectPorts, NamespaceUsage } from './types.ts';

const LOW = 30_000;
const SIZE = 6;
const range = { low: LOW, high: LOW + SIZE - 1 };

/** A connection that connect() gave its port, or a bound or listening socket: what the two ways of counting must both understand. */
const socket = fc
  .record({
    state: fc.constantFrom('established', 'established', 'timeWait', 'timeWait', 'synSent', 'finWait1', 'closeWait', 'boundInactive', 'listen'),
    source: fc.constantFrom('10.0.0.1', '10.0.0.2', '127.0.0.1', '2001:db8::1'),
    destination: fc.constantFrom('10.0.0.9', '127.0.0.9', '2001:db8::9'),
    port: fc.integer({ min: LOW - 1, max: LOW + SIZE }),
    destinationPort: fc.constantFrom(80, 443),
    device: fc.constantFrom(0, 0, 0, 1, 7),
    expiresMs: fc.constantFrom(0, 30_000, 58_000, 59_900),
  })
  .map(({ state, source, destination, port, destinationPort, device, expiresMs }): SocketCursor => {
    const isIpv6 = source.includes(':');
    const to = isIpv6 === destination.includes(':') ? destination : isIpv6 ? '2001:db8::9' : '10.0.0.9';
    const at = (address: string, number: number): string => (address.includes(':') ? `[${address}]:${number}` : `${address}:${number}`);
    const isAlone = state === 'boundInactive' || state === 'listen';
    return tcp(state, at(source, port), isAlone ? undefined : at(to, destinationPort), { interfaceIndex: device, ...(state === 'timeWait' ? { timer: 3, expiresMs } : {}), ...(isAlone && isIpv6 ? { v6Only: 1 } : {}) });
  });

const settings: fc.Arbitrary<SettingsFields> = fc.record({ range: fc.constant([range.low, range.high] as const), reserved: fc.constantFrom('', String(LOW + 2), `${LOW}-${LOW + 5}`), tcpTwReuse: fc.constantFrom(0, 1, 2), tcpTwReuseDelayMs: fc.constantFrom(1, 1000), tcpTimestamps: fc.boolean() });

const operation = fc.record({ source: fc.constantFrom('10.0.0.1', '127.0.0.1', '2001:db8::1'), destinationPort: fc.constantFrom(80, 443), device: fc.constantFrom(0, 1) }).map(
  ({ source, ...others }): ConnectOperation => ({ source: Address.parse(source)!, destination: Address.parse(source.includes(':') ? '2001:db8::9' : source === '127.0.0.1' ? '127.0.0.9' : '10.0.0.9')!, ...others }),
);

/** The same socket, as the law wants it, with what the kernel said of its port. */
function holderOf(one: SocketCursor, explicit: ReadonlySet<number>, hadTimestamps: boolean): LawHolder {
  const isAlone = one.state === TcpState.boundInactive || one.state === TcpState.listen;
  return {
    protocol: 'tcp',
    address: one.localAddress(),
    port: one.localPort,
    remote: one.remoteAddress(),
    remotePort: one.remotePort,
    isIpv6Socket: one.family === 10,
    v6Only: false,
    device: one.interfaceIndex,
    uid: 0,
    reuseAddress: false,
    reusePort: false,
    state: one.state,
    isBucket: one.timer === 3,
    isConnectChosen: !isAlone && !explicit.has(one.localPort),
    ageMs: one.timer === 3 ? TIME_WAIT_MS - one.expiresMs : 0,
    hadTimestamps,
  };
}

/** Counts as `why` does: from the rows of a ledger that has asked the kernel about every port. */
function fromRows(sockets: readonly SocketCursor[], fields: SettingsFields, explicit: ReadonlySet<number>, connect: ConnectOperation): { ports: ConnectPorts; usage: NamespaceUsage } {
  const ledger = ledgerOf(tableOf(sockets), settingsOf(fields));
  const planned = [...ledger.planProbes('all')];
  const usage = ledger.finish({ inode: 7, name: 'here' }, { explicit: planned.filter((port) => explicit.has(port)), shared: planned.filter((port) => !explicit.has(port)) });
  return { ports: usage.connectPorts(connect, range)!, usage };
}

function fromHolders(sockets: readonly SocketCursor[], fields: SettingsFields, explicit: ReadonlySet<number>, connect: ConnectOperation): Record<PortVerdict, number> {
  const known = settingsOf(fields);
  const counts: Record<PortVerdict, number> = { free: 0, reserved: 0, explicit: 0, taken: 0, 'time-wait': 0, unknown: 0 };
  const holders = sockets.map((one) => holderOf(one, explicit, known.tcpTimestamps));
  for (let port = range.low; port <= range.high; port++) counts[known.reservedPorts.has(port) ? 'reserved' : judgePort(connect, holders.filter((holder) => holder.port === port), known)]++;
  return counts;
}

describe('connectPorts', () => {
  it('counts from rows what the law counts from holders', () => {
    fc.assert(
      fc.property(fc.array(socket, { maxLength: 25 }), fc.uniqueArray(fc.integer({ min: LOW, max: LOW + SIZE - 1 }), { maxLength: 3 }), settings, operation, (sockets, chosen, fields, connect) => {
        // A port with a listener has no connections that connect() gave it: those were accepted.
        const listening = new Set(sockets.filter(({ state }) => state === TcpState.listen).map(({ localPort }) => localPort));
        const explicit = new Set([...chosen, ...listening]);
        const { ports } = fromRows(sockets, fields, explicit, connect);
        expect(ports.counts).toEqual(fromHolders(sockets, fields, explicit, connect));
      }),
      { numRuns: 3000 },
    );
  });

  it('names a port that is free without a TIME_WAIT, and how many are free by one', () => {
    fc.assert(
      fc.property(fc.array(socket, { maxLength: 25 }), settings, operation, (sockets, fields, connect) => {
        const { ports } = fromRows(sockets, fields, new Set(), connect);
        const met = (port: number): SocketCursor[] => sockets.filter((one) => one.localPort === port && one.localAddress().equals(connect.source) && one.remoteAddress().equals(connect.destination) && one.remotePort === connect.destinationPort && (one.interfaceIndex === 0 || one.interfaceIndex === connect.device));
        expect(ports.untouched === undefined ? [] : met(ports.untouched)).toEqual([]);
        expect(ports.reusable).toBeLessThanOrEqual(ports.counts.free);
        expect(ports.untouched === undefined).toBe(ports.counts.free === ports.reusable);
        expect(Object.values(ports.counts).reduce((sum, count) => sum + count, 0)).toBe(SIZE);
      }),
      { numRuns: 1000 },
    );
  });

  it('rules as the law does', () => {
    fc.assert(
      fc.property(fc.array(socket, { maxLength: 40 }), settings, operation, (sockets, fields, connect) => {
        const known = settingsOf(fields);
        const listening = new Set(sockets.filter(({ state }) => state === TcpState.listen).map(({ localPort }) => localPort));
        const holders = sockets.map((one) => holderOf(one, listening, known.tcpTimestamps));
        const ruling = ruleConnect(connect, (port) => holders.filter((holder) => holder.port === port), known);
        const { ports } = fromRows(sockets, fields, listening, connect);
        expect(ruling.outcome === 'succeeds').toBe(ports.counts.free > 0);
      }),
      { numRuns: 500 },
    );
  });

  it('does not take a guess for a fact: a port in use of which nobody asked the kernel is unknown', () => {
    const sockets = [tcp('established', `10.0.0.2:${LOW}`, '10.0.0.9:80'), tcp('established', `10.0.0.2:${LOW + 1}`, '10.0.0.9:80'), tcp('established', `10.0.0.1:${LOW + 1}`, '10.0.0.9:443'), tcp('established', `10.0.0.1:${LOW + 2}`, '10.0.0.9:80')];
    const usage = ledgerOf(tableOf(sockets), settingsOf({ range: [range.low, range.high] })).finish({ inode: 7, name: 'here' });
    const connect = { source: Address.parse('10.0.0.1')!, destination: Address.parse('10.0.0.9')!, destinationPort: 80, device: 0 };
    expect(usage.connectPorts(connect, range)!.counts).toEqual({ free: 3, reserved: 0, explicit: 0, taken: 1, 'time-wait': 0, unknown: 2 });
  });

  it('is not to be had where connections were only counted', async () => {
    const { PortLedger } = await import('./port-ledger.ts');
    const ledger = new PortLedger(settingsOf(), { trackInodes: false, countOnly: true });
    const connect = { source: Address.loopbackIpv4, destination: Address.loopbackIpv4, destinationPort: 80, device: 0 };
    expect(ledger.finish({ inode: 7, name: 'here' }).connectPorts(connect, range)).toBeUndefined();
  });
});
