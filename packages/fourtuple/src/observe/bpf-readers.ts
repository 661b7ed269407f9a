import { importBpfReaders, type BpfReaders } from '../kernel/index.ts';

let loaded: BpfReaders | undefined;

/**
 * Loads what reads by BPF; a count cannot do it, since it does not wait. Without it everything is read by the other
 * ways. On a small host loading it takes longer than the count gains.
 */
export async function loadBpfReaders(): Promise<void> {
  loaded ??= await importBpfReaders();
}

/** The same for a program that has them already: the library, whose calls do not wait. */
export function useBpfReaders(readers: BpfReaders): void {
  loaded = readers;
}

/** Undefined before {@link loadBpfReaders}. */
export function bpfReaders(): BpfReaders | undefined {
  return loaded;
}
