export { channelNames, type AcquireMessage, type ConnectionMessage, type ExhaustedMessage, type LeakMessage } from './channels.ts';
export { connect, createConnector } from './connector.ts';
export type { ConnectOptions, Connector, ConnectorMode, ConnectorOptions, ConnectorStats, SourceStats, TupleStats } from './connector-options.ts';
export {
  AcquireTimeoutError,
  ConnectError,
  ConnectTimeoutError,
  isPortError,
  PoolClosedError,
  PoolError,
  PortBudgetError,
  PortsExhaustedError,
  QueueFullError,
  SourceError,
  SourcesMissingError,
  type PortBudget,
  type PortTuple,
} from './errors.ts';
export { poolMetrics, type MetricsOptions, type PromClient } from './metrics.ts';
export { sourcePolicies, type SourcePolicy } from './policy.ts';
export { expandSources, type SourceSpec } from './source-list.ts';
export type { AcquireOptions, Lease, TcpPool, TcpPoolOptions, TcpPoolStats } from './tcp/pool-options.ts';
export { createTcpPool } from './tcp/tcp-pool.ts';
export { tlsConnect } from './tls-connect.ts';
export type { PortWarning } from './warnings.ts';
