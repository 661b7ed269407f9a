export * from './forecaster.ts';
export { FARTHEST_MINUTES, type Outlook, type TimeRange } from './outlook.ts';
export * from './peakedness.ts';
export { adjustedTarget, type Limits } from './target.ts';
export type { SlopeQuartiles } from './slope.ts';
export type { Basis } from './slow-rule.ts';
