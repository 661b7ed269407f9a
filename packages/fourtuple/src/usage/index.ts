export * from './evidence.ts';
export * from './types.ts';
export * from './port-kinds.ts';
export * from './port-ledger.ts';
