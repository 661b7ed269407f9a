import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AcquireMessage } from './channels.ts';
import type { Connector, ConnectorStats } from './connector-options.ts';
import type { AgentStats, OriginStats } from './http/agent-limits.ts';
import type { DispatcherStats } from './http/dispatcher.ts';
import type { TcpPool } from './tcp/pool-options.ts';

interface MetricConfiguration {
  name: string;
  help: string;
  labelNames: string[];
  registers?: never[];
  buckets?: number[];
  collect?(this: Metric): void;
}

interface Metric {
  reset(): void;
  set?(labels: Record<string, string>, value: number): void;
  inc?(labels: Record<string, string>, value: number): void;
  observe?(labels: Record<string, string>, value: number): void;
}

type MetricClass = new (configuration: never) => object;

/** What is used of the module `prom-client`, 15. */
export interface PromClient {
  readonly Gauge: MetricClass;
  readonly Counter: MetricClass;
  readonly Histogram: MetricClass;
}

export interface MetricsOptions {
  /** TCP pools, which bring their connectors. */
  readonly pools?: readonly TcpPool[];
  /** Agents of http and https, and dispatchers of undici, by a name for each, with their connectors. */
  readonly clients?: Readonly<Record<string, { stats(): AgentStats | DispatcherStats; readonly connector?: Connector }>>;
  /** Connectors that are used by themselves, by a name for each. */
  readonly connectors?: Readonly<Record<string, Connector>>;
  /** One series for each tuple of which ports are in use, beside the fullest one: false by default, for there may be many. */
  readonly tuples?: boolean;
  /** Registries of prom-client; its default one otherwise. */
  readonly registers?: readonly object[];
}

type Sample = readonly [labels: Record<string, string>, value: number];

/** Reads once for all metrics that are asked for together. */
function readTogether<Stats>(read: () => Stats): () => Stats {
  let current: Stats | undefined;
  return () => {
    if (current === undefined) {
      current = read();
      queueMicrotask(() => (current = undefined));
    }
    return current;
  };
}

/**
 * Metrics of pools and connectors, read when Prometheus asks. A connector that several of them share is told once, by the
 * name of the first.
 * @param client the module: `import * as promClient from 'prom-client'`
 * @returns what stops the one histogram from being fed
 * @throws RangeError for a name that two of them have
 */
export function poolMetrics(client: PromClient, { pools = [], clients = {}, connectors = {}, tuples = false, registers }: MetricsOptions): () => void {
  const shared = registers === undefined ? {} : { registers: registers as never[] };
  // prom-client keeps them in its registry.
  const add = (Class: MetricClass, name: string, help: string, labelNames: string[], samples: () => Iterable<Sample>): void => {
    const configuration: MetricConfiguration = {
      name: `fourtuple_${name}`,
      help,
      labelNames,
      ...shared,
      collect() {
        this.reset();
        for (const [labels, value] of samples()) {
          if (this.set === undefined) this.inc?.(labels, value);
          else this.set(labels, value);
        }
      },
    };
    void new Class(configuration as never);
  };
  const gauge = (name: string, help: string, labels: string[], samples: () => Iterable<Sample>): void => add(client.Gauge, name, help, labels, samples);
  const counter = (name: string, help: string, labels: string[], samples: () => Iterable<Sample>): void => add(client.Counter, name, help, labels, samples);

  const ofPools = pools.map((pool) => ({ pool: pool.stats().name, stats: readTogether(() => pool.stats()), connector: pool.connector }));
  const ofClients = Object.entries(clients).map(([name, one]) => ({ name, stats: readTogether(() => one.stats()), connector: one.connector }));
  const names = [...ofPools.map(({ pool }) => pool), ...ofClients.map(({ name }) => name), ...Object.keys(connectors)];
  for (const [index, name] of names.entries()) if (names.indexOf(name) < index) throw new RangeError(`two of the pools, clients and connectors are called "${name}", and their metrics would be one`);
  if (ofPools.length > 0) {
    const each = (value: (stats: ReturnType<TcpPool['stats']>) => number) => (): Sample[] => ofPools.map(({ pool, stats }) => [{ pool }, value(stats())]);
    gauge('pool_connections', 'Connections of the pool by state.', ['pool', 'state'], () => ofPools.flatMap(({ pool, stats }) => (['lent', 'idle', 'connecting'] as const).map((state): Sample => [{ pool, state }, stats()[state]])));
    gauge('pool_max_connections', 'Connections that the pool may have.', ['pool'], each(({ max }) => max));
    gauge('pool_pending', 'Acquires that wait.', ['pool'], each(({ pending }) => pending));
    counter('pool_acquired_total', 'Connections that were lent.', ['pool'], each(({ acquired }) => acquired));
    counter('pool_created_total', 'Connections that were made.', ['pool'], each(({ created }) => created));
    counter('pool_leaks_total', 'Connections that were not given back in time.', ['pool'], each(({ leaks }) => leaks));
    counter('pool_destroyed_total', 'Connections that were ended, by reason.', ['pool', 'reason'], () => ofPools.flatMap(({ pool, stats }) => Object.entries(stats().destroyed).map(([reason, count]): Sample => [{ pool, reason }, count])));
    counter('pool_failures_total', 'Acquires that failed, by error.', ['pool', 'error'], () => ofPools.flatMap(({ pool, stats }) => Object.entries(stats().failures).map(([error, count]): Sample => [{ pool, error }, count])));
  }

  if (ofClients.length > 0) {
    gauge('client_requests_pending', 'Requests that wait for a connection, by origin.', ['client', 'origin'], () => ofClients.flatMap(({ name, stats }) => stats().origins.map(({ origin, pending }): Sample => [{ client: name, origin }, pending])));
    const ofAgents = (value: (origin: OriginStats) => number) => (): Sample[] => ofClients.flatMap(({ name, stats }) => stats().origins.flatMap((one): Sample[] => ('open' in one ? [[{ client: name, origin: one.origin }, value(one)]] : [])));
    gauge('client_connections_open', 'Connections of an agent by origin, idle ones among them.', ['client', 'origin'], ofAgents(({ open }) => open));
    gauge('client_connections_idle', 'Connections of an agent that are idle, by origin.', ['client', 'origin'], ofAgents(({ idle }) => idle));
    const ofDispatchers = (value: (stats: DispatcherStats) => number) => (): Sample[] => ofClients.flatMap(({ name, stats }): Sample[] => {
      const current = stats();
      return 'retries' in current ? [[{ client: name }, value(current)]] : [];
    });
    gauge('client_requests_running', 'Requests of a dispatcher that are on a connection.', ['client'], ofDispatchers(({ origins }) => origins.reduce((sum, { running }) => sum + running, 0)));
    counter('client_retries_total', 'Requests of a dispatcher that were sent again.', ['client'], ofDispatchers(({ retries }) => retries.retries));
    counter('client_retries_refused_total', 'Requests of a dispatcher that were not sent again because the budget of retries was spent.', ['client'], ofDispatchers(({ retries }) => retries.refusedByBudget));
    counter('client_failures_total', 'Requests that got no connection, by cause.', ['client', 'cause'], () => ofClients.flatMap(({ name, stats }) => Object.entries(stats().failures).map(([cause, count]): Sample => [{ client: name, cause }, count])));
  }

  const told = new Set<Connector>();
  const isFirst = (connector: Connector | undefined): boolean => connector === undefined || (told.has(connector) ? false : Boolean(told.add(connector)));
  const ofConnectors: readonly (readonly [string, () => ConnectorStats])[] = [
    ...ofPools.filter(({ connector }) => isFirst(connector)).map(({ pool, stats }) => [pool, () => stats().connector] as const),
    ...ofClients.filter(({ connector }) => isFirst(connector)).map(({ name, stats }) => [name, () => stats().connector] as const),
    ...Object.entries(connectors).filter(([, connector]) => isFirst(connector)).map(([name, connector]) => [name, readTogether(() => connector.stats())] as const),
  ];
  const ofSources = (value: (source: ConnectorStats['sources'][number]) => number | undefined) => (): Sample[] =>
    ofConnectors.flatMap(([connector, stats]) => stats().sources.flatMap((source): Sample[] => (value(source) === undefined ? [] : [[{ connector, source: source.address }, value(source)!]])));
  const labels = ['connector', 'source'];
  gauge('source_open_connections', 'Open connections by source address.', labels, ofSources(({ open }) => open));
  gauge('source_time_wait', 'Ports that a TIME_WAIT of this process holds, as estimated.', labels, ofSources(({ timeWait }) => timeWait));
  counter('source_connects_total', 'Connects by source address.', labels, ofSources(({ connects }) => connects));
  counter('source_exhausted_total', 'Times a source address had no port.', labels, ofSources(({ exhausted }) => exhausted));
  counter('source_over_budget_total', 'Times the budget of a source address was spent.', labels, ofSources(({ overBudget }) => overBudget));
  counter('source_missing_total', 'Times a source address was not one of the host.', labels, ofSources(({ missing }) => missing));
  counter('connect_failures_total', 'Errors that ended connections and connects, by code.', ['connector', 'code'], () => ofConnectors.flatMap(([connector, stats]) => Object.entries(stats().failures).map(([code, count]): Sample => [{ connector, code }, count])));
  gauge('tuple_use_ratio_max', 'Ports in use of those that there are, of the fullest tuple (0 to 1).', ['connector'], () => ofConnectors.map(([connector, stats]) => [{ connector }, stats().tuples.reduce((most, { used, capacity }) => Math.max(most, capacity === 0 ? 1 : used / capacity), 0)]));
  if (tuples) {
    const tupleLabels = ['connector', 'source', 'destination'];
    const ofTuples = (value: (tuple: ConnectorStats['tuples'][number]) => number) => (): Sample[] =>
      ofConnectors.flatMap(([connector, stats]) => stats().tuples.map((tuple): Sample => [{ connector, source: tuple.source, destination: `${tuple.destination.includes(':') ? `[${tuple.destination}]` : tuple.destination}:${tuple.destinationPort}` }, value(tuple)]));
    gauge('tuple_used_ports', 'Ports that this process has in use to a destination.', tupleLabels, ofTuples(({ used }) => used));
    gauge('tuple_limit_ports', 'Ports that the budget allows.', tupleLabels, ofTuples(({ limit }) => limit));
  }

  if (ofPools.length === 0) return () => undefined;
  const poolNames = new Set(ofPools.map(({ pool }) => pool));
  const histogram = new client.Histogram({ name: 'fourtuple_pool_acquire_seconds', help: 'Time that acquires waited.', labelNames: ['pool'], buckets: [0.0001, 0.001, 0.01, 0.1, 0.5, 1, 5, 30], ...shared } as never) as Metric;
  const observe = (message: unknown): void => {
    const { pool, elapsedMs } = message as AcquireMessage;
    if (poolNames.has(pool)) histogram.observe!({ pool }, elapsedMs / 1000);
  };
  subscribe('fourtuple.pool.acquired', observe);
  return () => void unsubscribe('fourtuple.pool.acquired', observe);
}
