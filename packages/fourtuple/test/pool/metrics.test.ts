import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as promClient from 'prom-client';
import * as undici from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpAgent } from '../../src/pool/http/agents.ts';
import { createDispatcher } from '../../src/pool/http/undici.ts';
import { createConnector, createTcpPool, poolMetrics, type Lease, type MetricsOptions, type TcpPool } from '../../src/pool/index.ts';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { until } from '../support/wait.ts';

const obstacle = liveTestObstacle();
const promtool = spawnSync('promtool', ['--version']).status === 0 ? undefined : 'promtool is not installed';

interface Family {
  type: string;
  help: string;
  samples: Map<string, number>;
}

/** Reads the text format of Prometheus 0.0.4. @throws for a line that is none of it, and for a sample that comes twice */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const familyOf = (name: string): Family => {
    let family = families.get(name);
    if (family === undefined) families.set(name, (family = { type: '', help: '', samples: new Map() }));
    return family;
  };
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
    if (comment !== null) {
      const family = familyOf(comment[2]!);
      if (comment[1] === 'HELP') family.help = comment[3]!;
      else family.type = comment[3]!;
      continue;
    }
    const sample = /^([a-z_]+)((?:\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*\})?) (\S+)$/.exec(line);
    const value = Number(sample?.[3]?.replace('+Inf', 'Infinity') ?? Number.NaN);
    if (sample === null || Number.isNaN(value)) throw new Error(`no line of the format: ${line}`);
    const family = families.get(sample[1]!) ?? families.get(sample[1]!.replace(/_(?:bucket|sum|count)$/, ''));
    if (family === undefined || family.samples.has(`${sample[1]}${sample[2]}`)) throw new Error(`without a type, or twice: ${line}`);
    family.samples.set(`${sample[1]}${sample[2]}`, value);
  }
  return families;
}

describe.skipIf(obstacle !== undefined)(`metrics for prom-client${because(obstacle)}`, () => {
  let registry: promClient.Registry;
  let server: Server;
  let port = 0;
  let stop: () => void = () => undefined;
  let pool: TcpPool;
  let held: (() => void)[] = [];

  beforeEach(async () => {
    enterFreshNamespace();
    held = [];
    registry = new promClient.Registry();
    server = createServer((_, response) => void held.push(() => response.end('done'))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    setSysctl('ipv4/ip_local_port_range', '40000 40009');
    pool = createTcpPool({ host: '127.0.0.1', port, name: 'db "one"', max: 2, sources: '127.0.0.5', maxWaiting: 1 });
  });

  afterEach(async () => {
    stop();
    await pool.close({ drainMs: 0 });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function measure(options: MetricsOptions): void {
    stop = poolMetrics(promClient, { ...options, registers: [registry] });
  }

  async function value(name: string, labels = ''): Promise<number | undefined> {
    return parse(await registry.metrics()).get(`fourtuple_${name}`)?.samples.get(`fourtuple_${name}${labels}`);
  }

  it('say what stats() says', async () => {
    measure({ pools: [pool], tuples: true });
    const leases: Lease[] = [await pool.acquire(), await pool.acquire()];
    const waiting = pool.acquire();
    await expect(pool.acquire()).rejects.toMatchObject({ name: 'QueueFullError' });
    const families = parse(await registry.metrics());
    const stats = pool.stats();
    const samples = Object.fromEntries([...families.values()].flatMap((family) => [...family.samples]));
    expect(samples).toMatchObject({
      'fourtuple_pool_connections{pool="db \\"one\\"",state="lent"}': stats.lent,
      'fourtuple_pool_connections{pool="db \\"one\\"",state="idle"}': stats.idle,
      'fourtuple_pool_max_connections{pool="db \\"one\\""}': 2,
      'fourtuple_pool_pending{pool="db \\"one\\""}': 1,
      'fourtuple_pool_acquired_total{pool="db \\"one\\""}': stats.acquired,
      'fourtuple_pool_created_total{pool="db \\"one\\""}': stats.created,
      'fourtuple_pool_failures_total{pool="db \\"one\\"",error="QueueFullError"}': 1,
      'fourtuple_source_open_connections{connector="db \\"one\\"",source="127.0.0.5"}': stats.connector.sources[0]!.open,
      'fourtuple_source_connects_total{connector="db \\"one\\"",source="127.0.0.5"}': 2,
      'fourtuple_tuple_use_ratio_max{connector="db \\"one\\""}': 0.2,
      [`fourtuple_tuple_used_ports{connector="db \\"one\\"",source="127.0.0.5",destination="127.0.0.1:${port}"}`]: 2,
      [`fourtuple_tuple_limit_ports{connector="db \\"one\\"",source="127.0.0.5",destination="127.0.0.1:${port}"}`]: 8,
      'fourtuple_pool_acquire_seconds_count{pool="db \\"one\\""}': 2,
    });
    expect([stats.lent, stats.pending]).toEqual([2, 1]);
    for (const { release } of leases) release();
    (await waiting).release();
  });

  it('are sound: each has a type and a help, and counters end in _total', async () => {
    const agent = new HttpAgent();
    const pooled = createDispatcher(undici, {});
    measure({ pools: [pool], clients: { agent, pooled }, connectors: { alone: createConnector() }, tuples: true });
    (await pool.acquire()).release();
    const families = parse(await registry.metrics());
    for (const [name, { type, help }] of families) {
      expect(name).toMatch(/^fourtuple_[a-z_]+$/);
      expect(help).toMatch(/^[A-Z].+\.$/);
      expect(type).toBe(name.endsWith('_total') ? 'counter' : name.endsWith('_acquire_seconds') ? 'histogram' : 'gauge');
    }
    expect(families.size).toBe(26);
    await pooled.close();
  });

  it.skipIf(promtool !== undefined)(`promtool finds no fault${because(promtool)}`, async () => {
    measure({ pools: [pool], tuples: true });
    (await pool.acquire()).release();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await registry.metrics(), encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('counters never go back, though they are read often, and at once', async () => {
    measure({ pools: [pool] });
    const before = new Map<string, number>();
    let seen = 0;
    for (let round = 0; round < 10; round++) {
      const lease = await pool.acquire();
      if (round % 3 === 0) lease.destroy();
      else lease.release();
      for (const text of await Promise.all([registry.metrics(), registry.metrics()])) {
        for (const [, { type, samples }] of parse(text)) {
          for (const [name, count] of samples) {
            if (type === 'gauge') continue;
            expect(count).toBeGreaterThanOrEqual(before.get(name) ?? 0);
            before.set(name, count);
            seen++;
          }
        }
      }
    }
    expect(seen).toBeGreaterThan(100);
    expect(await value('pool_acquired_total', '{pool="db \\"one\\""}')).toBe(10);
    expect([...before].filter(([name]) => name.startsWith('fourtuple_pool_destroyed_total')).reduce((sum, [, count]) => sum + count, 0)).toBe(Object.values(pool.stats().destroyed).reduce((sum, count) => sum + count, 0));
  });

  it('tell of clients by origin, and forget what is gone', async () => {
    const agent = new HttpAgent({ maxSockets: 1, maxWaiting: 1 });
    measure({ clients: { agent } });
    const requests = [1, 2, 3].map(() => get({ host: '127.0.0.1', port, agent }).on('error', () => undefined).on('response', (response: IncomingMessage) => void response.resume()));
    await until('the first request', () => held.length > 0);
    const pending = `{client="agent",origin="127.0.0.1:${port}"}`;
    expect(await value('client_requests_pending', pending)).toBe(1);
    expect(await value('client_failures_total', '{client="agent",cause="queueFull"}')).toBe(1);
    expect(await value('source_open_connections', '{connector="agent",source="*"}')).toBe(1);
    expect([await value('client_connections_open', pending), await value('client_connections_idle', pending)]).toEqual([1, 0]);
    for (const request of requests.reverse()) request.destroy();
    await until('all to be closed', () => agent.stats().origins.length === 0);
    expect(await value('client_requests_pending', pending)).toBeUndefined();
  });

  it('tell of retries of dispatchers', async () => {
    const pooled = createDispatcher(undici, { retry: { minDelayMs: 0, maxDelayMs: 0, budgetBurst: 2, maxRetries: 9 } });
    measure({ clients: { pooled } });
    server.removeAllListeners('request');
    server.on('request', (_, response) => void response.writeHead(503).end());
    const { body } = await undici.request(`http://127.0.0.1:${port}`, { dispatcher: pooled.dispatcher as never });
    await body.dump();
    expect([await value('client_retries_total', '{client="pooled"}'), await value('client_retries_refused_total', '{client="pooled"}'), await value('client_requests_running', '{client="pooled"}')]).toEqual([2, 1, 0]);
    await pooled.close();
  });

  it('a connector that is shared is told once', async () => {
    const connector = createConnector({ sources: '127.0.0.6' });
    measure({ clients: { one: new HttpAgent({ connector }), two: new HttpAgent({ connector }) }, connectors: { three: connector } });
    const { samples } = parse(await registry.metrics()).get('fourtuple_source_open_connections')!;
    expect([...samples.keys()]).toEqual(['fourtuple_source_open_connections{connector="one",source="127.0.0.6"}']);
  });

  it('names are of one each', () => {
    expect(() => measure({ pools: [pool], connectors: { 'db "one"': createConnector() } })).toThrow(RangeError);
  });

  it('what is returned stops the histogram', async () => {
    measure({ pools: [pool] });
    (await pool.acquire()).release();
    stop();
    (await pool.acquire()).release();
    expect(await value('pool_acquired_total', '{pool="db \\"one\\""}')).toBe(2);
    const { samples } = parse(await registry.metrics()).get('fourtuple_pool_acquire_seconds')!;
    expect(samples.get('fourtuple_pool_acquire_seconds_count{pool="db \\"one\\""}')).toBe(1);
  });

  it('go to the registry of prom-client if none is named', async () => {
    const before = promClient.register.getMetricsAsArray().length;
    stop = poolMetrics(promClient, { connectors: { alone: createConnector() } });
    expect(promClient.register.getMetricsAsArray().length).toBeGreaterThan(before);
    expect(await promClient.register.metrics()).toContain('fourtuple_tuple_use_ratio_max{connector="alone"} 0');
    promClient.register.clear();
  });
});
