import { once } from 'node:events';
import { createServer, connect as netConnect, type LookupFunction, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConnector, type Connector } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';

const obstacle = liveTestObstacle();
const PORTS = 100;

/** Connects so many times to each destination, all at once. @returns how many came through, and the codes of the others */
async function openAll(connect: (port: number) => Socket, ports: readonly number[], each: number, sockets: Socket[]): Promise<{ connected: number; codes: string[] }> {
  const codes = new Set<string>();
  const all = await Promise.all(
    ports.flatMap((port) =>
      Array.from({ length: each }, async () => {
        const socket = connect(port);
        sockets.push(socket);
        try {
          await once(socket, 'connect');
          return 1;
        } catch (error) {
          codes.add((error as NodeJS.ErrnoException).code ?? String(error));
          return 0;
        }
      }),
    ),
  );
  return { connected: all.reduce<number>((sum, one) => sum + one, 0), codes: [...codes] };
}

describe.skipIf(obstacle !== undefined)(`connections from source addresses, with ${PORTS} ports${because(obstacle)}`, () => {
  let servers: Server[] = [];
  let sockets: Socket[] = [];
  const destinations = [20_001, 20_002];

  beforeEach(async () => {
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', `40000 ${40_000 + PORTS - 1}`);
    servers = destinations.map((port) => createServer((socket) => void socket.on('error', () => undefined)).listen(port, '127.0.0.1'));
    await Promise.all(servers.map(async (server) => once(server, 'listening')));
    sockets = [];
  });

  afterEach(async () => {
    for (const socket of sockets) socket.resetAndDestroy();
    await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
  });

  it('net.connect() has one range for all destinations, and says EADDRINUSE', async () => {
    const opened = await openAll((port) => netConnect({ host: '127.0.0.1', port, localAddress: '127.0.0.5' }), destinations, PORTS, sockets);
    expect(opened).toEqual({ connected: PORTS, codes: ['EADDRINUSE'] });
  });

  it.each([
    ['one source', '127.0.0.5', 2 * PORTS],
    ['four sources', '127.0.0.5-127.0.0.8', 8 * PORTS],
  ])('%s: each destination has a range of each', async (_, spec, expected) => {
    const connector = createConnector({ sources: spec });
    expect(connector.mode).toBe('late-bind');
    const opened = await openAll((port) => connector.connect({ host: '127.0.0.1', port }), destinations, expected / 2, sockets);
    expect(opened).toEqual({ connected: expected, codes: [] });
    const { sources } = connector.stats();
    expect(sources.map(({ open }) => open)).toEqual(sources.map(() => 2 * PORTS));
    // One more finds no port anywhere, and says so at once.
    const more = await openAll((port) => connector.connect({ host: '127.0.0.1', port }), [destinations[0]!], 1, sockets);
    expect(more).toEqual({ connected: 0, codes: ['EADDRNOTAVAIL'] });
  });

  it('localAddress alone takes no port from others', async () => {
    const connector: Connector = createConnector();
    const opened = await openAll((port) => connector.connect({ host: '127.0.0.1', port, localAddress: '127.0.0.5' }), destinations, PORTS, sockets);
    expect(opened).toEqual({ connected: 2 * PORTS, codes: [] });
    expect((await openAll((port) => netConnect({ host: '127.0.0.1', port }), destinations, PORTS, sockets)).connected).toBe(2 * PORTS);
  });

  it('goes on to the next source when one has no port for the destination', async () => {
    const alone = createConnector({ sources: '127.0.0.5' });
    await openAll((port) => alone.connect({ host: '127.0.0.1', port }), [destinations[0]!], PORTS, sockets);
    const connector = createConnector({ sources: ['127.0.0.5', '127.0.0.6'], policy: 'hash' });
    expect(await openAll((port) => connector.connect({ host: '127.0.0.1', port, sourceKey: 'same' }), [destinations[0]!], PORTS, sockets)).toEqual({ connected: PORTS, codes: [] });
    expect(connector.stats().sources.map(({ connects }) => connects)).toEqual([0, PORTS]);
  });

  it('passes by an address that is not here', async () => {
    const connector = createConnector({ sources: ['192.0.2.7', '127.0.0.6'], policy: 'round-robin' });
    expect(await openAll((port) => connector.connect({ host: '127.0.0.1', port }), destinations, 10, sockets)).toEqual({ connected: 20, codes: [] });
    expect(connector.stats().sources).toMatchObject([{ address: '192.0.2.7', connects: 0, missing: 10 }, { address: '127.0.0.6', connects: 20, missing: 0 }]);
  });

  it('by a name with several addresses, of which the first does not answer', async () => {
    const connector = createConnector({ sources: '127.0.0.5' });
    const lookup: LookupFunction = (_, __, callback) => callback(null, [{ address: '127.0.0.99', family: 4 }, { address: '127.0.0.1', family: 4 }]);
    const opened = await openAll((port) => connector.connect({ host: 'service.example', port, lookup, autoSelectFamily: true }), destinations, 5, sockets);
    expect(opened).toEqual({ connected: 10, codes: [] });
    expect(sockets.every(({ localAddress, remoteAddress }) => localAddress === '127.0.0.5' && remoteAddress === '127.0.0.1')).toBe(true);
  });

  it('counts what is open, and forgets what is closed', async () => {
    const connector = createConnector({ sources: '127.0.0.5-6' });
    await openAll((port) => connector.connect({ host: '127.0.0.1', port }), destinations, 10, sockets);
    expect(connector.stats().tuples.map(({ destinationPort, used }) => [destinationPort, used])).toEqual(destinations.flatMap((port) => [[port, 5], [port, 5]]));
    expect(connector.stats().sources.map(({ open }) => open)).toEqual([10, 10]);
    await Promise.all(sockets.map(async (socket) => {
      socket.resetAndDestroy();
      await once(socket, 'close');
    }));
    expect(connector.stats()).toMatchObject({ tuples: [], sources: [{ open: 0 }, { open: 0 }] });
  });
});
