export * from './erlang-b.ts';
export * from './queues.ts';
export * from './hold.ts';
export * from './sources.ts';
export * from './nat-search.ts';
export * from './nat-profiles.ts';
export * from './connect-cost.ts';
export * from './pools.ts';
