export { recognizeLine } from './recognize.ts';
export { LogGroups, type LogGroup, type LogSummary } from './groups.ts';
export { loggedEndpointText } from './endpoint.ts';
export type { LoggedCause, LoggedEndpoint, LoggedFailure, LoggedOperation } from './failure.ts';
