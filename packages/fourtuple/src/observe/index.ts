export * from './source.ts';
export * from './measure.ts';
export * from './snapshot.ts';
export * from './host.ts';
