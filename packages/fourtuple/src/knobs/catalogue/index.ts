import { portKnobs } from './ports.ts';
import { queueAndTableKnobs } from './queues-and-tables.ts';
import { timeWaitKnobs } from './time-wait.ts';
import type { Knob } from './knob.ts';

export * from './knob.ts';

/** Every knob by its key, in the order of subjects. */
export const knobs: ReadonlyMap<string, Knob> = new Map([...portKnobs, ...timeWaitKnobs, ...queueAndTableKnobs].map((knob) => [knob.key, knob]));

/** A knob by its key as people write it: with slashes, with /proc/sys before it, or by its last word alone. */
export function findKnob(name: string): Knob | undefined {
  const key = name.trim().replace(/^\/?proc\/sys\//, '').replaceAll('/', '.');
  return knobs.get(key) ?? [...knobs.values()].find((knob) => knob.key.endsWith(`.${key}`) || knob.key.toLowerCase() === key.toLowerCase());
}
