import { countSockets, OWN_NET, ProcFs, SockDiagSource, type HashedSource } from '../kernel/index.ts';
import { bpfReaders } from './bpf-readers.ts';
import type { OpenedNamespace } from './source.ts';

/** So many sockets and more are counted by BPF, where it is allowed: what it takes to begin with, it saves with half of them. */
const MANY = 200_000;

/** True when this host's sockets are worth loading what counts them by BPF. */
export function hasManySockets(from = MANY): boolean {
  return countSockets(new ProcFs(), OWN_NET) >= from;
}

/** The sockets of a namespace by a BPF walk, for who counts alone; undefined where there are fewer than `from`. */
export function sourceOfMany(opened: OpenedNamespace, from = MANY): HashedSource | undefined {
  const readers = bpfReaders();
  if (readers === undefined || !opened.canEnter || !(opened.source instanceof SockDiagSource)) return undefined;
  return opened.inside(() => hasManySockets(from)) ? new readers.HashedSource(opened.source, (work) => opened.inside(work)) : undefined;
}
