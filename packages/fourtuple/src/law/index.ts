export * from './time-wait.ts';
export * from './overlap.ts';
