export * from './answer.ts';
export * from './bind.ts';
export * from './connect.ts';
export * from './holder-text.ts';
export * from './aim.ts';
export * from './nat.ts';
