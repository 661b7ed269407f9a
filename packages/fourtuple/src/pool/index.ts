export { connect, createConnector, type ConnectOptions, type Connector, type ConnectorMode, type ConnectorOptions, type ConnectorStats, type SourceStats } from './connector.ts';
export { expandSources, type SourceSpec } from './source-list.ts';
export { sourcePolicies, type SourcePolicy } from './policy.ts';
export { SourceError } from './errors.ts';
