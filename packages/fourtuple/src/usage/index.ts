export * from './evidence.ts';
export * from './types.ts';
export * from './port-kinds.ts';
export * from './port-ledger.ts';
export * from './port-holder.ts';
export * from './cases.ts';
