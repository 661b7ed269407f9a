export * from './errors.ts';
export * from './spec.ts';
export * from './target.ts';
export * from './added-addresses.ts';
export * from './run.ts';
export * from './attach.ts';
export * from './scope.ts';
export * from './status.ts';
