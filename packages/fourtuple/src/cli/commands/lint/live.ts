import { ProcFs, withNamespace } from '../../../kernel/index.ts';
import { knobPath, knobs, type LiveSetting } from '../../../knobs/index.ts';
import { measure } from '../../../observe/index.ts';
import { currentNamespaceInode } from '../../../kernel/namespaces.ts';
import { namespaceNamed } from '../../gather.ts';

export interface LiveState {
  readonly settings: readonly LiveSetting[];
  /** TCP ports that listen, below and inside the range. */
  readonly listening: readonly number[];
  readonly limits: readonly string[];
}

/** The knobs of a network namespace as they are, and what listens there. */
export function liveState(name: string | undefined): LiveState {
  const namespace = namespaceNamed(name);
  const proc = new ProcFs();
  const read = (): LiveSetting[] =>
    [...knobs.values()].flatMap(({ key, scope }) => {
      const value = scope === 'process' ? undefined : proc.tryRead(`sys/${knobPath(key)}`);
      return value === undefined ? [] : [{ key, value: value.replace(/\n$/, '') }];
    });
  const settings = namespace.inode === currentNamespaceInode() ? read() : withNamespace(namespace, read);
  const { usage } = measure(namespace, { owners: 'none', probes: 'none', skipBound: true, skipUdp: true, source: 'auto' });
  return { settings, listening: [...new Set(usage.listeners.map(({ port }) => port))].sort((one, other) => one - other), limits: [] };
}
