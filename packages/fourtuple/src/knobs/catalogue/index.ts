import { portKnobs } from './ports.ts';
import { queueAndTableKnobs } from './queues-and-tables.ts';
import { timeWaitKnobs } from './time-wait.ts';
import type { Knob } from './knob.ts';

export * from './knob.ts';

/** Every knob by its key, in the order of subjects. */
export const knobs: ReadonlyMap<string, Knob> = new Map([...portKnobs, ...timeWaitKnobs, ...queueAndTableKnobs].map((knob) => [knob.key, knob]));

/** A knob by its key as people write it: with slashes, with /proc/sys before it, by its last word, or by the end of that if it is the only one's. */
export function findKnob(name: string): Knob | undefined {
  const key = name.trim().replace(/^\/?proc\/sys\//, '').replaceAll('/', '.');
  const all = [...knobs.values()];
  const exact = knobs.get(key) ?? all.find((knob) => knob.key.endsWith(`.${key}`) || knob.key.toLowerCase() === key.toLowerCase());
  if (exact !== undefined || !/^[a-z_]{4,}$/.test(key)) return exact;
  const ending = all.filter((knob) => knob.key.endsWith(`_${key}`));
  return ending.length === 1 ? ending[0] : undefined;
}

/** Everything by which a knob can be named, for suggestions. */
export const knobNames: readonly string[] = [...knobs.keys()].flatMap((key) => {
  const word = key.slice(key.lastIndexOf('.') + 1);
  return [key, word, ...(word.startsWith('tcp_') ? [word.slice(4)] : [])];
});
