import { grouped, type Counters } from '../model/index.ts';
import type { DiagnosisContext } from './finding.ts';

/** How much a counter grew since the earlier reading, and words to say so; nothing without one. */
export function grown(name: string, now: Counters, { earlier, elapsedMs }: DiagnosisContext): { delta: number; text: string } {
  const before = earlier?.[name];
  const value = now[name];
  if (before === undefined || value === undefined) return { delta: 0, text: '' };
  const delta = value - before;
  const seconds = (elapsedMs ?? 0) / 1000;
  return { delta, text: delta === 0 ? ', none since the last look' : `, ${grouped(delta)} of them in the last ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s` };
}
