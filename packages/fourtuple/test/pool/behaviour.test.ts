import { existsSync, readdirSync } from 'node:fs';
import { connect as netConnect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createConnector, type ConnectOptions } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { until } from '../support/wait.ts';
import { allCases } from './cases/index.ts';
import { Peers, peers as ports } from './peers.ts';
import { describe as described, LOCAL_PORTS, Recording } from './recording.ts';
import { closed, happened, outcome, ways } from './ways.ts';

const obstacle = liveTestObstacle();
const hasIpv6 = existsSync('/proc/net/if_inet6');
const peers = new Peers();

beforeAll(async () => {
  if (obstacle !== undefined) return;
  enterFreshNamespace();
  setSysctl('ipv4/ip_local_port_range', LOCAL_PORTS.join(' '));
  await peers.start(hasIpv6);
});

afterEach(async () => peers.settle());
afterAll(async () => peers.stop());

describe.skipIf(obstacle !== undefined)(`what net.connect() does, a connector does${because(obstacle)}`, () => {
  for (const one of allCases) {
    const lacking = one.needsIpv6 === true && !hasIpv6 ? 'this host has no IPv6' : undefined;
    const compared = ways(hasIpv6).filter(([way]) => !way.hasLocal || one.local !== null);
    it.skipIf(lacking !== undefined).each(compared.map(([way, model]) => ({ name: way.name, way, model })))(`${one.name}: $name${because(lacking)}`, async ({ way, model }) => {
      const expected = await outcome(one, model, peers);
      expect(expected.length).toBeGreaterThan(0);
      expect(await outcome(one, way, peers)).toEqual(expected);
    });
  }
});

describe.skipIf(obstacle !== undefined)(`what a connector does otherwise, and why${because(obstacle)}`, () => {
  const destination = { host: '127.0.0.1', port: ports.silent };

  /** Takes all of two ports, and then asks for one more. */
  async function failure(connect: (options: ConnectOptions) => Socket, options: object): Promise<unknown> {
    const recording = new Recording();
    try {
      setSysctl('ipv4/ip_local_port_range', '48000 48001');
      for (let held = 0; held < 2; held++) await happened(recording.watch(connect({ ...destination, ...options })), 'connect');
      const more = recording.watch(connect({ ...destination, ...options }));
      await closed(more);
      return described(more.errored);
    } finally {
      setSysctl('ipv4/ip_local_port_range', LOCAL_PORTS.join(' '));
      for (const socket of recording.sockets) {
        socket.resetAndDestroy();
        await closed(socket);
      }
    }
  }

  it('no port for the destination: the same words without sources', async () => {
    const stock = await failure(netConnect, {});
    expect(stock).toMatchObject({ code: 'EADDRNOTAVAIL', syscall: 'connect', address: '127.0.0.1', port: ports.silent });
    expect(await failure(createConnector().connect, {})).toEqual(stock);
  });

  it('no port for the destination, from a source: the error names it', async () => {
    expect(await failure(createConnector({ sources: '127.0.0.5' }).connect, {})).toMatchObject({ code: 'EADDRNOTAVAIL', message: `connect EADDRNOTAVAIL 127.0.0.1:${ports.silent} - no port is left from 127.0.0.5: 2 ports a source address for this destination, all in use or in TIME_WAIT` });
  });

  it('no port for the destination, from localAddress: connect() fails by EADDRNOTAVAIL, as bind() took none and cannot fail by EADDRINUSE', async () => {
    const options = { localAddress: '127.0.0.5' };
    expect(await failure(netConnect, options)).toMatchObject({ code: 'EADDRINUSE', syscall: 'connect' });
    expect(await failure(createConnector().connect, options)).toMatchObject({ code: 'EADDRNOTAVAIL', syscall: 'connect', message: `connect EADDRNOTAVAIL 127.0.0.1:${ports.silent} - Local (127.0.0.5:0)` });
  });

  it('no source is an address of this host: the error is that of bind()', async () => {
    const socket = createConnector({ sources: '192.0.2.7' }).connect(destination);
    await happened(socket.on('error', () => undefined), 'error');
    expect(described(socket.errored)).toMatchObject({ code: 'EADDRNOTAVAIL', syscall: 'bind', address: '192.0.2.7', message: 'bind EADDRNOTAVAIL 192.0.2.7 - it is not an address of this host' });
  });
});

describe.skipIf(obstacle !== undefined)(`no descriptor is left behind${because(obstacle)}`, () => {
  const host = '127.0.0.1';
  const port = ports.echo;
  const never = (_: string, __: object, done: (error: Error) => void): void => done(new Error('not found'));
  const two = (_: string, __: object, done: (error: null, found: object[]) => void): void => done(null, [{ address: '127.0.0.99', family: 4 }, { address: host, family: 4 }]);
  /** Each makes one connection, and ends it. */
  const outcomes: readonly ((connect: (options: object) => Socket) => Socket | undefined)[] = [
    (connect) => connect({ host, port }).resume().end('x'),
    (connect) => resetOnConnect(connect({ host, port })),
    (connect) => connect({ host, port: ports.nobody }),
    (connect) => connect({ host: '192.0.2.1', port }),
    (connect) => connect({ host, port }).destroy(),
    (connect) => destroyLater(connect({ host, port })),
    (connect) => connect({ host: 'service.example', port, lookup: never }),
    (connect) => resetOnConnect(connect({ host: 'service.example', port, lookup: two, autoSelectFamily: true })),
    (connect) => connect({ host, port, localAddress: '192.0.2.7' }),
    (connect) => connect({ host, port, localAddress: '::1' }),
    (connect) => refused(() => connect({ host, port: -1 })),
    (connect) => connect({ host, port: ports.resetting }),
    (connect) => connect({ host, port: ports.leaving }).resume(),
  ];

  function resetOnConnect(socket: Socket): Socket {
    return socket.once('connect', () => socket.resetAndDestroy());
  }

  function destroyLater(socket: Socket): Socket {
    setImmediate(() => socket.destroy());
    return socket;
  }

  function refused(connect: () => Socket): undefined {
    try {
      connect();
    } catch {
      // As meant.
    }
  }

  const descriptors = (): number => readdirSync('/proc/self/fd').length;

  it.each([
    ['without sources', undefined],
    ['with sources', '127.0.0.1-127.0.0.4'],
    ['with sources of which one is not here', '127.0.0.1,192.0.2.7,127.0.0.3'],
  ])('2,080 connects of all outcomes, %s', { timeout: 240_000 }, async (_, sources) => {
    const connector = createConnector(sources === undefined ? {} : { sources });
    const round = async (): Promise<void> => {
      await Promise.all(
        outcomes.map(async (one) => {
          const socket = one((options) => connector.connect(options as ConnectOptions).on('error', () => undefined));
          if (socket !== undefined) await new Promise((resolve) => socket.once('close', resolve));
        }),
      );
    };
    await round();
    await until('the servers to have closed', () => peers.accepted.size === 0);
    const before = descriptors();
    for (let rounds = 0; rounds < 160; rounds++) await round();
    await until('the servers to have closed', () => peers.accepted.size === 0);
    await until('the descriptors to be as before', () => descriptors() <= before);
    expect(descriptors()).toBe(before);
    const { tuples, sources: counts } = connector.stats();
    expect(tuples.filter(({ used, timeWait }) => used !== timeWait)).toEqual([]);
    expect(counts.map(({ open }) => open)).toEqual(counts.map(() => 0));
  });
});
