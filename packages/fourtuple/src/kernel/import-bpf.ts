import type * as readers from './bpf/readers.ts';

export type BpfReaders = typeof readers;

/** What reads by BPF, loaded at need: most runs on small hosts do without. */
export async function importBpfReaders(): Promise<BpfReaders> {
  return import('./bpf/readers.ts');
}
