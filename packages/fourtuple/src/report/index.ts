export * from './theme.ts';
export * from './bar.ts';
export * from './columns.ts';
export * from './table.ts';
export * from './csv.ts';
export * from './line-chart.ts';
export * from './wrap.ts';
export * from './time-chart.ts';
