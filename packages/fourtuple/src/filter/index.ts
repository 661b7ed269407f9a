export * from './expression.ts';
export { FilterSyntaxError } from './tokens.ts';
export * from './parse.ts';
export * from './evaluate.ts';
export * from './bytecode.ts';
