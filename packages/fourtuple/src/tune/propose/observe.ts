import { ProcFs, type FoundNamespace } from '../../kernel/index.ts';
import { knobPath } from '../../knobs/index.ts';
import { measure, type Measurement } from '../../observe/index.ts';
import { identityOf, inNamespace } from '../identity.ts';
import { findServices } from '../services/find.ts';
import type { Situation } from './situation.ts';

/** Reads what a proposal is drawn from. @throws what measuring and entering a namespace throw */
export function observeSituation(namespace: FoundNamespace): { situation: Situation; measured: Measurement } {
  const measured = measure(namespace, { owners: 'auto', probes: 'auto', source: 'auto' });
  const isHost = identityOf(namespace).initial;
  const proc = new ProcFs();
  const texts = new Map<string, string | undefined>();
  const read = (key: string): string | undefined => {
    if (!texts.has(key)) texts.set(key, inNamespace(namespace, () => proc.tryRead(`sys/${knobPath(key)}`)?.replace(/\n$/, '')));
    return texts.get(key);
  };
  return { situation: { settings: measured.settings, counters: measured.counters, usage: measured.usage, read, ...findServices(measured.usage, isHost), isHost }, measured };
}
