import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect as netConnect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConnector, PortsExhaustedError, type Connector, type ConnectOptions, type ConnectorOptions } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { until } from '../support/wait.ts';
import { allCases } from './cases/index.ts';
import { connectorClients, fillBy } from './matrix/connector-clients.ts';
import { Programs } from './matrix/programs.ts';
import { full, PORT_RANGE, PORTS, sourceCounts } from './matrix/servers.ts';
import { Peers } from './peers.ts';
import { LOCAL_PORTS } from './recording.ts';
import { outcome, ways } from './ways.ts';

// As on a host where koffi does not load: the namespaces of this test need it.
vi.mock('../../src/pool/late-bind.ts', () => ({
  LateBinder: function LateBinder(): never {
    throw new Error('koffi is away');
  },
}));

const obstacle = liveTestObstacle();
const hasIpv6 = existsSync('/proc/net/if_inet6');
const noIpv6 = hasIpv6 ? undefined : 'this host has no IPv6';

function connectorOf(options: ConnectorOptions = {}): Connector {
  return createConnector({ onWarning: () => undefined, ...options });
}

describe.skipIf(obstacle !== undefined)(`without koffi${because(obstacle)}`, () => {
  const destinations = [20_001, 20_002] as const;
  let servers: Server[] = [];
  const sockets: Socket[] = [];
  const programs = new Programs();

  beforeAll(async () => programs.install());
  afterAll(() => programs.close());

  beforeEach(async () => {
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', PORT_RANGE);
    servers = [];
    for (const host of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
      for (const port of destinations) servers.push(createServer((socket) => void socket.resume().on('error', () => undefined)).listen(port, host));
    }
    await Promise.all(servers.map(async (server) => once(server, 'listening')));
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.resetAndDestroy();
    await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
  });

  /** @returns the port that a connection has, or the error */
  async function open(connect: (options: ConnectOptions) => Socket, options: object = {}): Promise<number | Error> {
    const socket = connect({ host: '127.0.0.1', port: destinations[0], ...options });
    sockets.push(socket);
    try {
      await once(socket, 'connect');
      return socket.localPort!;
    } catch (error) {
      return error as Error;
    }
  }

  async function openMany(count: number, connect: (options: ConnectOptions) => Socket, options: object = {}): Promise<number[]> {
    const got = await Promise.all(Array.from({ length: count }, async () => open(connect, options)));
    return got.filter((port) => typeof port === 'number').sort((one, other) => one - other);
  }

  const range = (low: number, high: number): number[] => Array.from({ length: high - low + 1 }, (_, index) => low + index);

  it('a connector says how it binds, and why', () => {
    expect(connectorOf()).toMatchObject({ mode: 'explicit-port', modeReason: 'koffi is away' });
  });

  it('a connector says so in truth', () => {
    const { out } = programs.run(`import { createConnector } from 'fourtuple/pool'; const { mode, modeReason } = createConnector(); print({ mode, modeReason });`, { flags: [], env: { FOURTUPLE_NO_KOFFI: '1' } });
    expect(out).toEqual([{ mode: 'explicit-port', modeReason: expect.stringContaining('koffi is not available here') as string }]);
  });

  it.each(sourceCounts)('%s: each destination has a range of each', async (_, sources, count) => {
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    for (const client of connectorClients([]).filter(({ protocol }) => protocol === 'tcp' || protocol === 'http')) expect({ client, opened: await fillBy(client, sources, count, undefined) }).toEqual({ client, opened: full(count) });
  });

  it('localAddress alone has a range for each destination, and no more', async () => {
    const { connect } = connectorOf();
    const options = { localAddress: '127.0.0.5' };
    for (const port of destinations) expect(await openMany(PORTS + 1, connect, { ...options, port })).toEqual(range(40_000, 40_099));
    expect(await open(connect, options)).toMatchObject({ code: 'EADDRINUSE', syscall: 'connect' });
  });

  it.skipIf(noIpv6 !== undefined)(`IPv6 has it, too${because(noIpv6)}`, async () => {
    const connector = connectorOf({ sources: '::1' });
    for (const port of destinations) expect(await openMany(PORTS + 1, connector.connect, { host: '::1', port })).toEqual(range(40_000, 40_099));
    // A mapped address is one of IPv4, on a socket of IPv6.
    const mapped = connectorOf({ sources: '127.0.0.5' });
    expect(await openMany(2, mapped.connect, { host: '::ffff:127.0.0.1', family: 6 })).toHaveLength(2);
    expect(sockets.at(-1)!.localAddress).toBe('::ffff:127.0.0.5');
  });

  it('ports that another connection from the address has are passed by', async () => {
    const taken = await openMany(60, netConnect, { localAddress: '127.0.0.5' });
    expect(taken).toHaveLength(60);
    const connector = connectorOf({ sources: '127.0.0.5' });
    const got = await openMany(PORTS, connector.connect, { port: destinations[1] });
    // One that was bound early may be shared with another destination; one that connect() chose may not.
    expect(got).toHaveLength(PORTS);
    const plain = await openMany(40, netConnect, { localAddress: undefined });
    expect(plain).toEqual([]);
  });

  it('ports that connect() chose for others from the address are passed by', async () => {
    const taken = await openMany(30, netConnect);
    expect(taken).toHaveLength(30);
    const connector = connectorOf({ sources: '127.0.0.1' });
    const got = await openMany(PORTS, connector.connect, { port: destinations[1] });
    expect(got).toEqual(range(40_000, 40_099).filter((port) => !taken.includes(port)));
    expect(await open(connector.connect, { port: destinations[1] })).toBeInstanceOf(PortsExhaustedError);
  });

  it('reserved ports are never used', async () => {
    setSysctl('ipv4/ip_local_reserved_ports', '40010-40019,40050');
    const connector = connectorOf({ sources: '127.0.0.5' });
    const expected = range(40_000, 40_099).filter((port) => port !== 40_050 && (port < 40_010 || port > 40_019));
    expect(await openMany(PORTS, connector.connect)).toEqual(expected);
    expect(connector.stats().tuples).toMatchObject([{ used: 89, capacity: 89, timeWait: undefined }]);
  });

  it('a range of its own is kept to', async () => {
    const connector = connectorOf({ sources: '127.0.0.5', portRange: { low: 40_020, high: 40_029 } });
    expect(await openMany(20, connector.connect)).toEqual(range(40_020, 40_029));
  });

  it('the error names what is exhausted, and a port that is free again is found', async () => {
    const connector = connectorOf({ sources: '127.0.0.5-6' });
    await openMany(2 * PORTS, connector.connect);
    const error = await open(connector.connect);
    expect(error).toBeInstanceOf(PortsExhaustedError);
    expect(error).toMatchObject({ tuple: { sources: ['127.0.0.5', '127.0.0.6'], destination: '127.0.0.1', destinationPort: destinations[0] } });
    const [first] = sockets;
    const port = first!.localPort!;
    first!.resetAndDestroy();
    await once(first!, 'close');
    expect(await open(connector.connect)).toBe(port);
  });

  it('connections one after the other go through the ports, so that no TIME_WAIT is met', async () => {
    setSysctl('ipv4/tcp_tw_reuse', 0);
    const connector = connectorOf({ sources: '127.0.0.5' });
    const ports: (number | Error)[] = [];
    for (let round = 0; round < PORTS; round++) {
      ports.push(await open(connector.connect));
      const socket = sockets.pop()!;
      socket.end();
      await once(socket, 'close');
    }
    expect(new Set(ports)).toEqual(new Set(range(40_000, 40_099)));
    expect(connector.stats()).toMatchObject({ sources: [{ open: 0, connects: PORTS }], tuples: [] });
  });

  it('a source that is not here is passed by', async () => {
    const connector = connectorOf({ sources: ['192.0.2.7', '127.0.0.6'] });
    expect(await openMany(20, connector.connect)).toHaveLength(20);
    expect(connector.stats().sources).toMatchObject([{ address: '192.0.2.7', connects: 0 }, { address: '127.0.0.6', connects: 20 }]);
    expect(connector.stats().sources[0]!.missing).toBeGreaterThan(0);
  });

  it('no descriptor is left behind', async () => {
    const connector = connectorOf({ sources: '127.0.0.5,192.0.2.7' });
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const round = async (): Promise<void> => {
      for (const options of [{}, { port: 1 }, { localAddress: '192.0.2.7' }, { localAddress: '127.0.0.9' }, { localAddress: '::1' }, { host: '192.0.2.1' }]) {
        const socket = connector.connect({ host: '127.0.0.1', port: destinations[0], ...options }).on('error', () => undefined);
        socket.once('connect', () => socket.resetAndDestroy());
        if (!socket.closed) await once(socket, 'close').catch(() => undefined);
      }
    };
    await round();
    const before = descriptors();
    for (let rounds = 0; rounds < 100; rounds++) await round();
    await until('the descriptors to be as before', () => descriptors() <= before);
    expect(descriptors()).toBe(before);
    expect(connector.stats().tuples).toEqual([]);
  });
});

describe.skipIf(obstacle !== undefined)(`what net.connect() does, a connector without koffi does${because(obstacle)}`, () => {
  const peers = new Peers();

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', LOCAL_PORTS.join(' '));
    await peers.start(hasIpv6);
  });

  afterEach(async () => peers.settle());
  afterAll(async () => peers.stop());

  for (const one of allCases) {
    const lacking = one.needsIpv6 === true ? noIpv6 : undefined;
    it.skipIf(lacking !== undefined)(`${one.name}${because(lacking)}`, async () => {
      for (const [way, model] of ways(hasIpv6)) {
        if (way.hasLocal && one.local === null) continue;
        const expected = await outcome(one, model, peers);
        expect({ way: way.name, did: await outcome(one, way, peers) }).toEqual({ way: way.name, did: expected });
      }
    });
  }
});
