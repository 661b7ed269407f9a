export * from './source.ts';
export * from './owners.ts';
export * from './measure.ts';
export * from './snapshot.ts';
export * from './host.ts';
export * from './steps.ts';
export * from './sockets.ts';
export * from './holders.ts';
