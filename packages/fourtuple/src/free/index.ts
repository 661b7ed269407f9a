export * from './targets.ts';
export * from './act.ts';
export * from './record.ts';
