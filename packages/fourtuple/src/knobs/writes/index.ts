export { writeOutcome } from './write.ts';
export type { KeyState, WriteOutcome } from './outcome.ts';
export { defaultState, RANGE, rangeOf, RESERVED, UNPRIVILEGED } from './ports.ts';
export { readPortList, type ReadPortList } from './port-list.ts';
