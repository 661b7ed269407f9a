import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ChurnCounter, type Churn } from '../../src/kernel/bpf/churn.ts';
import { because } from '../support/because.ts';
import { bpfObstacle } from '../support/bpf-obstacle.ts';
import { enterFreshNamespace, setSysctl } from '../support/namespace.ts';
import { until } from '../support/wait.ts';

const obstacle = bpfObstacle();

describe.skipIf(obstacle !== undefined)(`what becomes of outgoing connections${because(obstacle)}`, () => {
  it('is counted by tuple: made, refused, without a port, ended', async () => {
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', '40000 40019');
    const counter = new ChurnCounter();
    const namespace = statSync('/proc/thread-self/ns/net').ino;
    const own = (port: number): Churn[] => counter.read().filter((one) => one.namespace === namespace && one.destinationPort === port);
    const servers: Server[] = [];
    try {
      for (const host of ['127.0.0.1', '::1']) {
        const server = createServer((socket) => socket.on('error', () => undefined)).listen(7001, host, 512);
        servers.push(server);
        await once(server, 'listening');
      }
      const open = async (host: string, port: number): Promise<Socket | undefined> => {
        const socket = connect({ host, port, family: host.includes(':') ? 6 : 4 });
        return new Promise((resolve) => socket.once('connect', () => resolve(socket)).once('error', () => resolve(undefined)));
      };
      const sockets = await Promise.all(Array.from({ length: 25 }, async () => open('127.0.0.1', 7001)));
      for (let count = 0; count < 7; count++) await open('127.0.0.1', 7002);
      const six = await open('::1', 7001);
      const mapped = await open('::ffff:127.0.0.1', 7002);
      expect(mapped).toBeUndefined();
      expect(sockets.filter((socket) => socket !== undefined)).toHaveLength(20);
      const shown = (port: number): unknown[] => own(port).map(({ source, destination, tried, established, noPort, notMade, closed }) => [source.toString(), destination.toString(), tried, established, noPort, notMade, closed]).sort((left, right) => (String(left) < String(right) ? -1 : 1));
      expect(shown(7001)).toEqual([['127.0.0.1', '127.0.0.1', 25, 20, 5, 0, 0], ['::1', '::1', 1, 1, 0, 0, 0]]);
      // A refused connect to a mapped address counts for the IPv4 one that it is.
      expect(shown(7002)).toEqual([['127.0.0.1', '127.0.0.1', 8, 0, 0, 8, 0]]);
      for (const socket of [...sockets.slice(0, 12), six]) socket?.resetAndDestroy();
      await until('the ends to be counted', () => own(7001).reduce((sum, { closed }) => sum + closed, 0) >= 12);
      expect(shown(7001)).toEqual([['127.0.0.1', '127.0.0.1', 25, 20, 5, 0, sockets.slice(0, 12).filter((socket) => socket !== undefined).length], ['::1', '::1', 1, 1, 0, 0, 1]]);
      for (const socket of sockets) socket?.destroy();
    } finally {
      counter.close();
      for (const server of servers) server.close();
    }
  });
});
