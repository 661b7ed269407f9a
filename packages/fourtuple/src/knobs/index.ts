export * from './catalogue/index.ts';
export * from './files/index.ts';
