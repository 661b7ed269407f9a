export { createDispatcher, type DispatcherOptions, type DispatcherStats, type PooledDispatcher } from './dispatcher.ts';
export { RetryPolicy, retriedCodes, type RetryOptions } from './retry.ts';
export { undiciConnect, type UndiciCallback, type UndiciConnect, type UndiciConnectOptions, type UndiciTarget } from './undici-connect.ts';
export type { UndiciDispatcher, UndiciModule } from './undici-types.ts';
