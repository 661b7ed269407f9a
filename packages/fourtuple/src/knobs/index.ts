export * from './catalogue/index.ts';
export * from './files/index.ts';
export * from './writes/index.ts';
export * from './services/known-services.ts';
export * from './lint/index.ts';
export * from './claims/index.ts';
