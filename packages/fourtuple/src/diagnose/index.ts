export * from './finding.ts';
export * from './diagnose.ts';
export * from './first-to-fail.ts';
export * from './rules.ts';
export * from './texts.ts';
export * from '../knobs/services/known-services.ts';
