import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { createConnector } from '../../src/pool/index.ts';
import { enterFreshNamespace, setSysctl } from '../support/namespace.ts';
import { allCases } from './cases/index.ts';
import { Peers } from './peers.ts';
import { LOCAL_PORTS } from './recording.ts';
import { outcome, ways } from './ways.ts';

/** For matrix.mjs, which runs this as one file on each Node: no test runner, one JSON document. Arguments: a part of the name of the cases. */
const wanted = process.argv[2] ?? '';
const LIMIT_MS = 30_000;

async function within<T>(promise: Promise<T>): Promise<T | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, LIMIT_MS, 'no end');
  });
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    return String(error);
  } finally {
    clearTimeout(timer);
  }
}

/** How many of the connections that 100 ports a source and destination allow were made. */
async function connections(sources: string, count: number): Promise<string> {
  const servers = [20_051, 20_052].map((port) => createServer((socket) => void socket.on('error', () => undefined)).listen(port, '127.0.0.1', 2048));
  await Promise.all(servers.map(async (server) => once(server, 'listening')));
  const connector = createConnector({ sources });
  const sockets: Socket[] = [];
  const made = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = connector.connect({ host: '127.0.0.1', port: 20_051 + (index % 2) });
      sockets.push(socket);
      return once(socket, 'connect').then(
        () => 1,
        () => 0,
      );
    }),
  );
  for (const socket of sockets) socket.resetAndDestroy();
  await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
  return `${made.reduce<number>((sum, one) => sum + one, 0)} of ${count}, ${connector.mode}`;
}

enterFreshNamespace();
setSysctl('ipv4/ip_local_port_range', '40000 40099');
const ports = { 'one source': await connections('127.0.0.5', 200), 'four sources': await connections('127.0.0.5-8', 800) };
setSysctl('ipv4/ip_local_port_range', LOCAL_PORTS.join(' '));
const hasIpv6 = existsSync('/proc/net/if_inet6');
const peers = new Peers();
await peers.start(hasIpv6);
let equal = 0;
const unequal: object[] = [];
for (const one of allCases) {
  if (!one.name.includes(wanted) || (one.needsIpv6 === true && !hasIpv6)) continue;
  for (const [way, model] of ways(hasIpv6)) {
    if (way.hasLocal && one.local === null) continue;
    const stock = await within(outcome(one, model, peers));
    const ours = await within(outcome(one, way, peers));
    if (typeof stock !== 'string' && isDeepStrictEqual(stock, ours)) equal++;
    else {
      const [left, right] = [stock, ours].map((list) => (typeof list === 'string' ? [list] : list)) as [unknown[], unknown[]];
      const at = Math.max(0, left.findIndex((entry, index) => !isDeepStrictEqual(entry, right[index])));
      unequal.push({ case: one.name, way: way.name, at, stock: left[at], ours: right[at] });
    }
  }
}
process.stdout.write(`${JSON.stringify({ node: process.version, ports, equal, unequal })}\n`);
process.exit(0);
