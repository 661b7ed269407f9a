export * from './targets.ts';
export * from './act.ts';
export * from './journal.ts';
export * from './record.ts';
