export * from './model/index.ts';
export * from './law/index.ts';
export * from './usage/index.ts';
export * from './diagnose/index.ts';
