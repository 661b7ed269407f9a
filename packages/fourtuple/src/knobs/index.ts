export * from './catalogue/index.ts';
export * from './files/index.ts';
export * from './writes/index.ts';
