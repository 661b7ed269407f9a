import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAll, SockDiagSource } from '../../src/kernel/index.ts';
import { ALL_HASHED_STATES, BOUND_INACTIVE_BIT, noOwners, Protocol, TcpState, type RecordSink, type SocketCursor, type SocketSink } from '../../src/model/index.ts';
import { PortLedger, type LedgerOptions } from '../../src/usage/index.ts';
import { dumpOf, FakeKernel } from '../support/fake-kernel.ts';
import { settingsOf, tcp, type SettingsFields } from './hand-made.ts';

// The fast lane must count exactly as the ordinary way does.

const states = ['established', 'established', 'timeWait', 'timeWait', 'synSent', 'finWait1', 'finWait2', 'closeWait', 'closing', 'lastAck', 'synRecv', 'boundInactive'] as const;
const locals = ['10.0.0.1', '10.0.0.2', '127.0.0.1', '200.255.1.9', '2001:db8::1', '::1'];
const remotes = ['10.0.0.9', '127.0.0.2', '203.0.113.200', '2001:db8::9'];

const settings: fc.Arbitrary<SettingsFields> = fc.record({
  range: fc.constantFrom<[number, number]>([30_000, 30_009], [30_001, 30_001], [1, 65_535], [65_530, 65_535]),
  reserved: fc.constantFrom('', '30003', '30000-30004,65535'),
  tcpTwReuse: fc.constantFrom(0, 1, 2),
  tcpTimestamps: fc.boolean(),
});

const connection = fc
  .record({
    state: fc.constantFrom(...states),
    local: fc.constantFrom(...locals),
    port: fc.oneof(fc.integer({ min: 29_998, max: 30_011 }), fc.integer({ min: 65_528, max: 65_535 }), fc.constantFrom(80, 443)),
    remote: fc.constantFrom(...remotes),
    remotePort: fc.constantFrom(80, 443, 50_001),
    isMapped: fc.boolean(),
    interfaceIndex: fc.constantFrom(0, 0, 0, 1, 7),
    expiresMs: fc.constantFrom(0, 58_000, 59_900),
    inode: fc.nat(5),
    noPort: fc.constantFrom(-1, 0, 1),
  })
  .map(({ state, local, port, remote, remotePort, isMapped, ...fields }): SocketCursor => {
    const isIpv6 = local.includes(':');
    const to = isIpv6 === remote.includes(':') ? remote : isIpv6 ? '2001:db8::9' : '10.0.0.9';
    const at = (address: string, number: number): string => (isIpv6 ? `[${address}]:${number}` : `${address}:${number}`);
    const isBucket = state === 'timeWait';
    return tcp(state, at(local, port), state === 'boundInactive' ? undefined : at(to, remotePort), {
      ...fields,
      ...(isIpv6 || !isMapped ? {} : { family: 10 }),
      ...(isBucket ? { timer: 3, inode: 0, noPort: -1 } : { expiresMs: 0 }),
    });
  });

const listener = fc.constantFrom('0.0.0.0:30005', '10.0.0.1:30001', '[::]:30002', '0.0.0.0:443', '[2001:db8::1]:30004').map((at) => tcp('listen', at, undefined, { inode: 9, v6Only: 0 }));

/** Reads as from the kernel, in a dump of few datagrams. */
function feed(sockets: readonly SocketCursor[], sink: SocketSink): void {
  const kernel = new FakeKernel(({ sequence }) => dumpOf(sequence, sockets, 7));
  readAll(new SockDiagSource(true, kernel).read({ protocol: Protocol.tcp, states: ALL_HASHED_STATES | BOUND_INACTIVE_BIT }, sink));
}

const oneByOne = (sink: RecordSink): SocketSink => ({ accept: (socket) => sink.accept(socket), reset: () => sink.reset() });

function outcome(listeners: readonly SocketCursor[], sockets: readonly SocketCursor[], fields: SettingsFields, options: LedgerOptions, inRuns: boolean): unknown {
  const ledger = new PortLedger(settingsOf(fields), options);
  feed(listeners, ledger.listeners);
  feed(sockets, inRuns ? ledger.others : oneByOne(ledger.others));
  const asked = [...ledger.planProbes('all')];
  const shared = asked.filter((port) => port % 3 === 0);
  const explicit = asked.filter((port) => port % 3 === 1);
  const usage = ledger.finish({ inode: 7, name: 'here' }, { explicit, shared }, noOwners);
  const tuples = usage.tuples.top().map((tuple) => ({ ...tuple, source: tuple.source.toString(), destination: tuple.destination.toString() }));
  const pools = usage.bindPools.map((pool) => ({ ...pool, source: pool.source.toString() }));
  const key = (value: object): string => JSON.stringify(value);
  return {
    asked,
    tuples: tuples.map(key).sort(),
    pools: pools.map(key).sort(),
    sockets: usage.sockets,
    counts: [usage.usablePorts, usage.poisonedPorts, usage.reservedPorts],
    // Of several sockets on a port the first one names the kind, and the order is not the same.
    poisoned: usage.poisoned.reduce((sum, group) => sum + group.ports, 0),
    occupied: sockets.map((socket) => socket.localPort).filter((port, _, all) => all.filter((other) => other === port).length === 1).map((port) => usage.connectionOn(port) !== undefined),
  };
}

describe('sockets that come in runs', () => {
  it.each([
    ['with all rows kept', { trackInodes: true }],
    ['counted only', { trackInodes: false, countOnly: true }],
  ] as const)('are counted as those that come one by one, %s', (_, options) => {
    fc.assert(
      fc.property(fc.array(listener, { maxLength: 2 }), fc.array(connection, { maxLength: 60 }), settings, (listeners, connections, fields) => {
        const sockets = 'countOnly' in options ? connections.filter((socket) => socket.state !== TcpState.boundInactive) : connections;
        expect(outcome(listeners, sockets, fields, options, true)).toEqual(outcome(listeners, sockets, fields, options, false));
      }),
      { numRuns: 2000 },
    );
  });
});
