import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { enterFreshNamespace, setSysctl } from '../support/namespace.ts';
import { allCases } from './cases/index.ts';
import { connectorClients, fillBy, isSecure } from './matrix/connector-clients.ts';
import type { PlainResults, PlainTask } from './matrix/plain-clients.ts';
import { full, makeCertificate, PORT_RANGE, sourceCounts, type Opened, type Protocol } from './matrix/servers.ts';
import { installedUndicis } from './matrix/undici.ts';
import { Peers } from './peers.ts';
import { LOCAL_PORTS } from './recording.ts';
import { outcome, ways } from './ways.ts';

/** For matrix.mjs, which runs this as one file on each Node: no test runner, one JSON document. */
interface Task {
  /** Each client with one count instead of both, and the preload without undici. */
  readonly isQuick: boolean;
  /** Of the name of the cases to compare. */
  readonly part: string;
  /** Bundles: the preload, and the program that is run with it. */
  readonly register: string;
  readonly plain: string;
}

/** Written as JSON. */
export interface Report {
  readonly node: string;
  /** Of connections, and of comparisons: how many came out as they should, and what did not. */
  readonly clients: Tally;
  readonly preload: Tally;
  readonly behaviour: Tally;
}

interface Tally {
  readonly good: number;
  readonly all: number;
  readonly bad: readonly object[];
}

/** Of a comparison, and of opening many connections. */
const [LIMIT_MS, MANY_LIMIT_MS] = [30_000, 180_000];
const task = JSON.parse(process.argv[2]!) as Task;

async function within<T>(limitMs: number, promise: Promise<T>): Promise<T | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'no end');
  });
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    return String(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Of a handshake each, the smaller count does when it is to be quick; of the others the larger one. */
function countsFor(protocol: Protocol): readonly (typeof sourceCounts)[number][] {
  return task.isQuick ? [sourceCounts[isSecure(protocol) ? 0 : 1]] : sourceCounts;
}

class Counter implements Tally {
  good = 0;
  all = 0;
  readonly bad: object[] = [];

  add(what: object, count: number, opened: Opened | string): void {
    const isFull = isDeepStrictEqual(opened, full(count));
    this.all += count;
    if (typeof opened !== 'string') this.good += opened.opened;
    if (!isFull) this.bad.push({ ...what, opened });
  }
}

const certificate = makeCertificate();

async function checkClients(): Promise<Tally> {
  const counter = new Counter();
  for (const client of connectorClients(installedUndicis(import.meta.url))) {
    if (client.lacking !== undefined || (isSecure(client.protocol) && certificate === undefined)) continue;
    for (const [, sources, count] of countsFor(client.protocol)) counter.add({ client: client.name, sources }, count, await within(MANY_LIMIT_MS, fillBy(client, sources, count, certificate)));
  }
  return counter;
}

/** A program that knows nothing of the pool, with the preload. */
function checkPreload(): Tally {
  const counter = new Counter();
  const secure = certificate === undefined ? {} : { key: certificate.key.toString(), cert: certificate.cert.toString() };
  const groups = [
    { protocol: 'http', clients: ['net', 'http', 'fetch', ...(task.isQuick ? [] : ['undici http'])] },
    { protocol: 'https', clients: certificate === undefined ? [] : ['tls', 'https', 'http2', ...(task.isQuick ? [] : ['undici https'])] },
  ] as const;
  for (const { protocol, clients } of groups) {
    for (const [, sources, count] of countsFor(protocol)) {
      const plain: PlainTask = { clients, count, ...secure };
      const { stdout, stderr } = spawnSync(process.execPath, ['--import', task.register, task.plain, JSON.stringify(plain)], { encoding: 'utf8', timeout: 600_000, env: { ...process.env, FOURTUPLE_SOURCES: sources } });
      if (!stdout.startsWith('{')) counter.bad.push({ sources, clients, stderr });
      else for (const [client, opened] of Object.entries(JSON.parse(stdout) as PlainResults)) counter.add({ client, sources }, count, opened);
    }
  }
  return counter;
}

async function checkBehaviour(): Promise<Tally> {
  const hasIpv6 = existsSync('/proc/net/if_inet6');
  const peers = new Peers();
  await peers.start(hasIpv6);
  let good = 0;
  const bad: object[] = [];
  for (const one of allCases) {
    if (!one.name.includes(task.part) || (one.needsIpv6 === true && !hasIpv6)) continue;
    for (const [way, model] of ways(hasIpv6)) {
      if (way.hasLocal && one.local === null) continue;
      const stock = await within(LIMIT_MS, outcome(one, model, peers));
      const ours = await within(LIMIT_MS, outcome(one, way, peers));
      if (typeof stock !== 'string' && isDeepStrictEqual(stock, ours)) good++;
      else {
        const [left, right] = [stock, ours].map((list) => (typeof list === 'string' ? [list] : list)) as [unknown[], unknown[]];
        const at = Math.max(0, left.findIndex((entry, index) => !isDeepStrictEqual(entry, right[index])));
        bad.push({ case: one.name, way: way.name, at, stock: left[at], ours: right[at] });
      }
    }
  }
  return { good, all: good + bad.length, bad };
}

enterFreshNamespace();
setSysctl('ipv4/ip_local_port_range', PORT_RANGE);
const clients = await checkClients();
const preload = checkPreload();
setSysctl('ipv4/ip_local_port_range', LOCAL_PORTS.join(' '));
const report: Report = { node: process.version, clients, preload, behaviour: await checkBehaviour() };
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
